# Jeder Satz, den der Bot sagt. Klartext, Sie-Form, kurze Sätze.
# $name steht für einen Wert, den das Programm einsetzt.

# --- Antwort: Status ---------------------------------------------------------------------------
status-online = Online: ja
status-partly = Online: nur teilweise
status-in_person = Online: nein, nur vor Ort
status-unknown = Online: nicht bekannt
status-unknown-place = Ob das in { $place } online geht, weiß ich nicht.
status-unknown-general = Das ist in jeder Stadt anders.
status-general = Das gilt allgemein. Für { $place } ist es nicht geprüft.
status-capped = Die Stelle nennt einen Online-Weg. Mindestens ein Schritt geht aber nur vor Ort.
outage = Zurzeit gestört: { $what }.
outage-until = Zurzeit gestört (voraussichtlich bis { $until }): { $what }.
outage-instead = Stattdessen: { $instead }
card-title = { $service }
card-title-place = { $service } – { $place }
formerly = „{ $name }“ gibt es nicht mehr. Heute heißt es: { $service }.

# --- Antwort: Fakten ----------------------------------------------------------------------------
label-steps = So geht es
label-documents = Unterlagen
label-cost = Gebühr
label-where = Zuständig
label-deadline = Frist
label-duration = Dauer
step-online = { $what } – online
step-form = { $what } – mit Formular
step-post = { $what } – per Post
step-phone = { $what } – per Telefon
step-in_person = { $what } – vor Ort
paper-if = { $paper } ({ $condition })
amount = { $text }: { $amount } Euro
amount-free = { $text }: kostenlos
authority-bund = { $authority } (bundesweit)
authority-land = { $authority } in Ihrem Bundesland
authority-land-place = { $authority } im Land { $land }
authority-kreis = { $authority } Ihres Landkreises oder Ihrer Stadt
authority-kreis-place = { $authority } – dafür ist der { $kreis } zuständig
authority-kreis-place-feminine = { $authority } – dafür ist die { $kreis } zuständig
authority-city-place = { $authority } in { $place }
authority-gemeinde = { $authority } Ihrer Stadt oder Gemeinde
authority-town = Verwaltung von { $place }
authority-any-town = Ihre Stadt oder Gemeinde
office-of-region = { $office } ({ $region })
office-phone = Telefon { $phone }
office-email = E-Mail { $email }
clock = { $time } Uhr
weekdays = Mo Di Mi Do Fr Sa So
and-times = {" "}und{" "}
link-online = Online erledigen
link-form = Formular
link-form-titled = Formular: { $title }
link-appointment = Termin vereinbaren
link-information = Mehr dazu beim Bund
link-information-other = Mehr dazu: { $host }
source = Quelle: { $sources }
source-dated = { $title } (Stand { $date })
source-read = { $title } (eingelesen { $date })
and-more = … und { $count } weitere
variants = Auch: { $names }
more = Mehr
for-child = Für Kinder wichtig
for-child-unknown = Zu Kindern steht im Verzeichnis nichts Eigenes. Fragen Sie bitte die zuständige Stelle.
for-other-adult = Ob Sie das für andere erledigen dürfen, sagt die zuständige Stelle. Fragen Sie nach einer Vollmacht.
facts-in-german = Die Angaben stehen im Verzeichnis nur auf Deutsch.
ask-place = Nennen Sie mir Ihren Ort oder Ihre Postleitzahl. Dann sage ich, wer zuständig ist.

# --- Antwort: ein Punkt, den wir nicht wissen ---------------------------------------------------
unknown-place = { $label }: Das weiß ich für { $place } nicht.
unknown-cost = Was das kostet, weiß ich nicht. Das legt oft die Stadt oder das Bundesland fest.
unknown-documents = Welche Unterlagen Sie brauchen, weiß ich nicht sicher.
unknown-deadline = Eine feste Frist kenne ich nicht.
unknown-duration = Wie lange das dauert, weiß ich nicht. Es ist von Ort zu Ort verschieden.
unknown-hours = Die Öffnungszeiten kenne ich nicht.
unknown-form = Ein Formular kenne ich nicht.
unknown-appointment = Ob Sie einen Termin brauchen, weiß ich nicht.
ask-office = Auskunft gibt: { $authority }. Oder rufen Sie die { $phone } an.

# --- Knöpfe -------------------------------------------------------------------------------------
facet-online = Geht das online?
facet-cost = Gebühr
facet-documents = Unterlagen
facet-where = Wo?
facet-hours = Öffnungszeiten
facet-deadline = Frist
facet-duration = Dauer
facet-form = Formular
facet-appointment = Termin
none-of-these = Nichts davon
rate-fits = Passt
rate-wrong-service = Falsche Leistung
rate-wrong-facts = Angaben stimmen nicht
rated = Danke für die Rückmeldung. Gezählt wird nur die Antwort, nicht wer sie gibt.
rated-wrong-facts = Die Redaktion kann das prüfen. Verlassen Sie sich bis dahin bitte auf die zuständige Stelle.

# --- Rückfragen ---------------------------------------------------------------------------------
which-service = Was davon meinen Sie?
which-place = Welchen Ort meinen Sie mit „{ $typed }“?
which-place-too-many = „{ $typed }“ gibt es { $count }-mal in Deutschland. Bitte nennen Sie die Postleitzahl oder den Ortsteil.
choice-line = { $label }: { $differs }
pick-again = Bitte wählen Sie eine Zahl von 1 bis { $count }, oder fragen Sie neu.
unknown-postcode = Die Postleitzahl { $postcode } kenne ich nicht.
place-set = Gut, es geht um { $place }.
in-doubt = Ich bin nicht sicher. Am ehesten meinen Sie wohl das hier:
corrected = Verstanden, also so:
same-service = Dafür ist dieselbe Leistung richtig:
unsure = Das macht nichts. Wählen Sie, was am ehesten passt, oder erzählen Sie mir mehr.
what-about = Was möchten Sie erledigen?

# --- Nicht gewusst ------------------------------------------------------------------------------
abstain = Dazu finde ich leider keine Leistung.
abstain-elsewhere = Das ist wohl keine Sache für ein Amt. Dabei kann ich nicht helfen.
abstain-rephrase = Sagen Sie es bitte mit anderen Worten. Zum Beispiel: „Ausweis abgelaufen“ oder „Hund anmelden“.
abstain-phone = Oder rufen Sie die { $phone } an. Dort hilft Ihnen ein Mensch.
abstain-phone-contact = Oder fragen Sie direkt nach: { $contact }, Telefon { $phone }.
none-fits = Dann habe ich Sie falsch verstanden.
begun-anew = Gut, wir fangen von vorn an. Was möchten Sie erledigen?
dropped = Gut, das lassen wir. Was möchten Sie stattdessen erledigen?
facet-without-service = Um welche Sache geht es? Nennen Sie mir zum Beispiel „Reisepass“.

# --- Lebenslagen --------------------------------------------------------------------------------
event-title = { $event }: Ihre Checkliste
event-title-date = { $event } am { $date }: Ihre Checkliste
event-title-place = { $event } in { $place }: Ihre Checkliste
event-title-date-place = { $event } am { $date } in { $place }: Ihre Checkliste
event-steps = Das ist zu tun
event-step = { $service } ({ $status })
event-due = { "" }, bis { $date }
event-deadline = { "" } – { $deadline }
event-if = { "" }, { $condition }
event-left = Noch offene Schritte: { $count }. Schreiben Sie „mehr“.
event-pick = Mehr zu einem Schritt: Schreiben Sie seine Zahl.
event-each = Das ist bei jedem Schritt anders. Schreiben Sie die Zahl des Schritts.
event-ask-date = Nennen Sie mir den Tag, dann rechne ich die Fristen aus.
event-all = Alle Schritte
event-calendar = Fristen als Kalenderdatei
event-print = Zum Ausdrucken
event-need-date = Für den Kalender brauche ich den Tag. Nennen Sie ihn zum Beispiel so: „am 3. Mai“.
event-no-days = Hier gibt es keine Fristen, die sich ausrechnen lassen.
event-calendar-made = Fristen in der Kalenderdatei: { $count }. Öffnen Sie sie mit Ihrem Kalender.
calendar-entry = Frist: { $service }
which-event = Um welche Lebenslage geht es?
no-events = Checklisten zu Lebenslagen habe ich nicht.
short-online = online
short-partly = teils online
short-in_person = vor Ort
short-unknown = online?

# --- Was ist hier online? -----------------------------------------------------------------------
overview = So viel geht online
overview-place = So viel geht in { $place } online
overview-levels = Leistungen nach Zuständigkeit
overview-level = { $level }: { $online } online, { $partly } teilweise, { $in_person } nur vor Ort, { $unknown } nicht bekannt
overview-events = Schritte nach Lebenslage, die ganz online gehen
overview-event = { $event }: { $online } von { $all }
overview-unknown = „Nicht bekannt“ heißt: Für { $place } liegt mir keine Angabe vor.
overview-ask-place = Das gilt allgemein. Nennen Sie mir Ihren Ort, dann zähle ich dafür.
level-gemeinde = Gemeinde
level-kreis = Kreis
level-land = Land
level-bund = Bund

# --- Gespräch -----------------------------------------------------------------------------------
greeting = Guten Tag! Ich bin die Amtslotsin, ein Programm, kein Mensch.
greeting-operator = Mich betreibt: { $operator }.
greeting-ask = Ich sage Ihnen, welche Leistung Sie brauchen und ob das online geht. Worum geht es?
greeting-privacy = Bitte nennen Sie keine persönlichen Daten.
greeting-phone = Lieber sprechen? Rufen Sie die { $phone } an. In English: /english
intro = Ich bin ein Programm, kein Mensch.
intro-more = Datenschutz: { $privacy }. Mit einem Menschen sprechen: { $phone }.
personal-data = Das sieht nach persönlichen Daten aus. Bitte schicken Sie mir keine. Ich brauche und speichere sie nicht.
thanks = Gern geschehen. Kann ich noch etwas für Sie tun?
goodbye = Auf Wiedersehen!
help = Fragen Sie mich in Ihren Worten, was Sie erledigen möchten.
help-examples = Zum Beispiel
quoted = „{ $text }“
help-example-1 = perso abgelaufen, geht das online?
help-example-2 = was kostet ein reisepass
help-example-3 = bin umgezogen nach Köln
help-facets = Ich sage Ihnen auch: Gebühr, Unterlagen, Frist und wer zuständig ist.
meta = Ich bin ein Programm, kein Mensch. Ich vergleiche Ihre Worte mit einem Verzeichnis von { $services } Leistungen.
meta-operator-unknown = Wer mich betreibt, ist hier nicht hinterlegt.
meta-no-model = Ich speichere nicht, was Sie schreiben. Eine Sprach-KI steckt nicht in mir.
meta-sources = Zu jeder Angabe nenne ich Quelle und Stand.
human = Einen Menschen erreichen Sie unter der Behördennummer { $phone }.
human-contact = Einen Menschen erreichen Sie hier: { $contact }, Telefon { $phone }.
human-hours = Erreichbar: { $hours }.
human-115 = Oder rufen Sie die Behördennummer 115 an.
hours-115 = Die 115 ist meist montags bis freitags von 8 bis 18 Uhr besetzt. Nicht jeder Ort nimmt teil.
summary-copy = Damit Sie es nur einmal sagen müssen, zum Kopieren:
summary-service = Anliegen: { $value }
summary-leika = LeiKa-Schlüssel: { $value }
summary-event = Lebenslage: { $value }
summary-date = Tag: { $value }
summary-place = Ort: { $value }
summary-asked = Meine Frage: { $value }
summary-told = Auskunft des Programms: { $value }
human-office = Für „{ $service }“ ist zuständig: { $authority }.
abuse = Das überhöre ich. Wenn Sie eine Frage zu einer Leistung haben, helfe ich gern.
injection = Ich beantworte nur Fragen zu Leistungen der Verwaltung. Meine Antworten stehen im Verzeichnis.
media = Ich kann nur Text lesen. Bitte schreiben Sie mir Ihre Frage.
empty = Ich habe nichts gelesen. Schreiben Sie mir bitte, worum es geht.
too-long = Das ist sehr lang. Ich habe nur Anfang und Ende gelesen.
stale = Dieser Knopf ist veraltet. Bitte fragen Sie noch einmal.
apology = Da ist bei mir etwas schiefgegangen. Bitte fragen Sie noch einmal oder rufen Sie die { $phone } an.
slow-down = Das geht mir zu schnell. Bitte warten Sie eine Minute.

# --- Gefahr -------------------------------------------------------------------------------------
urgent-fire = Bei Gefahr für Leib und Leben: Rufen Sie sofort die 112 an (Feuerwehr und Rettungsdienst).
urgent-police = Sind Sie in Gefahr? Rufen Sie sofort die 110 an (Polizei).
urgent-doctor = Ärztliche Hilfe außerhalb der Sprechzeiten: 116 117. Bei Lebensgefahr rufen Sie sofort die 112 an.
urgent-poison = Bei Vergiftung: Geht es jemandem schlecht, rufen Sie sofort die 112 an. Sonst rufen Sie den Giftnotruf Ihres Bundeslands an, Tag und Nacht. Heben Sie die Packung auf.
urgent-poison-here = Bei Vergiftung: Geht es jemandem schlecht, rufen Sie sofort die 112 an. Sonst rufen Sie den Giftnotruf an: { $number }, Tag und Nacht. Heben Sie die Packung auf.
urgent-poison-lands = Giftnotruf
urgent-suicide = Sie sind nicht allein. Die Telefonseelsorge ist Tag und Nacht da, kostenlos: 0800 111 0 111. In Lebensgefahr rufen Sie sofort die 112 an.
urgent-violence = In Gefahr: 110. Das Hilfetelefon „Gewalt gegen Frauen“ ist Tag und Nacht da, kostenlos: 116 016.
urgent-child = Ist ein Kind in Gefahr? Rufen Sie sofort die 110 an. Das Jugendamt hilft ebenfalls.
urgent-more = Sobald niemand in Gefahr ist, helfe ich Ihnen gern weiter.

# --- Befehle ------------------------------------------------------------------------------------
command-start = Begrüßung
command-hilfe = Was ich kann
command-status = Was bei Ihnen online geht
command-lebenslagen = Checklisten, zum Beispiel zum Umzug
command-sprache = Deutsch oder Englisch
command-auskunft = Was von Ihnen gespeichert ist
command-ort = Ihr Ort, zum Beispiel: /ort 72070
command-datenschutz = Datenschutz
command-impressum = Impressum
command-kontakt = Einen Menschen erreichen
command-loeschen = Dieses Gespräch vergessen
command-unknown = Den Befehl { $command } kenne ich nicht.{ $hint }
command-hint = { " " }Meinten Sie { $command }?
ort-missing = Schreiben Sie bitte den Ort dazu, zum Beispiel: /ort 72070
ort-unknown = Den Ort „{ $typed }“ kenne ich nicht.
privacy = Ich merke mir nur das laufende Gespräch: worum es geht und wo, höchstens { $minutes } Minuten. Ihre Worte speichere ich nicht.
privacy-link = Datenschutz
imprint = Betreiber: { $operator }
imprint-missing = Der Betreiber hat kein Impressum hinterlegt.
imprint-link = Impressum
forgotten = Ich habe dieses Gespräch vergessen.
stored = Von diesem Gespräch ist gespeichert
stored-nothing = Von Ihnen ist nichts gespeichert.
stored-until = Ihre Worte speichere ich nie. { $minutes } Minuten nach Ihrer letzten Nachricht wird alles gelöscht. Mit /loeschen geht es sofort.
stored-place = Ort: { $value }
stored-service = Leistung: { $value }
stored-facets = Gefragt nach: { $value }
stored-others = Was sonst gemeint sein konnte: { $value }
stored-event = Lebenslage: { $value }
stored-question = Offene Rückfrage: { $value }
stored-language = Sprache: { $value }
stored-rated = Bewertet: { $value }
stored-danger = Zuletzt genannter Notfall: { $value }
which-language = Welche Sprache? Which language?
language-de = Deutsch
language-en = English
language-set = Gut, ich antworte auf Deutsch.

# --- Discord ------------------------------------------------------------------------------------
discord-leistung = Eine Leistung finden und ob sie online geht
discord-frage = Was möchten Sie erledigen?
discord-ort = Ihr Ort oder Ihre Postleitzahl
discord-sprache = de oder en
discord-menu = Leistung finden
discord-links = Links
discord-all = Alles dazu, nur für Sie
choose = Bitte auswählen
