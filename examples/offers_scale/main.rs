//! The file of offers at full scale: 455 services in 11,000 regions. **All data are synthetic**:
//! made-up regions under 400 made-up Kreise, and texts shared about as real catalogs share them.
//!
//! ```text
//! cargo run --release --example offers_scale -- FILE [SERVICES] [REGIONS]
//! ```
//!
//! Prints how long writing takes and how large the file is, then, each in a process of its own, the
//! time to open it, of look-ups, and the memory held: once with the file in the cache of the
//! system, once after it was dropped from there (`dd`, which needs no privileges).

use std::{
    env, fs,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use amtslotse::{
    catalog::{
        authority::Authority,
        offer::{Availability, Offer, OfferLink, OfferSource, Offers},
        service::{How, LinkKind, Step},
    },
    ids::{RegionKey, ServiceId},
    offers::file::{Manifest, ManifestSource, OffersFile, write},
};
use time::macros::date;

const KREISE: u64 = 400;
const WARM: usize = 200_000;
const COLD: usize = 2_000;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let count = |at: usize, default| args.get(at).map_or(default, |n| n.parse().expect("a number"));
    let (services, regions) = (count(1, 455), count(2, 11_000));
    match args.as_slice() {
        [file, ..] if args.len() <= 3 => {
            write_file(Path::new(file), services, regions);
            again(&args, services, regions, "warm");
            drop_from_cache(file);
            again(&args, services, regions, "cold");
        }
        [file, _, _, how] => read_file(Path::new(file), services, regions, how == "cold"),
        _ => eprintln!("usage: offers_scale FILE [SERVICES] [REGIONS]"),
    }
}

/// Reads in a new process, so that memory is that of a reader.
fn again(args: &[String], services: u64, regions: u64, how: &str) {
    let program = env::current_exe().expect("this program");
    let [services, regions] = [services, regions].map(|n| n.to_string());
    let status = Command::new(program).args([&args[0], &services, &regions, how]).status();
    assert!(status.expect("a child process").success());
}

fn write_file(path: &Path, services: u64, regions: u64) {
    // In the order of the keys, as an import writes them.
    let mut places: Vec<_> = (0..regions).map(|number| (region(number), number)).collect();
    places.sort();
    let offers = || {
        (0..services).flat_map(|s| {
            let id = service(s);
            places.iter().map(move |(region, number)| (id.clone(), *region, offer(s, *number)))
        })
    };
    let start = Instant::now();
    offers().for_each(|offer| drop(black_box(offer)));
    println!("making {} synthetic offers: {:.1?}", services * regions, start.elapsed());

    let source = ManifestSource {
        name: "synthetic".to_owned(),
        kind: "bench".to_owned(),
        title: "Synthetic".to_owned(),
        licence: None,
        records: services,
        as_of: None,
        read: date!(2026 - 11 - 22),
    };
    let manifest = Manifest::of(vec![source]);
    let start = Instant::now();
    let written = write(path, manifest, [], offers()).expect("written");
    println!(
        "making and writing them: {:.1?}; {} MB ({} bytes an offer), {} shared parts; most memory {} MiB",
        start.elapsed(),
        written.bytes / 1_000_000,
        written.bytes / written.offers,
        written.parts,
        memory("VmHWM:"),
    );
}

fn read_file(path: &Path, services: u64, regions: u64, cold: bool) {
    println!("-- {}", if cold { "cold: not in the cache of the system" } else { "warm" });
    if let Some(cached) = cached(path) {
        println!("in the cache of the system: {cached} MB");
    }
    println!("memory before opening: {} MiB", memory("VmRSS:"));
    let start = Instant::now();
    let file = OffersFile::open(path).expect("opened");
    println!("opening: {:.1?}; memory: {} MiB", start.elapsed(), memory("VmRSS:"));

    let rounds = if cold { COLD } else { WARM };
    let mut random = Random(7);
    let mut place = |own: bool| {
        let at = random.below(regions);
        (service(random.below(services)), if own { region(at) } else { without_own(at) })
    };
    measure("found at once", rounds, || place(true), &file);
    measure("miss, miss, found for the Kreis", rounds, || place(false), &file);
    if !cold {
        // The same again, with what is left in the cache of redb.
        measure("found at once, again", rounds, || place(true), &file);
        let absent: ServiceId = "kein-dienst".parse().expect("an id");
        measure("unknown service", rounds, || (absent.clone(), region(1)), &file);
        let start = Instant::now();
        let mut online = 0;
        file.for_each(&mut |_, _, kind| online += u64::from(kind as u8 == 0)).expect("scanned");
        println!("scan of all {} offers: {:.1?} ({online} online)", file.len(), start.elapsed());
    }
    println!("memory after: {} MiB, at most {} MiB", memory("VmRSS:"), memory("VmHWM:"));
    assert_eq!(file.damaged(), 0);
}

/// Times single look-ups along the chain of regions.
fn measure(
    name: &str,
    rounds: usize,
    mut place: impl FnMut() -> (ServiceId, RegionKey),
    file: &OffersFile,
) {
    let mut times: Vec<Duration> = Vec::with_capacity(rounds);
    let mut found = 0;
    for _ in 0..rounds {
        let (service, region) = place();
        let start = Instant::now();
        let offer = region.chain().find_map(|region| file.offer(&service, region));
        times.push(start.elapsed());
        found += usize::from(black_box(offer).is_some());
    }
    times.sort();
    let [p50, p99, last] = [rounds / 2, rounds * 99 / 100, rounds - 1].map(|at| times[at]);
    println!("{name}: p50 {p50:.1?}, p99 {p99:.1?}, max {last:.1?} ({found} of {rounds} found)");
}

fn service(number: u64) -> ServiceId {
    format!("dienst-{number}").parse().expect("an id")
}

/// The first 400 regions are Kreise, the others municipalities in them.
fn region(number: u64) -> RegionKey {
    let (kreis, town) = (number % KREISE, number / KREISE);
    let local = if town == 0 { 0 } else { (5_000 + town / 6) * 1_000 + town };
    key(kreis_number(kreis) + local)
}

/// A municipality of the same Kreis that has no offers of its own, nor has its Verband.
fn without_own(number: u64) -> RegionKey {
    key(kreis_number(number % KREISE) + 9_999_999)
}

fn kreis_number(kreis: u64) -> u64 {
    let (land, kreis) = (kreis / 25 + 1, kreis % 25 + 1);
    land * 10_000_000_000 + kreis / 10 * 1_000_000_000 + kreis * 10_000_000
}

fn key(number: u64) -> RegionKey {
    format!("{number:012}").parse().expect("twelve digits")
}

/// An offer as catalogs have it: little of it is its own.
fn offer(service: u64, region: u64) -> Offer {
    let (kreis, land, topic) = (region % KREISE, region % KREISE / 25, service % 24);
    let mut random = Random(service << 32 | region);
    let own = random.below(10) < 4;
    let apply = if own {
        format!(
            "https://rathaus-{region}.example/onlinedienste/antrag?leistung={service}&ort={region}"
        )
    } else {
        format!("https://service-land-{land}.example/leistung/{service}/antrag")
    };
    let link = |kind, url, title: &str| OfferLink { kind, url, title: Some(title.to_owned()) };
    let availability = match random.below(10) {
        0..3 => Availability::Online,
        3..6 => Availability::Partly { steps: steps(random.below(6)) },
        6..9 => Availability::InPerson,
        _ => Availability::Unknown,
    };
    Offer {
        id: format!("synthetic:{service}-{land}"),
        availability,
        reason: Some(sentence("Grund", random.below(40))),
        summary: Some(sentence("Kurzbeschreibung der Leistung", service).repeat(2)),
        links: vec![
            link(LinkKind::Online, apply, "Antrag online stellen"),
            link(
                LinkKind::Information,
                format!("https://service-land-{land}.example/leistung/{service}"),
                "Leistungsbeschreibung",
            ),
        ],
        authority: Some(authority(kreis, topic)),
        fee: Some(sentence("Gebühr", random.below(30))),
        papers: (0..service % 5).map(|n| sentence("Unterlage", service * 5 + n)).collect(),
        deadlines: service
            .is_multiple_of(3)
            .then(|| sentence("Frist", service))
            .into_iter()
            .collect(),
        duration: Some(sentence("Dauer", random.below(20))),
        variants: Vec::new(),
        sources: vec![OfferSource {
            title: format!("Synthetisches Land {land}, Zuständigkeitsfinder"),
            licence: Some("Datenlizenz Deutschland Namensnennung 2.0".to_owned()),
            url: Some(format!("https://service-land-{land}.example/leistung/{service}")),
            as_of: None,
            read: date!(2026 - 11 - 22),
        }],
    }
}

fn steps(variant: u64) -> Vec<Step> {
    let step = |what: &str, how| Step { what: format!("{what} (Art {variant})"), how };
    vec![step("Antrag ausfüllen", How::Online), step("Unterlagen zeigen", How::InPerson)]
}

fn authority(kreis: u64, topic: u64) -> Authority {
    Authority {
        street: Some(format!("Musterstraße {topic}")),
        postcode: Some(format!("{:05}", 10_000 + kreis)),
        city: Some(format!("Kreisstadt {kreis}")),
        phone: Some(format!("0{kreis} 115-{topic}")),
        email: Some(format!("amt{topic}@kreis-{kreis}.example")),
        web: Some(format!("https://kreis-{kreis}.example/amt/{topic}")),
        ..Authority::named(format!("Synthetisches Amt {topic} des Kreises {kreis}"))
    }
}

/// Some eighty characters.
fn sentence(about: &str, number: u64) -> String {
    format!("{about}, Fassung {number}: ein erfundener Satz in der Länge eines üblichen Satzes.")
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// Asks the system to forget a file; where that fails, the figures under "cold" say so.
fn drop_from_cache(file: &str) {
    let of = format!("of={file}");
    let args = [&of, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"];
    if !Command::new("dd").args(args).status().is_ok_and(|status| status.success()) {
        println!("(the file could not be dropped from the cache: cold is warm)");
    }
}

/// How much of a file the system holds in its cache, in MB, if `fincore` is there to tell.
fn cached(path: &Path) -> Option<u64> {
    let output = Command::new("fincore").args(["-bno", "RES"]).arg(path).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().parse::<u64>().ok()? / 1_000_000)
}

/// A line of `/proc/self/status`, in MiB; 0 where there is none.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
