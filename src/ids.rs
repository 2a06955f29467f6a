//! The keys everything is joined by: [`ServiceId`], [`LeikaKey`] and [`RegionKey`].
//!
//! Each is checked once, when it is parsed; afterwards the rest of the program can rely on its form.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was wrong with a key, and what was expected instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `[a-z0-9-]{1,40}`, nor `<source>:<id>`.
    #[error(
        "»{0}« ist keine Leistungs-Kennung (erlaubt: Kleinbuchstaben a-z, Ziffern, Bindestrich; 1 bis 40 Zeichen)"
    )]
    Service(String),
    /// Not `[a-z0-9-]{1,40}`.
    #[error(
        "»{0}« ist keine Kennung einer Lebenslage (erlaubt: Kleinbuchstaben a-z, Ziffern, Bindestrich; 1 bis 40 Zeichen)"
    )]
    Event(String),
    /// Not `[a-z0-9-]{1,40}`.
    #[error(
        "»{0}« ist keine Kennung einer Gemeinde (erlaubt: Kleinbuchstaben a-z, Ziffern, Bindestrich; 1 bis 40 Zeichen)"
    )]
    Tenant(String),
    /// Not 14 digits.
    #[error("»{0}« ist kein LeiKa-Schlüssel (14 Ziffern)")]
    Leika(String),
    /// Not 12 digits.
    #[error("»{0}« ist kein Regionalschlüssel (12 Ziffern)")]
    Region(String),
}

/// Our stable id of a service, such as `hund-anmelden`, or `<source>:<id>` for one that only a
/// foreign catalog knows. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(Arc<str>);

impl ServiceId {
    /// The longest id, in bytes: with a [`RegionKey`] and a facet it still fits a button's data.
    pub const MAX_LEN: usize = 40;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let own = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let foreign = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let well_formed = match text.split_once(':') {
            None => own(text),
            Some((source, id)) => own(source) && foreign(id),
        };
        if well_formed && text.len() <= Self::MAX_LEN {
            Ok(Self(text.into()))
        } else {
            Err(IdError::Service(text.to_owned()))
        }
    }
}

/// Id of a life event (`umzug`): the name of its file in `catalog/life-events/`, formed like a
/// [`ServiceId`] without source. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Arc<str>);

impl EventId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = ServiceId::MAX_LEN;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.parse() {
            Ok(ServiceId(id)) if !id.contains(':') => Ok(Self(id)),
            _ => Err(IdError::Event(text.to_owned())),
        }
    }
}

/// One of the towns that a process serves: the name of its file in `tenants/`, formed like a
/// [`ServiceId`] without source. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The only town of a process without tenants.
    pub fn only() -> Self {
        Self("default".into())
    }

    /// The id as shared text.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.parse() {
            Ok(ServiceId(id)) if !id.contains(':') => Ok(Self(id)),
            _ => Err(IdError::Tenant(text.to_owned())),
        }
    }
}

/// Key of the federal catalog of services (Leistungskatalog, LeiKa): 14 digits, of which the last
/// three groups of three (object, action, detail) may be `000`, "all of them".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeikaKey(u64);

impl LeikaKey {
    /// The key of its action (Verrichtung) with all details.
    pub fn action(self) -> Self {
        Self(self.0 / 1_000 * 1_000)
    }

    /// The key of its object with all actions and details.
    pub fn object(self) -> Self {
        Self(self.0 / 1_000_000 * 1_000_000)
    }

    /// Whether it stands for all actions on its object.
    pub fn is_object(self) -> bool {
        self == self.object()
    }
}

impl FromStr for LeikaKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        parse_digits::<14>(text).map(Self).ok_or_else(|| IdError::Leika(text.to_owned()))
    }
}

impl fmt::Display for LeikaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

/// Key of a region (amtlicher Regionalschlüssel, ARS): 12 digits, Land 2, Regierungsbezirk 1,
/// Kreis 2, Gemeindeverband 4, Gemeinde 3. Shorter keys are padded with zeros on the right, so
/// that the level of a padded key cannot be read from the key alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionKey(u64);

impl RegionKey {
    /// The whole country.
    pub const GERMANY: Self = Self(0);

    /// The regions this one lies in, the most specific first: itself, Verband, Kreis,
    /// Regierungsbezirk, Land, Germany; padded to 12 digits, duplicates dropped.
    pub fn chain(self) -> impl Iterator<Item = Self> {
        const CUT: [u64; 6] =
            [1, 1_000, 10_000_000, 1_000_000_000, 10_000_000_000, 1_000_000_000_000];
        let mut last = None;
        CUT.into_iter().map(move |cut| Self(self.0 / cut * cut)).filter(move |&key| {
            let fresh = last != Some(key);
            last = Some(key);
            fresh
        })
    }

    /// The Kreis (or kreisfreie Stadt) this region lies in.
    pub fn kreis(self) -> Self {
        Self(self.0 / 10_000_000 * 10_000_000)
    }

    /// The Land this region lies in.
    pub fn land(self) -> Self {
        Self(self.0 / 10_000_000_000 * 10_000_000_000)
    }
}

impl FromStr for RegionKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        parse_digits::<12>(text).map(Self).ok_or_else(|| IdError::Region(text.to_owned()))
    }
}

impl fmt::Display for RegionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

fn parse_digits<const N: usize>(text: &str) -> Option<u64> {
    (text.len() == N && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `Debug` as the plain key, and serde by way of its text.
macro_rules! key_by_text {
    ($($key:ty),*) => {$(
        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $key {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $key {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
key_by_text!(ServiceId, EventId, TenantId, LeikaKey, RegionKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_climbs_from_municipality_to_germany_without_duplicates() {
        let chain = |key: &str| {
            let key: RegionKey = key.parse().unwrap();
            key.chain().map(|k| k.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            chain("084160041041"),
            [
                "084160041041",
                "084160041000",
                "084160000000",
                "084000000000",
                "080000000000",
                "000000000000"
            ]
        );
        assert_eq!(
            chain("053150000000"),
            ["053150000000", "053000000000", "050000000000", "000000000000"]
        );
        assert_eq!(chain("110000000000"), ["110000000000", "000000000000"]);
    }

    #[test]
    fn keys_are_checked_when_parsed() {
        assert!("hund-anmelden".parse::<ServiceId>().is_ok());
        assert!("berlin:324280".parse::<ServiceId>().is_ok());
        for bad in ["", "Hund", "hund_anmelden", ":1", "a:", "ü", &"x".repeat(41)] {
            assert!(bad.parse::<ServiceId>().is_err(), "{bad}");
        }
        assert!("99008001012000".parse::<LeikaKey>().is_ok());
        assert!("9900800101200".parse::<LeikaKey>().is_err());
        assert_eq!("010010000000".parse::<RegionKey>().unwrap().to_string(), "010010000000");
        assert!("+10010000000".parse::<RegionKey>().is_err());
    }
}
