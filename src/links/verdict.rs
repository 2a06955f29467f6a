//! What can be said of a link: six kinds that an operator acts on, and the finer reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a link is worth to a citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The page answers.
    Works,
    /// It answers, but for good at another address.
    Moved,
    /// It does not answer now; that may pass.
    Down,
    /// It is not there any more.
    Gone,
    /// It answers, but not so that a program can tell what a citizen would see.
    Unclear,
    /// We do not ask there.
    Refused,
}

impl Kind {
    /// All kinds, in the order of a report.
    pub const ALL: [Self; 6] =
        [Self::Works, Self::Moved, Self::Gone, Self::Down, Self::Unclear, Self::Refused];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Works => "funktioniert",
            Self::Moved => "umgezogen",
            Self::Down => "zurzeit nicht erreichbar",
            Self::Gone => "nicht mehr da",
            Self::Unclear => "nicht eindeutig",
            Self::Refused => "nicht geprüft",
        })
    }
}

/// Why a link is of its [`Kind`]. `Display` is the reason in German.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The page answers.
    Works,
    /// A permanent redirect (301, 308) leads to a page that answers.
    Moved,
    /// No answer within [`Settings::timeout`](super::Settings::timeout).
    Timeout,
    /// There is no such host name.
    HostUnknown,
    /// There was no such host name in the run before, either.
    HostStillUnknown,
    /// Whether the host name exists could not be found out.
    LookupFailed,
    /// No connection to the host.
    NoConnection,
    /// No encrypted connection: certificate, protocol version or cipher.
    NoTls,
    /// The connection broke, or the answer was not HTTP.
    Broken,
    /// Status 5xx.
    ServerError,
    /// Status 429.
    TooManyRequests,
    /// Status 404 or 410.
    NotFound,
    /// A redirect leads from a page to the home page of its site.
    ToHomePage,
    /// A redirect leads to a page that says that there is no such page.
    ToErrorPage,
    /// Status 401, 403 or 407.
    AccessDenied,
    /// Any other status.
    OddStatus,
    /// A redirect leads back to where we were; browsers with cookies may get further.
    RedirectLoop,
    /// More than [`Settings::max_redirects`](super::Settings::max_redirects).
    TooManyRedirects,
    /// A redirect that does not say, or not so that it can be read, where to.
    BrokenRedirect,
    /// Not an absolute URL, or one of more than [`MAX_URL`](super::guard::MAX_URL) bytes.
    NotAnAddress,
    /// Neither `http` nor `https`.
    Scheme,
    /// With user name or password.
    Credentials,
    /// A port other than 80 and 443.
    Port,
    /// An address of the host is not in the public internet.
    NotPublic,
}

impl Verdict {
    /// What it means for the link.
    pub fn kind(self) -> Kind {
        match self {
            Self::Works => Kind::Works,
            Self::Moved => Kind::Moved,
            Self::Timeout
            | Self::HostUnknown
            | Self::LookupFailed
            | Self::NoConnection
            | Self::NoTls
            | Self::Broken
            | Self::ServerError
            | Self::TooManyRequests => Kind::Down,
            Self::HostStillUnknown | Self::NotFound | Self::ToHomePage | Self::ToErrorPage => {
                Kind::Gone
            }
            Self::AccessDenied
            | Self::OddStatus
            | Self::RedirectLoop
            | Self::TooManyRedirects
            | Self::BrokenRedirect => Kind::Unclear,
            Self::NotAnAddress
            | Self::Scheme
            | Self::Credentials
            | Self::Port
            | Self::NotPublic => Kind::Refused,
        }
    }

    /// Whether it may be another one tomorrow, without anybody's doing.
    pub(super) fn may_pass(self) -> bool {
        self.kind() == Kind::Down || self == Self::HostStillUnknown
    }

    /// After how many of these in a row a host's other pages need not be asked: it is the host
    /// that does not answer, not the page.
    pub(super) fn settles_host_after(self) -> Option<u32> {
        match self {
            Self::TooManyRequests | Self::HostUnknown | Self::NotPublic => Some(1),
            Self::Timeout | Self::LookupFailed | Self::NoConnection | Self::NoTls => Some(3),
            _ => None,
        }
    }

    /// What the last status of the way says; redirects are not judged here.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Works,
            404 | 410 => Self::NotFound,
            401 | 403 | 407 => Self::AccessDenied,
            429 => Self::TooManyRequests,
            500..=599 => Self::ServerError,
            _ => Self::OddStatus,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "Die Seite antwortet",
            Self::Moved => "Die Seite hat dauerhaft eine neue Adresse",
            Self::Timeout => "Der Server antwortet nicht rechtzeitig",
            Self::HostUnknown => "Den Namen des Servers gibt es nicht",
            Self::HostStillUnknown => {
                "Den Namen des Servers gibt es nicht, auch nicht bei der Prüfung davor"
            }
            Self::LookupFailed => "Der Name des Servers ließ sich nicht nachschlagen",
            Self::NoConnection => "Keine Verbindung zum Server",
            Self::NoTls => "Keine sichere Verbindung zum Server (Zertifikat oder Verschlüsselung)",
            Self::Broken => "Die Antwort des Servers brach ab oder war unlesbar",
            Self::ServerError => "Der Server meldet eine Störung",
            Self::TooManyRequests => "Der Server nimmt zurzeit keine weiteren Abfragen an",
            Self::NotFound => "Die Seite gibt es nicht",
            Self::ToHomePage => "Der Link führt nur noch zur Startseite",
            Self::ToErrorPage => "Der Link führt zu einer Fehlerseite",
            Self::AccessDenied => "Der Server lässt die Prüfung nicht zu",
            Self::OddStatus => "Die Antwort des Servers ist nicht eindeutig",
            Self::RedirectLoop => "Die Weiterleitung führt im Kreis",
            Self::TooManyRedirects => "Der Link wird zu oft weitergeleitet",
            Self::BrokenRedirect => "Die Weiterleitung nennt kein lesbares Ziel",
            Self::NotAnAddress => "Das ist keine vollständige Internetadresse",
            Self::Scheme => "Geprüft werden nur Adressen mit http und https",
            Self::Credentials => "Die Adresse enthält Zugangsdaten",
            Self::Port => "Geprüft werden nur die Ports 80 und 443",
            Self::NotPublic => "Der Server steht nicht im öffentlichen Internet",
        })
    }
}
