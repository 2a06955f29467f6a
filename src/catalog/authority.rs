//! The office in charge: where it is, how to reach it, when it is open.

use serde::{Deserialize, Serialize};

use super::hours::OpeningHours;

/// An office (zuständige Stelle) as its own town describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Authority {
    /// What it is called ("Bürgerbüro Ruppertstraße").
    pub name: String,
    /// Street and house number.
    pub street: Option<String>,
    /// Postcode, five digits.
    pub postcode: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Telephone number as printed.
    pub phone: Option<String>,
    /// E-mail address of the office, never of a person.
    pub email: Option<String>,
    /// Its page.
    pub web: Option<String>,
    /// When it is open.
    pub hours: OpeningHours,
    /// What its town says about access without steps.
    pub accessibility: Option<String>,
}

impl Authority {
    /// An office of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// "Ruppertstraße 19, 80337 München"; `None` if there is no address.
    pub fn address(&self) -> Option<String> {
        let town = [self.postcode.as_deref(), self.city.as_deref()];
        let town: Vec<&str> = town.into_iter().flatten().collect();
        let town = town.join(" ");
        let parts = [self.street.as_deref().unwrap_or_default(), &town];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}
