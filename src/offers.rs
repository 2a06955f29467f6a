//! What is known of services place by place, kept on disk beside the catalog: the compiled file of
//! offers and the notes about outages.

#[cfg(feature = "import")]
pub mod coverage;
pub mod data;
pub mod file;
pub mod outage;
