# Was sich ändert, wenn der Bot „du“ sagt. Alles andere steht in de.ftl.

# --- Antwort: Fakten -----------------------------------------------------------------------------
authority-land = { $authority } in deinem Bundesland
authority-kreis = { $authority } deines Landkreises oder deiner Stadt
authority-gemeinde = { $authority } deiner Stadt oder Gemeinde
authority-any-town = deine Stadt oder Gemeinde
for-child-unknown = Zu Kindern steht im Verzeichnis nichts Eigenes. Frag bitte die zuständige Stelle.
for-other-adult = Ob du das für andere erledigen darfst, sagt die zuständige Stelle. Frag nach einer Vollmacht.
ask-place = Nenne mir deinen Ort oder deine Postleitzahl. Dann sage ich, wer zuständig ist.

# --- Antwort: ein Punkt, den wir nicht wissen ----------------------------------------------------
unknown-documents = Welche Unterlagen du brauchst, weiß ich nicht sicher.
unknown-appointment = Ob du einen Termin brauchst, weiß ich nicht.
ask-office = Auskunft gibt: { $authority }. Oder ruf die { $phone } an.

# --- Knöpfe --------------------------------------------------------------------------------------
rated-wrong-facts = Die Redaktion kann das prüfen. Verlass dich bis dahin bitte auf die zuständige Stelle.

# --- Rückfragen ----------------------------------------------------------------------------------
which-service = Was davon meinst du?
is-it-this-service = Meinst du das?
which-place = Welchen Ort meinst du mit „{ $typed }“?
which-place-too-many = „{ $typed }“ gibt es { $count }-mal in Deutschland. Bitte nenne die Postleitzahl oder den Ortsteil.
pick-again = Bitte wähle eine Zahl von 1 bis { $count }, oder frag neu.
in-doubt = Ich bin nicht sicher. Am ehesten meinst du wohl das hier:
unsure = Das macht nichts. Wähle, was am ehesten passt, oder erzähl mir mehr.
what-about = Was möchtest du erledigen?

# --- Nicht gewusst -------------------------------------------------------------------------------
abstain-rephrase = Sag es bitte mit anderen Worten. Zum Beispiel: „Ausweis abgelaufen“ oder „Hund anmelden“.
abstain-phone = Oder ruf die { $phone } an. Dort hilft dir ein Mensch.
abstain-phone-contact = Oder frag direkt nach: { $contact }, Telefon { $phone }.
none-fits = Dann habe ich dich falsch verstanden.
begun-anew = Gut, wir fangen von vorn an. Was möchtest du erledigen?
dropped = Gut, das lassen wir. Was möchtest du stattdessen erledigen?
facet-without-service = Um welche Sache geht es? Nenn mir zum Beispiel „Reisepass“.

# --- Lebenslagen ---------------------------------------------------------------------------------
event-title = { $event }: deine Checkliste
event-title-date = { $event } am { $date }: deine Checkliste
event-title-place = { $event } in { $place }: deine Checkliste
event-title-date-place = { $event } am { $date } in { $place }: deine Checkliste
event-left = Noch offene Schritte: { $count }. Schreib „mehr“.
event-pick = Mehr zu einem Schritt: Schreib seine Zahl.
event-each = Das ist bei jedem Schritt anders. Schreib die Zahl des Schritts.
event-ask-date = Nenne mir den Tag, dann rechne ich die Fristen aus.
event-need-date = Für den Kalender brauche ich den Tag. Nenne ihn zum Beispiel so: „am 3. Mai“.
event-calendar-made = Fristen in der Kalenderdatei: { $count }. Öffne sie mit deinem Kalender.

# --- Was ist hier online? ------------------------------------------------------------------------
overview-ask-place = Das gilt allgemein. Nenne mir deinen Ort, dann zähle ich dafür.

# --- Gespräch ------------------------------------------------------------------------------------
greeting-ask = Ich sage dir, welche Leistung du brauchst und ob das online geht. Worum geht es?
greeting-privacy = Bitte nenne keine persönlichen Daten.
greeting-phone = Lieber sprechen? Ruf die { $phone } an. In English: /english
personal-data = Das sieht nach persönlichen Daten aus. Bitte schick mir keine. Ich brauche und speichere sie nicht.
thanks = Gern geschehen. Kann ich noch etwas für dich tun?
help = Frag mich in deinen Worten, was du erledigen möchtest.
help-facets = Ich sage dir auch: Gebühr, Unterlagen, Frist und wer zuständig ist.
meta = Ich bin ein Programm, kein Mensch. Ich vergleiche deine Worte mit einem Verzeichnis von { $services } Leistungen.
meta-no-model = Ich speichere nicht, was du schreibst. Eine Sprach-KI steckt nicht in mir.
human = Einen Menschen erreichst du unter der Behördennummer { $phone }.
human-contact = Einen Menschen erreichst du hier: { $contact }, Telefon { $phone }.
human-115 = Oder ruf die Behördennummer 115 an.
summary-copy = Damit du es nur einmal sagen musst, zum Kopieren:
abuse = Das überhöre ich. Wenn du eine Frage zu einer Leistung hast, helfe ich gern.
media = Ich kann nur Text lesen. Bitte schreib mir deine Frage.
empty = Ich habe nichts gelesen. Schreib mir bitte, worum es geht.
stale = Dieser Knopf ist veraltet. Bitte frag noch einmal.
apology = Da ist bei mir etwas schiefgegangen. Bitte frag noch einmal oder ruf die { $phone } an.
slow-down = Das geht mir zu schnell. Bitte warte eine Minute.

# --- Gefahr --------------------------------------------------------------------------------------
urgent-fire = Bei Gefahr für Leib und Leben: Ruf sofort die 112 an (Feuerwehr und Rettungsdienst).
urgent-police = Bist du in Gefahr? Ruf sofort die 110 an (Polizei).
urgent-doctor = Ärztliche Hilfe außerhalb der Sprechzeiten: 116 117. Bei Lebensgefahr ruf sofort die 112 an.
urgent-poison = Bei Vergiftung: Geht es jemandem schlecht, ruf sofort die 112 an. Sonst ruf den Giftnotruf deines Bundeslands an, Tag und Nacht. Heb die Packung auf.
urgent-poison-here = Bei Vergiftung: Geht es jemandem schlecht, ruf sofort die 112 an. Sonst ruf den Giftnotruf an: { $number }, Tag und Nacht. Heb die Packung auf.
urgent-suicide = Du bist nicht allein. Die Telefonseelsorge ist Tag und Nacht da, kostenlos: 0800 111 0 111. In Lebensgefahr ruf sofort die 112 an.
urgent-child = Ist ein Kind in Gefahr? Ruf sofort die 110 an. Das Jugendamt hilft ebenfalls.
urgent-more = Sobald niemand in Gefahr ist, helfe ich dir gern weiter.

# --- Befehle -------------------------------------------------------------------------------------
command-status = Was bei dir online geht
command-auskunft = Was von dir gespeichert ist
command-ort = Dein Ort, zum Beispiel: /ort 72070
command-hint = { " " }Meintest du { $command }?
ort-missing = Schreib bitte den Ort dazu, zum Beispiel: /ort 72070
privacy = Ich merke mir nur das laufende Gespräch: worum es geht und wo, höchstens { $minutes } Minuten. Deine Worte speichere ich nicht.
stored-nothing = Von dir ist nichts gespeichert.
stored-until = Deine Worte speichere ich nie. { $minutes } Minuten nach deiner letzten Nachricht wird alles gelöscht. Mit /loeschen geht es sofort.
store-no-thread = Hier gibt es keinen Eintrag, der zu dir gehört.
store-down = Ich kann gerade nicht nachsehen: Die Datenbank antwortet nicht. Deine Worte stehen dort nie. Alles andere wird { $minutes } Minuten nach deiner letzten Nachricht gelöscht.
store-not-erased = Löschen ging gerade nicht: Die Datenbank antwortet nicht. Bitte versuch es später noch einmal. Von selbst wird alles { $minutes } Minuten nach deiner letzten Nachricht gelöscht.

# --- Discord -------------------------------------------------------------------------------------
discord-frage = Was möchtest du erledigen?
discord-ort = Dein Ort oder deine Postleitzahl
discord-all = Alles dazu, nur für dich
goodbye = Tschüss!
greeting = Hallo! Ich bin die Amtslotsin, ein Programm, kein Mensch.
online-without-link = Den Link dazu nennt die Quelle nicht. Frag bitte die zuständige Stelle.
