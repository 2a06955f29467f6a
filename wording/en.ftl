# Every sentence the bot says. Plain words, short sentences.
# $name stands for a value that the program fills in.

# --- Answer: status ------------------------------------------------------------------------------
status-online = Online: yes
status-partly = Online: only partly
status-in_person = Online: no, only in person
status-unknown = Online: not known
status-unknown-place = I do not know if this is possible online in { $place }.
status-unknown-general = This is different in every town.
status-general = This is the general rule. It has not been checked for { $place }.
status-capped = The office says there is an online way. But at least one step is only possible in person.
outage = Not working at the moment: { $what }.
outage-until = Not working at the moment (probably until { $until }): { $what }.
outage-instead = Instead: { $instead }
card-title = { $service }
card-title-place = { $service } – { $place }
formerly = “{ $name }” no longer exists. The name today is: { $service }.

# --- Answer: facts -------------------------------------------------------------------------------
label-steps = What to do
label-documents = Documents
label-cost = Fee
label-where = Responsible office
label-deadline = Deadline
label-duration = How long it takes
step-online = { $what } – online
step-form = { $what } – with a form
step-post = { $what } – by post
step-phone = { $what } – by phone
step-in_person = { $what } – in person
paper-if = { $paper } ({ $condition })
amount = { $text }: { $amount } euros
amount-free = { $text }: free
authority-bund = { $authority } (for all of Germany)
authority-land = { $authority } in your federal state (Bundesland)
authority-land-place = { $authority } in the federal state { $land }
authority-kreis = { $authority } of your district (Landkreis) or city
authority-kreis-place = { $authority } – the { $kreis } is responsible for this
authority-kreis-place-feminine = { $authority } – the { $kreis } is responsible for this
authority-city-place = { $authority } in { $place }
authority-gemeinde = { $authority } of your town or municipality (Gemeinde)
authority-town = Administration of { $place }
authority-any-town = your town or municipality (Gemeinde)
office-of-region = { $office } ({ $region })
office-phone = Phone { $phone }
office-email = Email { $email }
clock = { $time }
weekdays = Mon Tue Wed Thu Fri Sat Sun
and-times = {" "}and{" "}
link-online = Do it online
link-form = Form
link-form-titled = Form: { $title }
link-appointment = Book an appointment
link-information = More from the federal government
link-information-other = More about this: { $host }
source = Source: { $sources }
source-dated = { $title } (as of { $date })
source-read = { $title } (read { $date })
and-more = … and { $count } more
variants = Also: { $names }
more = More
for-child = Important for children
for-child-unknown = My list says nothing special about children. Please ask the responsible office.
for-other-adult = Can you do this for someone else? The responsible office can tell you. Ask about a written permission (Vollmacht).
facts-in-german = The details in my list are only in German.
ask-place = Tell me your town or your postcode. Then I can say who is responsible.

# --- Answer: a point that we do not know ---------------------------------------------------------
unknown-place = { $label }: I do not know this for { $place }.
unknown-cost = I do not know what this costs. Often the town or the federal state decides that.
unknown-documents = I am not sure which documents you need.
unknown-deadline = I do not know of a fixed deadline.
unknown-duration = I do not know how long this takes. It is different from place to place.
unknown-hours = I do not know the opening hours.
unknown-form = I do not know of a form.
unknown-appointment = I do not know if you need an appointment.
ask-office = You can ask: { $authority }. Or call { $phone }.

# --- Buttons -------------------------------------------------------------------------------------
facet-online = Possible online?
facet-cost = Fee
facet-documents = Documents
facet-where = Where?
facet-hours = Opening hours
facet-deadline = Deadline
facet-duration = How long?
facet-form = Form
facet-appointment = Appointment
none-of-these = None of these
rate-fits = Correct
rate-wrong-service = Wrong service
rate-wrong-facts = Details are wrong
rated = Thank you for your feedback. We only count the answer, not who gives it.
rated-wrong-facts = The editors can check this. Until then, please ask the responsible office.

# --- Questions back ------------------------------------------------------------------------------
which-service = Which of these do you mean?
which-place = Which place do you mean by “{ $typed }”?
which-place-too-many = There are { $count } places called “{ $typed }” in Germany. Please tell me the postcode or the part of town (Ortsteil).
choice-line = { $label }: { $differs }
pick-again = Please choose a number from 1 to { $count }, or ask a new question.
unknown-postcode = I do not know the postcode { $postcode }.
place-set = OK, this is about { $place }.
in-doubt = I am not sure. You probably mean this:
corrected = I understand. Then it is this:
same-service = The same service is right for that:
unsure = That is no problem. Choose what fits best, or tell me more.
what-about = What do you need to do?

# --- Not known -----------------------------------------------------------------------------------
abstain = Sorry, I cannot find a service for this.
abstain-elsewhere = This is probably not a matter for a public office. I cannot help with it.
abstain-rephrase = Please say it in other words. For example: “ID card expired” or “register my dog”.
abstain-phone = Or call { $phone }. A person will help you there.
abstain-phone-contact = Or ask here: { $contact }, phone { $phone }.
none-fits = Then I did not understand you correctly.
begun-anew = OK, we start again. What do you need to do?
dropped = OK, we stop with that. What do you need to do instead?
facet-without-service = What is your question about? Please name it, for example “passport”.

# --- Life events ---------------------------------------------------------------------------------
event-title = { $event }: your checklist
event-title-date = { $event } on { $date }: your checklist
event-title-place = { $event } in { $place }: your checklist
event-title-date-place = { $event } on { $date } in { $place }: your checklist
event-steps = What you need to do
event-step = { $service } ({ $status })
event-due = { "" }, by { $date }
event-deadline = { "" } – { $deadline }
event-if = { "" }, { $condition }
event-left = Steps left: { $count }. Write “more” to see them.
event-pick = For more about a step, write its number.
event-each = That is different for each step. Write the number of the step.
event-ask-date = Tell me the day. Then I can work out the deadlines.
event-all = All steps
event-calendar = Deadlines as a calendar file
event-print = To print
event-need-date = I need the day for the calendar. Write it like this: “on 3 May”.
event-no-days = There are no deadlines here that I can work out.
event-calendar-made = Deadlines in the calendar file: { $count }. Open the file with your calendar.
calendar-entry = Deadline: { $service }
which-event = Which life event is it about?
no-events = I have no checklists for life events.
short-online = online
short-partly = partly online
short-in_person = in person
short-unknown = online?

# --- What is online here? ------------------------------------------------------------------------
overview = How much is online
overview-place = How much is online in { $place }
overview-levels = Services by level of government
overview-level = { $level }: { $online } online, { $partly } partly, { $in_person } only in person, { $unknown } not known
overview-events = Steps for each life event that are fully online
overview-event = { $event }: { $online } of { $all }
overview-unknown = “Not known” means: I have no information for { $place }.
overview-ask-place = This is the general picture. Tell me your town, then I can count for it.
level-gemeinde = Municipality (Gemeinde)
level-kreis = District (Kreis)
level-land = Federal state (Land)
level-bund = Federal government (Bund)

# --- Conversation --------------------------------------------------------------------------------
greeting = Hello! I am the Amtslotsin. I am a program, not a person.
greeting-operator = I am run by: { $operator }.
greeting-ask = I tell you which service you need and if it is possible online. What is it about?
greeting-privacy = Please do not send any personal data.
greeting-phone = Do you prefer to talk? Call { $phone }. Auf Deutsch: /deutsch
intro = I am a program, not a person.
intro-more = Privacy: { $privacy }. Talk to a person: { $phone }.
personal-data = This looks like personal data. Please do not send me any. I do not need it and do not store it.
thanks = You are welcome. Can I help you with anything else?
goodbye = Goodbye!
help = Ask me in your own words what you need to do.
help-examples = For example
quoted = “{ $text }”
help-example-1 = passport expired, can I do that online?
help-example-2 = how much is a passport
help-example-3 = I moved to Köln
help-facets = I can also tell you: fee, documents, deadline and who is responsible.
meta = I am a program, not a person. I compare your words with a list of { $services } services.
meta-operator-unknown = I have no information here about who runs me.
meta-no-model = I do not store what you write. There is no language AI in me.
meta-sources = For every fact I name the source and its date.
human = You can reach a person on the public service number (Behördennummer) { $phone }.
human-contact = You can reach a person here: { $contact }, phone { $phone }.
human-hours = Available: { $hours }.
human-115 = Or call the public service number 115 (Behördennummer 115).
hours-115 = The 115 is usually open Monday to Friday, 8 am to 6 pm. Not every place takes part.
summary-copy = To copy, so that you only need to say it once:
summary-service = Request: { $value }
summary-leika = LeiKa number (LeiKa-Schlüssel): { $value }
summary-event = Life event: { $value }
summary-date = Day: { $value }
summary-place = Place: { $value }
summary-asked = My question: { $value }
summary-told = Answer of the program: { $value }
human-office = The responsible office for “{ $service }” is: { $authority }.
abuse = I will ignore that. If you have a question about a service, I am happy to help.
injection = I only answer questions about public services. My answers are in a fixed list.
media = I can only read text. Please write your question to me.
empty = I cannot read anything here. Please write what it is about.
too-long = This is very long. I have only read the beginning and the end.
stale = This button is too old. Please ask again.
apology = Sorry, something went wrong. Please ask again or call { $phone }.
slow-down = That is too fast for me. Please wait one minute.

# --- Danger --------------------------------------------------------------------------------------
urgent-fire = Is a life in danger? Call 112 now (fire brigade and ambulance).
urgent-police = Are you in danger? Call 110 now (police).
urgent-doctor = Medical help when doctors are closed: 116 117. If a life is in danger: 112.
urgent-poison = Poisoning: If someone is unwell, call 112 now. If not, call the poison helpline (Giftnotruf) of your federal state, day and night. Keep the packaging.
urgent-poison-here = Poisoning: If someone is unwell, call 112 now. If not, call the poison helpline (Giftnotruf): { $number }, day and night. Keep the packaging.
urgent-poison-lands = Poison helpline (Giftnotruf)
urgent-suicide = You are not alone. The crisis helpline (Telefonseelsorge) is there day and night. It is free: 0800 111 0 111 (0800 1110111). If your life is in danger: 112.
urgent-violence = In danger: 110. The helpline “Violence against women” (Hilfetelefon) is there day and night. It is free: 116 016.
urgent-child = Is a child in danger? Call 110 now. The youth welfare office (Jugendamt) helps too.
urgent-more = When nobody is in danger, I am happy to help you with the rest.

# --- Commands ------------------------------------------------------------------------------------
command-start = Greeting
command-hilfe = What I can do
command-status = What is online in your town
command-lebenslagen = Checklists, for example for moving house
command-sprache = German or English
command-auskunft = What is stored about you
command-ort = Your town, for example: /ort 72070
command-datenschutz = Privacy
command-impressum = Legal notice (Impressum)
command-kontakt = Reach a person
command-loeschen = Forget this conversation
command-unknown = I do not know the command { $command }.{ $hint }
command-hint = { " " }Did you mean { $command }?
ort-missing = Please add the place, for example: /ort 72070
ort-unknown = I do not know the place “{ $typed }”.
privacy = I only remember this conversation: what it is about and where, for { $minutes } minutes at most. I do not store your words.
privacy-link = Privacy
imprint = Operator: { $operator }
imprint-missing = The operator has not given a legal notice (Impressum).
imprint-link = Legal notice (Impressum)
forgotten = I have forgotten this conversation.
stored = Stored from this conversation
stored-nothing = Nothing about you is stored.
stored-until = I never store your words. Everything is deleted { $minutes } minutes after your last message. To delete it at once, write /loeschen.
stored-place = Place: { $value }
stored-service = Service: { $value }
stored-facets = You asked about: { $value }
stored-others = What else you could mean: { $value }
stored-event = Life event: { $value }
stored-question = Open question: { $value }
stored-language = Language: { $value }
stored-rated = Rated: { $value }
stored-danger = Emergency last mentioned: { $value }
which-language = Which language? Welche Sprache?
language-de = Deutsch
language-en = English
language-set = OK, I will answer in English.

# --- Discord -------------------------------------------------------------------------------------
discord-leistung = Find a service and if it is online
discord-frage = What do you need to do?
discord-ort = Your town or your postcode
discord-sprache = de or en
discord-menu = Find a service
discord-links = Links
discord-all = All details, only for you
choose = Please choose
