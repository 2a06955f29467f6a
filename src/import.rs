//! Foreign catalogs: read, joined with ours, compiled into the file of offers.
//!
//! Each importer ([`xzufi`], [`pvog`], [`dashboard`], [`berlin`], [`muenchen`], [`zms`], [`csv`],
//! [`towns`]) turns its source into [`record`]s. Whether a service can be done online is judged in
//! one place, [`availability`]; which of ours it is, in [`mapping`]; [`compile`] joins all sources,
//! and [`run`] is one import from beginning to end.

pub mod availability;
pub mod berlin;
mod by_hand;
pub mod compile;
pub mod csv;
pub mod dashboard;
pub mod mapping;
pub mod muenchen;
pub mod plain;
pub mod pvog;
mod raw;
pub mod record;
pub mod run;
pub mod source;
pub mod towns;
pub mod xzufi;
pub mod zms;
