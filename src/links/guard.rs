//! Where the link checker may connect to: the public internet only.
//!
//! A link is foreign input. Without this guard, a link, a redirect or a host name with changing
//! addresses (DNS rebinding) could make the operator's machine ask its own network or the metadata
//! service of its cloud (server-side request forgery). Two steps keep it out:
//!
//! 1. [`AddressRule::admit`] checks a URL, and with it every host written as an IP address in any
//!    form (`2130706433`, `0x7f.1`, `[::ffff:127.0.0.1]`): the URL standard makes one of all.
//! 2. `Guarded` is the only resolver the HTTP client has. It looks a host name up once for each
//!    connection and hands the client these addresses, and only if all of them are public: what is
//!    checked is what is connected to.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use url::{Host, Url};

use super::Verdict;

/// The longest address that is asked, in bytes: what browsers and servers commonly take.
pub const MAX_URL: usize = 2_048;

/// Networks that are not part of the public internet: the IANA IPv4 Special-Purpose Address
/// Registry (RFC 6890), multicast (RFC 5771) and the reserved class E (RFC 1112).
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only IPv6 network of which addresses are given out for the public internet (RFC 4291,
/// RFC 3587). Loopback, unique-local, link-local, multicast, NAT64 and discard-only are outside.
const GLOBAL_UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of it is not public, by the IANA IPv6 Special-Purpose Address Registry: IETF protocols with
/// Teredo, documentation (twice), and 6to4, which hides an IPv4 address.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AddressRule {
    /// Public ones, on the ports 80 and 443.
    #[default]
    PublicOnly,
    /// Loopback and this port, too: for tests, and not even compiled otherwise.
    #[cfg(test)]
    Loopback(u16),
}

impl AddressRule {
    /// The URL, if it may be asked as far as can be told without looking its host up.
    ///
    /// # Errors
    ///
    /// A verdict of the kind [`Refused`](super::Kind::Refused).
    pub fn admit(self, address: &str) -> Result<Url, Verdict> {
        if address.len() > MAX_URL {
            return Err(Verdict::NotAnAddress);
        }
        let url = Url::parse(address.trim()).map_err(|_| Verdict::NotAnAddress)?;
        self.admit_url(&url).map(|()| url)
    }

    /// As [`Self::admit`], for where a redirect leads.
    pub(super) fn admit_url(self, url: &Url) -> Result<(), Verdict> {
        if url.as_str().len() > MAX_URL {
            return Err(Verdict::NotAnAddress);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Verdict::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Verdict::Credentials);
        }
        if !url.port_or_known_default().is_some_and(|port| self.allows_port(port)) {
            return Err(Verdict::Port);
        }
        let public = match url.host() {
            None => return Err(Verdict::NotAnAddress),
            // Checked when it is looked up.
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => self.allows(address.into()),
            Some(Host::Ipv6(address)) => self.allows(address.into()),
        };
        if public { Ok(()) } else { Err(Verdict::NotPublic) }
    }

    fn allows(self, address: IpAddr) -> bool {
        let exempt = match self {
            Self::PublicOnly => false,
            #[cfg(test)]
            Self::Loopback(_) => address.is_loopback(),
        };
        exempt || is_public(address)
    }

    fn allows_port(self, port: u16) -> bool {
        let exempt = match self {
            Self::PublicOnly => false,
            #[cfg(test)]
            Self::Loopback(own) => port == own,
        };
        exempt || matches!(port, 80 | 443)
    }
}

/// Whether an address is one of the public internet. IPv4 written as IPv6 (`::ffff:0:0/96`) is
/// checked as IPv4.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let within = |(net, length): (Ipv4Addr, u32)| {
                (net.to_bits() ^ v4.to_bits()).leading_zeros() >= length
            };
            !NOT_PUBLIC_V4.into_iter().any(within)
        }
        IpAddr::V6(v6) => {
            let within = |(net, length): (Ipv6Addr, u32)| {
                (net.to_bits() ^ v6.to_bits()).leading_zeros() >= length
            };
            within(GLOBAL_UNICAST_V6) && !NOT_PUBLIC_V6.into_iter().any(within)
        }
    }
}

/// Why a host name led to no address to connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// There is no such name, or it has no address.
    #[error("no such host")]
    NoSuchHost,
    /// It could not be found out.
    #[error("the look-up failed")]
    Failed,
    /// One of its addresses is not allowed.
    #[error("not a public address")]
    NotPublic,
}

/// The addresses of a host, when they are known.
pub type Addresses = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, LookupError>> + Send>>;

/// Looks host names up.
pub trait Resolve: Send + Sync {
    /// All addresses of a host name.
    fn resolve(&self, host: &str) -> Addresses;
}

/// The resolver of the operating system.
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> Addresses {
        let host = host.to_owned();
        Box::pin(async move {
            match tokio::net::lookup_host((host, 0)).await {
                Ok(found) => Ok(found.map(|address| address.ip()).collect()),
                Err(error) => Err(lookup_error(&error)),
            }
        })
    }
}

/// Tells "there is no such name" from "no name server answers".
///
/// The standard library hands on the text of `getaddrinfo` only: that of glibc (2), musl (2), macOS
/// and Windows. An unknown text is no proof that a host is gone.
fn lookup_error(error: &io::Error) -> LookupError {
    const NO_SUCH_HOST: [&str; 6] = [
        "Name or service not known",
        "No address associated",
        "Name does not resolve",
        "Name has no usable address",
        "nodename nor servname provided",
        "No such host is known",
    ];
    let text = error.to_string();
    if NO_SUCH_HOST.iter().any(|known| text.contains(known)) {
        LookupError::NoSuchHost
    } else {
        LookupError::Failed
    }
}

/// A resolver that gives out addresses only if all of them are allowed.
pub(super) struct Guarded {
    pub resolver: Arc<dyn Resolve>,
    pub rule: AddressRule,
}

impl reqwest::dns::Resolve for Guarded {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (addresses, rule) = (self.resolver.resolve(name.as_str()), self.rule);
        Box::pin(async move {
            let addresses = addresses.await?;
            if addresses.is_empty() {
                return Err(LookupError::NoSuchHost.into());
            }
            if !addresses.iter().all(|&address| rule.allows(address)) {
                return Err(LookupError::NotPublic.into());
            }
            // Port 0 stands for the port of the URL.
            let sockets = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Result<(), Verdict>) {
        assert_eq!(AddressRule::PublicOnly.admit(address).map(|_| ()), expected, "{address}");
    }

    #[test]
    fn fault_52_no_network_but_the_public_one_is_reached() {
        // The first and the last address of every network, and their neighbours outside.
        let networks = [
            ("0.0.0.0", "0.255.255.255", "", "1.0.0.0"),
            ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
            ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
            ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
            ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
            ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
            ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"),
            ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
            ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
            ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
            ("224.0.0.0", "239.255.255.255", "223.255.255.255", ""),
            ("240.0.0.0", "255.255.255.255", "", ""),
            ("::", "::", "", ""),
            ("::1", "::1", "", ""),
            ("64:ff9b::", "64:ff9b::ffff:ffff", "", ""),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "", ""),
            ("100::", "100::ffff:ffff:ffff:ffff", "", ""),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff::", "2001:200::"),
            ("2001::1", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
            ("2001:db8::", "2001:db8:ffff::", "2001:db7:ffff::", "2001:db9::"),
            ("2002::", "2002:ffff::", "2001:ffff::", "2003::"),
            ("3fff::", "3fff:fff::", "3ffe:ffff::", "3fff:1000::"),
            ("5f00::", "5f00:ffff::", "", ""),
            ("fc00::", "fdff:ffff::", "", ""),
            ("fe80::", "febf:ffff::", "", ""),
            ("fec0::", "feff:ffff::", "", ""),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
        ];
        for (first, last, before, after) in networks {
            for inside in [first, last] {
                assert!(!is_public(inside.parse().unwrap()), "{inside}");
            }
            for outside in [before, after].into_iter().filter(|outside| !outside.is_empty()) {
                assert!(is_public(outside.parse().unwrap()), "{outside}");
            }
        }
        for public in ["8.8.8.8", "193.99.144.80", "::ffff:8.8.8.8", "2a02:2e0:3fe:1001:302::"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for mapped in ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1"] {
            assert!(!is_public(mapped.parse().unwrap()), "{mapped}");
        }
    }

    #[test]
    fn fault_52_private_addresses_are_known_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.0.1.",
            "2130706433",
            "017700000001",
            "0x7f000001",
            "0x7F.1",
            "0177.0.0.0x1",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "0xa9fea9fe",
            "169.254.169.254",
            "192.168.1.1",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:7f00:1::]",
            "[2001:0:5ef5:79fb::1]",
            "[fe80::1]",
            "[fd00:ec2::254]",
        ] {
            check(&format!("http://{host}/"), Err(Verdict::NotPublic));
            check(&format!("https://{host}:443/pfad?q=1#f"), Err(Verdict::NotPublic));
        }
        check("http://[fe80::1%25eth0]/", Err(Verdict::NotAnAddress));
        check("http://256.1.1.1/", Err(Verdict::NotAnAddress));
    }

    #[test]
    fn fault_51_only_plain_web_addresses_are_asked() {
        for fine in [
            "https://www.example.de/",
            "http://example.de",
            " https://example.de:443/a b?c=ä#d ",
            "https://bürgeramt.example/",
            "http://193.99.144.80:80/",
        ] {
            check(fine, Ok(()));
        }
        for scheme in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://example.de/",
            "mailto:amt@example.de",
            "gopher://example.de/",
        ] {
            check(scheme, Err(Verdict::Scheme));
        }
        for address in ["", "www.example.de", "/pfad", "https://", "http://[1/", "https:// x.de/"] {
            check(address, Err(Verdict::NotAnAddress));
        }
        for named in
            ["http://user:pw@example.de/", "http://user@example.de", "https:u:p@example.de"]
        {
            check(named, Err(Verdict::Credentials));
        }
        for port in ["http://example.de:22/", "https://example.de:8443/", "http://example.de:0/"] {
            check(port, Err(Verdict::Port));
        }
        let long = |path: usize| format!("https://example.de/{}", "x".repeat(path));
        check(&long(10_000), Err(Verdict::NotAnAddress));
        // Within the limit as written, beyond it as sent.
        check(&format!("https://example.de/{}", "ä".repeat(900)), Err(Verdict::NotAnAddress));
        check(&long(1_000), Ok(()));
    }

    #[test]
    fn only_a_definite_answer_says_that_a_host_is_unknown() {
        let told = |text: &str| {
            lookup_error(&io::Error::other(format!("failed to lookup address information: {text}")))
        };
        assert_eq!(told("Name or service not known"), LookupError::NoSuchHost);
        assert_eq!(told("Name does not resolve"), LookupError::NoSuchHost);
        assert_eq!(told("Temporary failure in name resolution"), LookupError::Failed);
        assert_eq!(told("System error"), LookupError::Failed);
    }

    #[tokio::test]
    async fn the_system_knows_its_own_name() {
        let found = SystemResolver.resolve("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }
}
