//! All offers here are synthetic.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use proptest::{collection::vec, option, prelude::*, sample::select};
use tempfile::TempDir;
use time::{
    Date,
    macros::{date, datetime},
};

use super::*;
use crate::{
    catalog::{
        authority::Authority,
        hours::{Opening, OpeningHours},
        offer::{Availability, LocalEntry, Offer, OfferLink, OfferSource, Offers, Variant},
        service::{How, LinkKind, Step},
    },
    ids::{RegionKey, ServiceId},
    reply::AvailabilityKind,
};

type Row = (ServiceId, RegionKey, Offer);

fn service(number: u32) -> ServiceId {
    format!("dienst-{number}").parse().unwrap()
}

fn region(number: u64) -> RegionKey {
    format!("{number:012}").parse().unwrap()
}

fn offer(id: &str) -> Offer {
    Offer {
        id: format!("synthetic:{id}"),
        availability: Availability::InPerson,
        reason: Some("Sie müssen selbst kommen.".to_owned()),
        summary: None,
        links: vec![OfferLink {
            kind: LinkKind::Appointment,
            url: "https://termin.example/".to_owned(),
            title: Some("Termin buchen".to_owned()),
        }],
        authority: Some(Authority::named("Bürgerbüro Musterstadt")),
        fee: Some("10 Euro".to_owned()),
        papers: vec!["Ausweis".to_owned(), "Foto".to_owned()],
        deadlines: Vec::new(),
        duration: None,
        variants: Vec::new(),
        sources: vec![OfferSource {
            title: "Musterstadt".to_owned(),
            licence: Some("CC BY 4.0".to_owned()),
            url: None,
            as_of: None,
            read: date!(2026 - 11 - 22),
        }],
    }
}

/// Offers that share most of their texts, and have some of their own.
fn offers(services: u32, regions: u64) -> Vec<Row> {
    let row = |s, r| (service(s), region(r), offer(&format!("{s}-{r}")));
    (0..services).flat_map(|s| (0..regions).map(move |r| row(s, r))).collect()
}

fn manifest() -> Manifest {
    Manifest {
        format: 0,
        written: datetime!(2026-11-22 14:00 UTC),
        sources: vec![ManifestSource {
            name: "synthetic".to_owned(),
            kind: "csv".to_owned(),
            title: "Musterstadt".to_owned(),
            licence: None,
            records: 3,
            as_of: None,
            read: date!(2026 - 11 - 22),
        }],
    }
}

fn entry(id: &str) -> LocalEntry {
    LocalEntry {
        id: id.parse().unwrap(),
        ours: Some(service(1)),
        part: false,
        name: "Hund anmelden".to_owned(),
        official: Some("Hundesteuer; Anmeldung".to_owned()),
        says: vec!["Hundemarke".to_owned()],
        summary: None,
        leika: vec!["99102013060000".parse().unwrap()],
        regions: vec![region(84160041041), RegionKey::GERMANY],
    }
}

/// A directory, and the path of a file in it that is yet to be written.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("offers.redb");
    (directory, path)
}

/// Writes without entries.
fn write_offers(path: &std::path::Path, offers: Vec<Row>) -> Written {
    write(path, manifest(), [], offers).unwrap()
}

fn files(directory: &TempDir) -> Vec<String> {
    let names = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<String> =
        names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What the error says to the operator.
fn complaint(path: &std::path::Path) -> String {
    OffersFile::open(path).map(|_| ()).unwrap_err().to_string()
}

fn text() -> impl Strategy<Value = String> {
    // Few texts, so that they are shared, and any.
    prop_oneof![3 => select(vec!["", "frei", "10 Euro", "Straße"]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn day() -> impl Strategy<Value = Date> {
    (Date::MIN.to_julian_day()..=Date::MAX.to_julian_day())
        .prop_map(|day| Date::from_julian_day(day).unwrap())
}

fn any_availability() -> impl Strategy<Value = Availability> {
    let how = select(vec![How::Online, How::Form, How::Post, How::Phone, How::InPerson]);
    let step = (text(), how).prop_map(|(what, how)| Step { what, how });
    prop_oneof![
        Just(Availability::Online),
        vec(step, 0..3).prop_map(|steps| Availability::Partly { steps }),
        Just(Availability::InPerson),
        Just(Availability::Unknown),
    ]
}

fn any_authority() -> impl Strategy<Value = Authority> {
    let span = any::<(u8, u16, u16)>().prop_map(|(day, from, to)| Opening { day, from, to });
    let hours = (vec(span, 0..3), option::of(text()))
        .prop_map(|(spans, note)| OpeningHours { spans, note });
    (text(), proptest::array::uniform7(option::of(text())), hours).prop_map(
        |(name, other, hours)| {
            let [street, postcode, city, phone, email, web, accessibility] = other;
            Authority { name, street, postcode, city, phone, email, web, hours, accessibility }
        },
    )
}

fn any_source() -> impl Strategy<Value = OfferSource> {
    (text(), option::of(text()), option::of(text()), option::of(day()), day()).prop_map(
        |(title, licence, url, as_of, read)| OfferSource { title, licence, url, as_of, read },
    )
}

fn any_offer() -> impl Strategy<Value = Offer> {
    let kind = select(vec![
        LinkKind::Online,
        LinkKind::Form,
        LinkKind::Appointment,
        LinkKind::Information,
    ]);
    let link = (kind, text(), option::of(text())).prop_map(|(kind, url, title)| OfferLink {
        kind,
        url,
        title,
    });
    let variant =
        (text(), text(), option::of(text())).prop_map(|(id, name, url)| Variant { id, name, url });
    let texts = (text(), proptest::array::uniform4(option::of(text())));
    let lists = (vec(text(), 0..3), vec(text(), 0..3), vec(variant, 0..2), vec(link, 0..3));
    (texts, any_availability(), lists, option::of(any_authority()), vec(any_source(), 0..3))
        .prop_map(|((id, texts), availability, lists, authority, sources)| {
            let ([reason, summary, fee, duration], (papers, deadlines, variants, links)) =
                (texts, lists);
            Offer {
                id,
                availability,
                reason,
                summary,
                links,
                authority,
                fee,
                papers,
                deadlines,
                duration,
                variants,
                sources,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_offer_comes_out_as_it_went_in(
        offers in proptest::collection::hash_map((0..4u32, 0..5u64), any_offer(), 0..12)
    ) {
        let (_directory, path) = place();
        let rows: Vec<Row> =
            offers.iter().map(|((s, r), o)| (service(*s), region(*r), o.clone())).collect();
        write_offers(&path, rows);
        let file = OffersFile::open(&path).unwrap();
        for s in 0..5 {
            for r in 0..6 {
                let expected = offers.get(&(s, r)).cloned();
                prop_assert_eq!(file.offer(&service(s), region(r)), expected);
            }
        }
        prop_assert_eq!((file.len(), file.damaged()), (offers.len() as u64, 0));
    }
}

#[test]
fn manifest_and_entries_come_out_as_they_went_in() {
    let (_directory, path) = place();
    let entries = vec![entry("synthetic:1"), LocalEntry { ours: None, ..entry("synthetic:2") }];
    let written = write(&path, manifest(), entries.clone(), offers(2, 3)).unwrap();
    let file = OffersFile::open(&path).unwrap();
    assert_eq!(*file.manifest(), Manifest { format: FORMAT, ..manifest() });
    assert_eq!(file.read_entries().unwrap(), entries);
    assert_eq!((written.offers, written.entries, file.len()), (6, 2, 6));
    assert_eq!(written.bytes, fs::metadata(&path).unwrap().len());
    assert_eq!(written.hash, file.hash());
}

#[test]
fn the_hash_tells_whether_an_import_brought_something_new() {
    let (_directory, path) = place();
    let hash = |entries: Vec<LocalEntry>, offers| {
        let later = Manifest { written: datetime!(2027-01-01 0:00 UTC), ..manifest() };
        let manifest = if path.exists() { later } else { manifest() };
        write(&path, manifest, entries, offers).unwrap().hash
    };
    let first = hash(vec![entry("synthetic:1")], offers(2, 3));
    assert_eq!(first.len(), 16);
    assert_eq!(first, hash(vec![entry("synthetic:1")], offers(2, 3)));
    assert_ne!(first, hash(vec![entry("synthetic:2")], offers(2, 3)));
    assert_ne!(first, hash(vec![entry("synthetic:1")], offers(3, 2)));
    // A shared text stands in the rows as a number only.
    let dearer = offers(2, 3)
        .into_iter()
        .map(|(s, r, o)| (s, r, Offer { fee: Some("11 Euro".into()), ..o }));
    assert_ne!(first, hash(vec![entry("synthetic:1")], dearer.collect()));
}

#[test]
fn a_region_and_a_scan_give_what_single_look_ups_give() {
    let (_directory, path) = place();
    let mut rows = offers(3, 4);
    rows.retain(|(s, r, _)| (s, r) != (&service(1), &region(2)));
    rows[0].2.availability = Availability::Partly { steps: Vec::new() };
    write_offers(&path, rows.clone());
    let file = OffersFile::open(&path).unwrap();

    let there: Vec<_> = rows.iter().filter(|(_, r, _)| *r == region(2)).cloned().collect();
    let found = file.in_region(region(2));
    assert_eq!(found, there.into_iter().map(|(s, _, o)| (s, o)).collect::<Vec<_>>());
    assert_eq!(found.len(), 2);
    assert!(file.in_region(region(9)).is_empty());

    let mut seen = Vec::new();
    file.for_each(&mut |s, r, kind| seen.push((s.clone(), r, kind))).unwrap();
    let expected = rows.iter().map(|(s, r, o)| (s.clone(), *r, o.availability.kind()));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    assert_eq!(seen[0].2, AvailabilityKind::Partly);
}

#[test]
fn offers_may_come_in_any_order_but_only_once() {
    let (directory, path) = place();
    let mut rows = offers(3, 20);
    rows.reverse();
    write_offers(&path, rows.clone());
    let file = OffersFile::open(&path).unwrap();
    for (service, region, offer) in &rows {
        assert_eq!(file.offer(service, *region).as_ref(), Some(offer));
    }

    rows.push(rows[7].clone());
    let error = write(&path, manifest(), [], rows).unwrap_err();
    assert_eq!(error.to_string(), "Zwei Angebote für »dienst-2« in der Region 000000000012");
    assert_eq!(files(&directory), ["offers.redb"]);
}

#[test]
fn texts_that_offers_share_are_stored_once() {
    let (_directory, path) = place();
    let long = "Bringen Sie bitte alle Unterlagen im Original mit. ".repeat(40);
    let rows = (0..100_000).map(|r| {
        let offer = Offer { summary: Some(long.clone()), ..offer("eins für alle") };
        (service(0), region(r), offer)
    });
    let written = write(&path, manifest(), [], rows).unwrap();
    assert_eq!(written.offers, 100_000);
    assert!(written.bytes < 100_000 * 64, "{} bytes", written.bytes);
    let file = OffersFile::open(&path).unwrap();
    assert_eq!(file.offer(&service(0), region(99_999)).unwrap().summary, Some(long));
}

#[test]
fn what_is_no_file_of_offers_is_refused_with_advice() {
    let (directory, path) = place();
    let missing = complaint(&path);
    assert!(
        missing.starts_with(&format!("»{}« lässt sich nicht lesen (", path.display())),
        "{missing}"
    );
    assert!(missing.ends_with("neu bauen mit »amtslotse import --update«"), "{missing}");
    assert!(files(&directory).is_empty(), "opening creates nothing");

    let plain = directory.path().join("plain.redb");
    let database = redb::Database::create(&plain).unwrap();
    drop(database);
    let plain = fs::read(&plain).unwrap();
    for content in
        [b"".as_slice(), b"x", &[0; 100_000], "Gebühr;10 Euro\n".repeat(999).as_bytes(), &plain]
    {
        fs::write(&path, content).unwrap();
        let error = complaint(&path);
        assert!(
            error.contains("keine vollständige Angebots-Datei: Pfad prüfen, sonst neu bauen"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), content, "opening changes nothing");
    }
    assert!(complaint(directory.path()).ends_with("ist keine Datei: Pfad prüfen"));
    #[cfg(unix)]
    assert!(complaint("/dev/null".as_ref()).ends_with("ist keine Datei: Pfad prüfen"));
}

#[test]
fn another_format_is_told_apart() {
    let (_directory, path) = place();
    write_offers(&path, offers(1, 1));
    let file = fs::read(&path).unwrap();
    let with_format = |format: u32| {
        let mut file = file.clone();
        let at = file.len() - 20;
        file[at..at + 4].copy_from_slice(&format.to_le_bytes());
        fs::write(&path, file).unwrap();
        complaint(&path)
    };
    assert!(
        with_format(FORMAT - 1).contains("hat das ältere Format 0, dieses Programm liest Format 1")
    );
    let newer = with_format(FORMAT + 1);
    assert!(
        newer.contains("hat das neuere Format 2") && newer.contains("das Programm erneuern"),
        "{newer}"
    );
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let (_directory, path) = place();
    write_offers(&path, offers(3, 200));
    let file = fs::read(&path).unwrap();
    let lengths = (0..file.len()).step_by(4096).chain(file.len() - 40..file.len());
    for length in lengths {
        fs::write(&path, &file[..length]).unwrap();
        assert!(complaint(&path).contains("keine vollständige Angebots-Datei"), "{length} bytes");
    }
}

#[test]
fn damage_anywhere_never_gives_a_wrong_answer_and_spares_the_rest() {
    let (_directory, path) = place();
    let rows = offers(3, 300);
    write_offers(&path, rows.clone());
    let file = fs::read(&path).unwrap();
    let (mut refused, mut partly) = (0, 0);
    for at in (0..file.len()).step_by(1021) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, damaged).unwrap();
        let Ok(opened) = OffersFile::open(&path) else {
            refused += 1;
            continue;
        };
        let mut missing = 0;
        for (service, region, offer) in &rows {
            match opened.offer(service, *region) {
                Some(found) => assert_eq!(found, *offer, "byte {at}"),
                None => missing += 1,
            }
        }
        assert_eq!(opened.damaged(), missing, "byte {at}");
        assert!(missing < rows.len() as u64 / 10, "byte {at} spoils {missing} offers");
        partly += u32::from(missing > 0);
        // Neither a panic nor something made up.
        let scanned =
            opened.for_each(&mut |service, _, _| assert!(rows.iter().any(|r| r.0 == *service)));
        assert!(scanned.is_ok() || scanned.unwrap_err().to_string().contains("neu bauen"));
    }
    assert!(refused > 0 && partly > 10, "{refused} refused, {partly} partly readable");
}

#[test]
fn a_reader_keeps_the_file_it_opened_while_a_new_one_takes_its_place() {
    let (_directory, path) = place();
    write_offers(&path, offers(2, 500));
    let old = OffersFile::open(&path).unwrap();
    let new_row =
        (service(0), region(0), Offer { fee: Some("12 Euro".to_owned()), ..offer("neu") });
    write_offers(&path, vec![new_row]);
    let new = OffersFile::open(&path).unwrap();
    for (service, region, offer) in offers(2, 500) {
        assert_eq!(old.offer(&service, region), Some(offer));
    }
    assert_eq!(new.offer(&service(0), region(0)).unwrap().fee.as_deref(), Some("12 Euro"));
    assert_eq!((old.len(), new.len(), old.damaged()), (1000, 1, 0));
    assert_ne!(old.hash(), new.hash());
}

#[test]
fn many_threads_and_several_readers_look_up_at_once() {
    let (_directory, path) = place();
    let rows: BTreeMap<_, _> = offers(4, 250).into_iter().map(|(s, r, o)| ((s, r), o)).collect();
    write_offers(&path, offers(4, 250));
    let readers = [OffersFile::open(&path).unwrap(), OffersFile::open(&path).unwrap()];
    std::thread::scope(|scope| {
        for reader in readers.iter().chain(&readers) {
            scope.spawn(|| {
                for ((service, region), offer) in &rows {
                    assert_eq!(reader.offer(service, *region).as_ref(), Some(offer));
                }
            });
        }
    });
}

#[test]
fn a_failed_write_keeps_the_old_file_and_leaves_nothing_behind() {
    let (directory, path) = place();
    write_offers(&path, offers(1, 1));
    let old = fs::read(&path).unwrap();

    let interrupted = std::panic::catch_unwind(|| {
        let broken = (0..500).map(|r| {
            assert!(r < 400, "the source breaks off");
            (service(0), region(r), offer("x"))
        });
        write(&path, manifest(), [], broken)
    });
    assert!(interrupted.is_err());
    assert_eq!(fs::read(&path).unwrap(), old);
    assert_eq!(files(&directory), ["offers.redb"]);

    let nowhere = directory.path().join("missing").join("offers.redb");
    let error = write(&nowhere, manifest(), [], offers(1, 1)).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("»{}« lässt sich nicht schreiben: ", nowhere.display())),
        "{error}"
    );
    let onto_directory = write(directory.path(), manifest(), [], offers(1, 1));
    assert!(onto_directory.is_err());
    assert_eq!(files(&directory), ["offers.redb"]);
}

#[test]
fn drafts_of_imports_that_were_killed_are_removed_after_a_day() {
    let (directory, path) = place();
    let draft = |name: &str, hours: u64| {
        let file = fs::File::create(directory.path().join(name)).unwrap();
        let age = Duration::from_secs(hours * 60 * 60);
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
    };
    draft(".offers.redb.0123456789abcdef.tmp", 25);
    draft(".offers.redb.fedcba9876543210.tmp", 1);
    draft(".other.redb.0123456789abcdef.tmp", 25);
    write_offers(&path, offers(1, 1));
    let kept =
        [".offers.redb.fedcba9876543210.tmp", ".other.redb.0123456789abcdef.tmp", "offers.redb"];
    assert_eq!(files(&directory), kept);
}
