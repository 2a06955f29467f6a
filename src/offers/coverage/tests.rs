//! All names and numbers here are synthetic unless they are read from the real table of
//! municipalities.

use std::fs;

use proptest::prelude::*;
use quick_xml::{Reader, events::Event};

use super::{
    fitting::{BOLD, shorten, width},
    *,
};

fn counts(online: usize, partly: usize, in_person: usize, unknown: usize) -> Counts {
    Counts { online, partly, in_person, unknown }
}

fn municipality(key: &str, name: &str, kreis: &str, levels: &[(Level, Counts)]) -> Municipality {
    Municipality {
        key: key.parse().unwrap(),
        name: name.to_owned(),
        kreis: kreis.to_owned(),
        population: 0,
        counts: levels.iter().copied().collect(),
    }
}

/// As many synthetic municipalities as asked for, 30 to a Kreis, in no order.
fn many(number: usize) -> Vec<Municipality> {
    (0..number)
        .map(|at| {
            let mixed = at * 7 % number.max(1);
            let key = format!("09{:03}{:07}", 100 + mixed / 30, mixed % 30 + 1);
            let share = counts(at % 9, at % 5, at % 7, at % 11);
            let name = format!("Musterdorf-{}stadt a.d.Beispiel {mixed}", "lang".repeat(at % 4));
            municipality(&key, &name, &format!("Kreis {}", mixed / 30), &[(Level::Gemeinde, share)])
        })
        .collect()
}

#[test]
fn counts_add_up() {
    let mut one = Counts::default();
    for kind in [AvailabilityKind::Online, AvailabilityKind::Unknown, AvailabilityKind::Online] {
        one.add(kind);
    }
    assert_eq!(one, counts(2, 0, 0, 1));
    assert_eq!(one + counts(1, 2, 3, 4), counts(3, 2, 3, 5));
    assert_eq!((one + counts(1, 2, 3, 4)).all(), 13);
    let full = counts(usize::MAX, 1, 0, 0);
    assert_eq!((full + full).all(), usize::MAX);
}

#[test]
fn the_table_has_a_row_for_each_level_and_one_for_all() {
    let mut town = municipality(
        "091620000000",
        "Musterstadt",
        "Musterstadt, Stadt",
        &[(Level::Gemeinde, counts(2, 1, 0, 3)), (Level::Bund, counts(4, 0, 1, 0))],
    );
    let village = municipality("091781234567", "Dorf", "Musterland", &[]);
    town.population = 12_345;
    assert_eq!(
        csv(&[town, village]),
        "\u{feff}Regionalschlüssel;Gemeinde;Kreis;Einwohner;Ebene;Leistungen;ganz online;teilweise online;nur persönlich;nicht bekannt\r\n\
         09 1 62 0000 000;Musterstadt;Musterstadt, Stadt;12345;Bund;5;4;0;1;0\r\n\
         09 1 62 0000 000;Musterstadt;Musterstadt, Stadt;12345;Gemeinde;6;2;1;0;3\r\n\
         09 1 62 0000 000;Musterstadt;Musterstadt, Stadt;12345;alle;11;6;1;1;3\r\n\
         09 1 78 1234 567;Dorf;Musterland;;alle;0;0;0;0;0\r\n"
    );
}

/// The cells of the table as a spreadsheet reads them, without the head.
fn cells(table: &str) -> Vec<Vec<String>> {
    let table = table.strip_prefix('\u{feff}').expect("begins with a byte order mark");
    let reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(table.as_bytes());
    let rows = reader.into_records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

#[test]
fn no_name_is_taken_for_a_formula_or_breaks_the_table() {
    for (name, read) in [
        ("=HYPERLINK(\"http://x\";\"y\")", "'=HYPERLINK(\"http://x\";\"y\")"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("A;B \"C\"\r\nD", "A;B \"C\"\r\nD"),
        ("Baden-Baden", "Baden-Baden"),
    ] {
        let rows = cells(&csv(&[municipality("091620000001", name, name, &[])]));
        assert_eq!(rows.len(), 1, "{name:?}");
        assert_eq!([&rows[0][1], &rows[0][2]], [read, read], "{name:?}");
    }
}

/// An element of a picture.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// Its text, with that of the elements in it.
    text: String,
    /// The tile it belongs to.
    tile: Option<usize>,
}

impl Element {
    fn number(&self, attribute: &str) -> f64 {
        self.attributes.get(attribute).map_or(0.0, |value| value.parse().expect(attribute))
    }

    /// Left, top, right and bottom; of a text by the widest letters.
    fn extent(&self) -> [f64; 4] {
        let [x, y] = ["x", "y"].map(|name| self.number(name));
        if self.name == "rect" {
            return [x, y, x + self.number("width"), y + self.number("height")];
        }
        let size = self.number("font-size");
        let bold = self.attributes.contains_key("font-weight");
        let wide = width(&self.text, size) * if bold { BOLD } else { 1.0 };
        let left = if self.attributes.get("text-anchor").is_some_and(|anchor| anchor == "end") {
            x - wide
        } else {
            x
        };
        [left, y - size * 0.95, left + wide, y + size * 0.25]
    }
}

fn inside([left, top, right, bottom]: [f64; 4], outer: [f64; 4]) -> bool {
    left >= outer[0] - 0.1
        && top >= outer[1] - 0.1
        && right <= outer[2] + 0.1
        && bottom <= outer[3] + 0.1
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[2] - 0.1 && b[0] < a[2] - 0.1 && a[1] < b[3] - 0.1 && b[1] < a[3] - 0.1
}

/// A picture as a reader of XML sees it.
struct Picture {
    /// In the order in which they end, so that the last is the whole.
    elements: Vec<Element>,
    tiles: usize,
}

/// Reads a picture; fails if it is not well-formed XML.
fn read(svg: &str) -> Picture {
    let mut reader = Reader::from_str(svg);
    let (mut elements, mut open) = (Vec::new(), Vec::<Element>::new());
    let (mut tiles, mut tile) = (0, None);
    loop {
        let event = reader.read_event().expect("well-formed XML");
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.expect("well-formed attribute");
                    (attribute.key.as_ref().to_owned(), attribute.value.to_string())
                });
                let name = start.name().as_ref().to_owned();
                let attributes = attributes.collect();
                if name == "g" {
                    tile = Some(tiles);
                    tiles += 1;
                }
                let element = Element { name, attributes, tile, ..Element::default() };
                match event {
                    Event::Start(_) => open.push(element),
                    _ => elements.push(element),
                }
            }
            Event::Text(text) => {
                open.iter_mut().for_each(|element| element.text.push_str(text));
            }
            Event::GeneralRef(entity) => {
                let text = quick_xml::escape::resolve_xml_entity(entity).expect("known entity");
                open.iter_mut().for_each(|element| element.text.push_str(text));
            }
            Event::End(_) => {
                let element = open.pop().unwrap();
                tile = if element.name == "g" { None } else { tile };
                elements.push(element);
            }
            Event::Eof => return Picture { elements, tiles },
            other => panic!("{other:?} in a picture"),
        }
    }
}

impl Picture {
    fn named(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// All texts outside of tiles.
    fn texts(&self) -> Vec<&str> {
        let texts = self.named("text").filter(|element| element.tile.is_none());
        texts.map(|element| element.text.as_str()).collect()
    }

    /// Tooltip, name and number of each tile.
    fn tiles(&self) -> Vec<[&str; 3]> {
        let mut tiles = vec![Vec::new(); self.tiles];
        for element in self.elements.iter().filter(|it| ["title", "text"].contains(&&*it.name)) {
            if let Some(tile) = element.tile {
                tiles[tile].push(element.text.as_str());
            }
        }
        tiles.into_iter().map(|texts| texts.try_into().expect("a tooltip and two texts")).collect()
    }

    /// Fails unless all is inside the picture, what is in a tile inside its frame, and nothing
    /// written or framed on top of another.
    fn assert_geometry(&self) {
        let whole = self.elements.last().unwrap().extent_of_view();
        let mut frames = BTreeMap::new();
        for rect in self.named("rect") {
            if let Some(tile) = rect.tile {
                frames.entry(tile).or_insert(rect.extent());
            }
        }
        for element in self.named("rect").chain(self.named("text")) {
            let extent = element.extent();
            assert!(inside(extent, whole), "outside the picture: {element:?}");
            if let Some(tile) = element.tile {
                assert!(inside(extent, frames[&tile]), "outside its tile: {element:?}");
            }
        }
        let texts = self.named("text").filter(|text| text.tile.is_none()).map(Element::extent);
        let mut apart: Vec<[f64; 4]> = frames.into_values().chain(texts).collect();
        apart.sort_by(|a, b| a[1].total_cmp(&b[1]));
        for (at, one) in apart.iter().enumerate() {
            for other in apart[at + 1..].iter().take_while(|other| other[1] < one[3]) {
                assert!(!overlap(*one, *other), "{one:?} and {other:?} overlap");
            }
        }
    }
}

impl Element {
    /// The view box of the whole.
    fn extent_of_view(&self) -> [f64; 4] {
        let numbers = self.attributes["viewBox"].split(' ').map(|number| number.parse().unwrap());
        let numbers: Vec<f64> = numbers.collect();
        numbers.try_into().unwrap()
    }
}

const REFERENCE: [(&str, &str); 1] =
    [("12 von 34 erfundenen Leistungen überall online", "synthetische Zählung")];

#[test]
fn one_municipality_is_shown_level_by_level_with_numbers_and_shares() {
    let mut town = municipality(
        "091781234567",
        "Musterstadt",
        "Musterland",
        &[(Level::Bund, counts(1, 0, 0, 299)), (Level::Gemeinde, counts(1, 1, 1, 0))],
    );
    town.population = 1_234_567;
    let picture = svg("Stand der Dinge", &[town], &REFERENCE);
    let picture = read(&picture);
    picture.assert_geometry();
    assert_eq!(picture.tiles, 0);
    let shown = picture.texts();
    let at = |text: &str| shown.iter().position(|shown| *shown == text).expect(text);
    let level = |name: &str| shown[at(name)..at(name) + 10].to_vec();
    assert_eq!(
        level("Bund"),
        [
            "Bund",
            "300 Leistungen",
            "<1\u{a0}%",
            "1",
            "0\u{a0}%",
            "0",
            "0\u{a0}%",
            "0",
            ">99\u{a0}%",
            "299"
        ]
    );
    assert_eq!(
        level("Gemeinde"),
        [
            "Gemeinde",
            "3 Leistungen",
            "33\u{a0}%",
            "1",
            "33\u{a0}%",
            "1",
            "33\u{a0}%",
            "1",
            "0\u{a0}%",
            "0"
        ]
    );
    assert_eq!(level("alle")[1..4], ["303 Leistungen", "1\u{a0}%", "2"]);
    assert!(
        at("12 von 34 erfundenen Leistungen überall online (synthetische Zählung)") > at("alle")
    );
    assert!(shown.iter().any(|text| text.starts_with("nicht bekannt: keine Quelle sagt es")));
    let [whole, title, description] =
        ["svg", "title", "desc"].map(|name| picture.named(name).next().unwrap());
    assert_eq!([&whole.attributes["role"], &whole.attributes["lang"]], ["img", "de"]);
    assert_eq!(title.text, "Stand der Dinge");
    assert!(
        description.text.starts_with("Musterstadt (Musterland, 1.234.567 Einwohner): 303 Leistungen, davon 1\u{a0}% ganz online"),
        "{}",
        description.text
    );
    assert!(description.text.contains(" Bund: 300 Leistungen, 1 ganz online (<1\u{a0}%)"));
}

#[test]
fn several_are_summed_and_have_a_tile_each_by_kreis_in_the_order_of_an_index() {
    let share = [(Level::Kreis, counts(1, 0, 1, 0)), (Level::Gemeinde, counts(1, 1, 0, 0))];
    let mut all = vec![
        municipality("091790000002", "Zwiesel, Markt", "Übersee", &share),
        municipality("091780000003", "Öde", "Musterland", &share),
        municipality("091620000000", "Musterstadt, Stadt", "Musterstadt, Stadt", &share),
        municipality("091780000001", "Zell", "", &share),
        municipality("091780000002", "Ahorn", "Musterland", &share),
    ];
    let drawn = svg("Synthetisch", &all, &REFERENCE);
    let picture = read(&drawn);
    picture.assert_geometry();
    let names: Vec<&str> = picture.tiles().iter().map(|[_, name, _]| *name).collect();
    assert_eq!(names, ["Musterstadt", "Ahorn", "Öde", "Zell", "Zwiesel"]);
    let shown = picture.texts();
    let heads =
        ["Kreisfreie Städte · 1 Gemeinde", "Musterland · 3 Gemeinden", "Übersee · 1 Gemeinde"];
    let found: Vec<&str> = shown.iter().filter(|text| text.contains(" · ")).copied().collect();
    assert_eq!(found, heads);
    let alle = shown.iter().position(|text| *text == "alle").unwrap();
    assert_eq!(shown[alle + 1..alle + 4], ["20 Leistungen", "50\u{a0}%", "10"]);
    assert_eq!(
        picture.tiles()[4][0],
        "Zwiesel, Markt (Übersee): 4 Leistungen, 2 ganz online (50\u{a0}%), 1 teilweise online (25\u{a0}%), \
         1 nur persönlich (25\u{a0}%), 0 nicht bekannt (0\u{a0}%)"
    );
    all.reverse();
    assert_eq!(svg("Synthetisch", &all, &REFERENCE), drawn);
}

#[test]
fn what_nobody_has_said_is_neither_zero_nor_online() {
    let tile = |share| {
        let one = municipality("091780000001", "A", "K", &[(Level::Gemeinde, share)]);
        let other = municipality("091780000002", "B", "K", &[(Level::Gemeinde, share)]);
        let picture = svg("Synthetisch", &[one, other], &[]);
        let picture = read(&picture);
        let hatched = picture.named("rect").filter(|rect| {
            rect.tile == Some(0) && rect.attributes["fill"] == "url(#coverage-unknown)"
        });
        let hatched: f64 = hatched.map(|rect| rect.number("width")).sum();
        let frame = picture.named("rect").find(|rect| rect.tile == Some(0)).unwrap();
        (picture.tiles()[0][2].to_owned(), (100.0 * hatched / frame.number("width")).round())
    };
    let (number, hatched) = tile(counts(0, 0, 0, 10));
    assert_eq!(number, "nicht bekannt");
    assert!(hatched > 90.0, "{hatched}");
    let (number, hatched) = tile(counts(2, 1, 2, 5));
    assert_eq!(number, "20–70\u{a0}% online");
    assert!((45.0..50.0).contains(&hatched), "{hatched}");
    assert_eq!(tile(counts(0, 0, 1, 3)).0, "0–75\u{a0}% online");
    assert_eq!(tile(counts(2, 1, 7, 0)), ("20\u{a0}% online".to_owned(), 0.0));
    assert_eq!(tile(counts(0, 0, 0, 0)).0, "keine Leistung");
}

#[test]
fn the_parts_of_a_bar_fill_it() {
    let town = municipality("091620000000", "A", "A", &[(Level::Land, counts(1, 2, 3, 4))]);
    let picture = svg("Synthetisch", &[town], &[]);
    let picture = read(&picture);
    let parts = picture.named("rect").filter(|rect| rect.number("height") == 27.0);
    let parts: Vec<(f64, f64)> =
        parts.map(|part| (part.number("x"), part.number("width"))).collect();
    let (bar, parts) = parts[..5].split_last().unwrap();
    for (at, (x, wide)) in parts.iter().enumerate() {
        assert!((wide - bar.1 * (at + 1) as f64 / 10.0).abs() < 0.11, "{wide}");
        let end = parts.get(at + 1).map_or(bar.0 + bar.1, |next| next.0);
        assert!((x + wide - end).abs() < 0.11, "a gap or an overlap at {end}");
    }
}

#[test]
fn nothing_to_show_is_said() {
    let none = svg("Synthetisch", &[], &REFERENCE);
    let none = read(&none);
    none.assert_geometry();
    assert!(none.texts().contains(&"Es wurde keine Gemeinde ausgewählt."));
    let empty = svg("Synthetisch", &[municipality("091620000000", "A", "A", &[])], &[]);
    let empty = read(&empty);
    empty.assert_geometry();
    assert!(empty.texts().contains(&"A: Es wurde keine Leistung gezählt."));
    assert!(!empty.texts().iter().any(|text| text.contains("Vergleich")));
    assert_eq!(cells(&csv(&[])).len(), 0);
}

#[test]
fn every_size_up_to_the_largest_land_fits() {
    for number in [2, 7, 8, 61, 2300] {
        let picture = svg("Synthetisch", &many(number), &REFERENCE);
        let picture = read(&picture);
        picture.assert_geometry();
        assert_eq!(picture.tiles, number);
        let whole: std::collections::BTreeSet<_> =
            picture.tiles().iter().map(|tile| tile[0]).collect();
        assert_eq!(whole.len(), number, "a municipality is missing or drawn twice");
    }
}

#[test]
fn the_real_names_of_bavaria_fit() {
    let path = crate::real::real("gemeinden/derived_gemeinden_ags_ars_plz.csv");
    let Some(path) = path else { return };
    let table = fs::read_to_string(path).unwrap();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let rows = table.records().map(Result::unwrap).filter(|row| &row[5] == "Bayern");
    let share = [(Level::Gemeinde, counts(3, 2, 1, 4))];
    let bavaria: Vec<_> = rows.map(|row| municipality(&row[1], &row[2], &row[3], &share)).collect();
    assert!(bavaria.len() > 2000);
    let picture = svg("Synthetische Zahlen", &bavaria, &[]);
    let picture = read(&picture);
    picture.assert_geometry();
    assert_eq!(picture.tiles, bavaria.len());
    let cut = picture.tiles().iter().filter(|[_, name, _]| name.contains('…')).count();
    assert!(cut * 10 < bavaria.len(), "{cut} of {} names are cut", bavaria.len());
}

#[test]
fn long_names_keep_what_tells_them_apart() {
    let short = |name| shorten(name, 10.0, 100.0);
    assert_eq!(short("Augsburg, Stadt"), "Augsburg");
    assert_eq!(short("Bad Kissingen"), "Bad Kissingen");
    assert_eq!(short("Prien am Chiemsee"), "Prien a.Chiemsee");
    assert_eq!(short("Kempten in der Musterregion"), "Kempten i.d.Mu…");
    assert_eq!(short("Muster (in der langen Region)"), "Muster");
    assert_eq!(short("Schwarzenbach a.Wald"), "Schwarz… a.Wald");
    assert_ne!(short("Schwarzenbach a.Wald"), short("Schwarzenbach a.Saale"));
}

#[test]
fn markup_in_a_name_is_text() {
    let name = "<script>\"x\" & 'y'</script>\u{0}\u{b}\u{ffff}\u{202e}";
    let one = municipality("091780000001", name, name, &[]);
    let other = municipality("091780000002", name, name, &[]);
    let two = [one, other];
    for picture in [svg(name, &two[..1], &[(name, name)]), svg(name, &two, &[])] {
        assert!(!picture.contains("<script"));
        assert!(!picture.contains(['\u{0}', '\u{b}', '\u{ffff}', '\u{202e}']));
        let picture = read(&picture);
        assert_eq!(picture.named("script").count(), 0);
        let title = &picture.named("title").next().unwrap().text;
        assert_eq!(title.trim_end(), "<script>\"x\" & 'y'</script>");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_and_number_makes_a_picture_and_a_table(
        title in any::<String>(),
        towns in prop::collection::vec((0..1_000_u64, any::<String>(), any::<String>(), any::<[usize; 4]>()), 0..12),
    ) {
        let towns: Vec<Municipality> = towns
            .into_iter()
            .map(|(key, name, kreis, [a, b, c, d])| {
                let key = format!("09{:010}", key * 9_999_999);
                municipality(&key, &name, &kreis, &[(Level::Land, counts(a, b, c, d))])
            })
            .collect();
        let picture = svg(&title, &towns, &[(&title, &title)]);
        let tiles = if towns.len() > 1 { towns.len() } else { 0 };
        prop_assert_eq!(read(&picture).tiles, tiles);
        prop_assert_eq!(cells(&csv(&towns)).len(), 2 * towns.len());
    }
}
