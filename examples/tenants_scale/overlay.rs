//! Overlays of made-up towns, with entries as towns have them beside those of the catalog.

/// Services as towns have them beside those of the catalog.
const KINDS: [(&str, &str); 20] = [
    ("Lastenrad", "ausleihen"),
    ("Mühlenbad", "besuchen"),
    ("Eishalle", "mieten"),
    ("Gelbe Tonne", "bestellen"),
    ("Bürgerbus", "buchen"),
    ("Grillplatz", "reservieren"),
    ("Stadtarchiv", "benutzen"),
    ("Repair-Café", "besuchen"),
    ("Ferienpass", "kaufen"),
    ("Kleingarten", "pachten"),
    ("Bootsliegeplatz", "pachten"),
    ("Marktstand", "anmelden"),
    ("Baumpatenschaft", "übernehmen"),
    ("Mängelmelder", "nutzen"),
    ("Seniorenfahrdienst", "bestellen"),
    ("Heimatpreis", "vorschlagen"),
    ("Dorfgemeinschaftshaus", "mieten"),
    ("Laubsack", "abholen"),
    ("Jugendbühne", "buchen"),
    ("Regenwasserzisterne", "fördern lassen"),
];
const DISTRICTS: [&str; 12] = [
    "Oberau",
    "Unterau",
    "Lindenhof",
    "Steinbruch",
    "Mühltal",
    "Rosenberg",
    "Weiherfeld",
    "Birkenau",
    "Sonnenhang",
    "Talblick",
    "Hasenbühl",
    "Kirchwiesen",
];

/// The files of an overlay: services of its own and their phrases.
pub fn texts(tenant: usize, entries: usize) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in 0..entries {
        let (thing, verb) = KINDS[(tenant + entry) % KINDS.len()];
        let district = DISTRICTS[(tenant + entry / KINDS.len()) % DISTRICTS.len()];
        let id = format!("ort-{tenant}-{entry}");
        let service = format!(
            "format = 1\ntopic = \"kultur-freizeit\"\nlevel = \"gemeinde\"\nauthority = \"Bürgerbüro\"\n\
             [name.de]\nofficial = \"{thing} {district} {verb}\"\nplain = \"{thing} {district}\"\n\
             [online]\nkind = \"nationwide_partly\"\nreason = \"Den Antrag gibt es online.\"\n"
        );
        let phrases = [
            format!("{thing} im {district} {verb}"),
            format!("wie kann ich {thing} {district} {verb}"),
            format!("wir möchten in {district} {thing} {verb}"),
            format!("{thing} {district} frei am samstag"),
            format!("was muss ich für {thing} {district} tun nummer {entry}"),
        ];
        texts.push((format!("services/kultur-freizeit/{id}.toml"), service));
        texts.push((format!("phrases/de/{id}.txt"), phrases.join("\n")));
    }
    texts
}
