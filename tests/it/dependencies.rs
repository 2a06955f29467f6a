//! What we build on: licences that fit the EUPL, one TLS provider, and no known advisory that is
//! not weighed in `deny.toml`. Needs no network: `cargo metadata` reads what is already there.

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

/// Packages of this platform: those of others need not have been downloaded.
fn metadata() -> Value {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features", "--offline"])
        .args(["--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn deny() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn strings(value: &toml::Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Whether a licence expression can be satisfied by the allowed ones.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let choice = |part: &str| part.split(" AND ").all(|name| allowed.contains(name.trim()));
    // "(A OR B) AND C" loses its brackets here; read as A, or B AND C, it is no less strict for the
    // licences in use, since all of A, B and C stand on the list or the package is looked at.
    expression.split(" OR ").any(choice)
}

#[test]
fn licences_are_on_the_list() {
    let deny = deny();
    let licenses = deny["licenses"].as_table().unwrap();
    let allowed = strings(&licenses["allow"]);
    let clarified: BTreeSet<&str> = licenses["clarify"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["crate"].as_str().unwrap())
        .collect();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let license = package["license"].as_str().unwrap_or_default();
        let fits = clarified.contains(name) || satisfied(license, &allowed);
        assert!(fits, "{name}: licence »{license}« is not on the list in deny.toml");
    }
}

/// The packages that are built, on any platform we support.
fn resolved(metadata: &Value) -> BTreeSet<&str> {
    let ids = metadata["resolve"]["nodes"].as_array().unwrap();
    ids.iter().map(|node| node["id"].as_str().unwrap()).collect()
}

#[test]
fn banned_packages_are_not_built() {
    let deny = deny();
    let metadata = metadata();
    let resolved = resolved(&metadata);
    for ban in deny["bans"]["deny"].as_array().unwrap() {
        let name = ban["crate"].as_str().unwrap();
        for id in &resolved {
            let package = id.rsplit(['/', '#']).next().unwrap_or_default();
            assert!(
                !package.starts_with(&format!("{name}@")),
                "{name} is banned, but {id} is built"
            );
        }
    }
}

/// The old certificate library is known to have advisories; only Discord's gateway may reach it.
#[test]
fn rustls_webpki_0_102_is_reached_through_discord_only() {
    let metadata = metadata();
    let users: Vec<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| {
            let deps = node["dependencies"].as_array().unwrap();
            deps.iter().any(|dep| dep.as_str().unwrap().contains("rustls-webpki@0.102"))
        })
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    for user in users {
        assert!(user.contains("rustls@0.22"), "{user} uses rustls-webpki 0.102");
    }
    let tungstenite_only = metadata["resolve"]["nodes"].as_array().unwrap().iter().filter(|node| {
        let deps = node["dependencies"].as_array().unwrap();
        deps.iter().any(|dep| dep.as_str().unwrap().contains("rustls@0.22"))
    });
    for node in tungstenite_only {
        let id = node["id"].as_str().unwrap();
        let gateway =
            ["tokio-rustls@0.25", "tokio-tungstenite@0.21", "tungstenite@0.21", "serenity@"];
        assert!(gateway.iter().any(|name| id.contains(name)), "{id} uses rustls 0.22");
    }
}
