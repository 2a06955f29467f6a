//! Life events: from what somebody tells to a checklist with days, a calendar file and a text to
//! print; and what is online in a town.

use amtslotse::{
    channel::terminal::render,
    conversation::{Conversation, OpenEvent},
    message::{Action, EventForm, Message},
    reply::{Block, DecisionKind, Reply},
};
use time::macros::datetime;

use crate::BOT;

/// A citizen who writes on 22 November 2026 and has been greeted.
struct Talk(Conversation);

impl Talk {
    fn new() -> Self {
        Self(Conversation::introduced())
    }

    fn send(&mut self, mut message: Message) -> Reply {
        message.at = datetime!(2026-11-22 12:00 UTC);
        let (reply, next) = BOT.respond(&message, &self.0);
        self.0 = next;
        reply
    }

    fn say(&mut self, text: &str) -> Reply {
        self.send(Message::text(text))
    }
}

fn text(reply: &Reply) -> String {
    render(reply, false)
}

fn event(reply: &Reply) -> &str {
    reply.outcome.life_event.as_deref().unwrap_or_default()
}

#[test]
fn who_tells_a_life_event_gets_its_checklist() {
    for (told, expected) in [
        ("ich ziehe um", "umzug"),
        ("wir ziehen nächsten monat nach köln", "umzug"),
        ("mein vater ist gestorben", "todesfall"),
        ("ich bekomme ein kind", "geburt"),
        ("checkliste hochzeit", "heirat"),
        ("hab meinen job verloren", "arbeitslosigkeit"),
        ("my father died, what do I have to do", "todesfall"),
    ] {
        let reply = Talk::new().say(told);
        assert_eq!(event(&reply), expected, "{told}: {:?}", reply.outcome);
        let outcome = &reply.outcome;
        assert_eq!((outcome.decision, outcome.asserted), (DecisionKind::Answer, 1), "{told}");
        let life_event = BOT.catalog().life_event(&expected.parse().unwrap()).unwrap();
        let first: Vec<_> = life_event.step.iter().take(5).map(|s| s.service.clone()).collect();
        assert_eq!(outcome.services, first, "{told}");
        assert_eq!(outcome.availability.len(), outcome.services.len());
    }
    for wanted in ["wohnsitz ummelden", "sterbeurkunde beantragen", "kindergeld", "hund abmelden"] {
        assert_eq!(event(&Talk::new().say(wanted)), "", "{wanted} is one service");
    }
}

#[test]
fn deadlines_are_counted_from_the_day_told() {
    let mut talk = Talk::new();
    let told = text(&talk.say("ich ziehe am 3. mai um"));
    assert!(told.contains("Umzug am 03.05.2027") && told.contains("bis 17.05.2027"), "{told}");
    // Whoever has died has died.
    let told = text(&Talk::new().say("mein vater ist am 3. mai gestorben"));
    assert!(told.contains("Todesfall am 03.05.2026"), "{told}");
    let told = text(&Talk::new().say("bin am 3. mai umgezogen"));
    assert!(told.contains("Umzug am 03.05.2026"), "{told}");
    // The day may come later, and change; the place too.
    let mut talk = Talk::new();
    let undated = text(&talk.say("ich ziehe um"));
    assert!(undated.contains("Nennen Sie mir den Tag"), "{undated}");
    assert!(text(&talk.say("am 1. märz")).contains("bis 15.03.2027"));
    assert!(text(&talk.say("nein, am 10.3.2027")).contains("bis 24.03.2027"));
    let there = text(&talk.say("und in Tübingen?"));
    assert!(there.contains("am 10.03.2027 in Tübingen"), "{there}");
}

#[test]
fn each_step_leads_to_its_service_and_the_list_stays_open() {
    let mut talk = Talk::new();
    let list = talk.say("mein vater ist gestorben");
    assert_eq!(talk.say("1").outcome.services[0].as_str(), "sterbefall-anzeigen");
    assert_eq!(talk.say("3").outcome.services[0], list.outcome.services[2]);
    let mut pressed = Talk::new();
    let first = list.choices[0].action.clone();
    assert_eq!(pressed.send(Message::pressed(first)).outcome.services[0], list.outcome.services[0]);
    let far = text(&talk.say("ich ziehe um")) + &text(&talk.say("99"));
    assert!(far.contains("Zahl von 1 bis"), "{far}");
}

#[test]
fn more_shows_all_steps() {
    let mut talk = Talk::new();
    let short = talk.say("ich ziehe um");
    let whole = talk.say("mehr");
    let steps = |reply: &Reply| {
        reply.blocks.iter().find_map(|block| match block {
            Block::Steps { items, .. } => Some(items.len()),
            _ => None,
        })
    };
    let all = BOT.catalog().life_event(&"umzug".parse().unwrap()).unwrap().step.len();
    assert_eq!(steps(&whole), Some(all));
    assert!(steps(&short) < steps(&whole));
}

#[test]
fn a_calendar_file_holds_every_deadline_that_can_be_counted() {
    let mut talk = Talk::new();
    talk.say("ich ziehe am 3. mai um");
    let reply = talk.say("kalender");
    let [file] = &reply.files[..] else { panic!("one file: {reply:?}") };
    assert_eq!(
        (file.name.as_str(), file.media_type),
        ("umzug.ics", "text/calendar; charset=utf-8")
    );
    let counted = BOT.catalog().life_event(&"umzug".parse().unwrap()).unwrap();
    let counted = counted.step.iter().filter(|step| step.days.is_some()).count();
    assert!(counted >= 3);
    assert_eq!(file.text.matches("BEGIN:VEVENT").count(), counted);
    assert!(file.text.contains("DTSTART;VALUE=DATE:20270517"), "{}", file.text);
    assert_eq!(crate::calendar::read(&file.text).components.len(), counted);
    // Without a day there is nothing to count from.
    let mut undated = Talk::new();
    undated.say("ich ziehe um");
    let asked = undated.say("kalender");
    assert!(asked.files.is_empty() && text(&asked).contains("brauche ich den Tag"));
    assert_eq!(undated.say("am 3. mai").outcome.life_event.as_deref(), Some("umzug"));
}

#[test]
fn the_text_to_print_holds_every_step() {
    let mut talk = Talk::new();
    talk.say("wir bekommen ein baby");
    let reply = talk.say("ausdrucken");
    let [file] = &reply.files[..] else { panic!("one file: {reply:?}") };
    assert_eq!(file.name, "geburt.txt");
    let event = BOT.catalog().life_event(&"geburt".parse().unwrap()).unwrap();
    assert_eq!(file.text.matches("[ ] ").count(), event.step.len());
    for step in &event.step {
        let service = BOT.catalog().service(&step.service).unwrap();
        assert!(file.text.contains(service.plain()) && file.text.contains(&step.why));
    }
}

#[test]
fn every_life_event_can_be_shown_in_every_form() {
    for event in &BOT.catalog().life_events {
        let forms = [EventForm::Short, EventForm::Whole, EventForm::Print, EventForm::Calendar];
        for form in forms {
            for date in [None, Some(time::macros::date!(2026 - 12 - 31)), Some(time::Date::MAX)] {
                let action = Action::Event { event: event.id.clone(), date, form };
                let reply = Talk::new().send(Message::pressed(action));
                assert_eq!(event_of(&reply), event.id.as_str());
                assert!(!text(&reply).is_empty());
                assert!(reply.choices.iter().all(|c| c.action.encode().len() <= Action::MAX_LEN));
                if form == EventForm::Short {
                    let length = text(&reply).chars().count();
                    assert!(length <= 750, "{}: {length} characters", event.id);
                }
            }
        }
    }
}

fn event_of(reply: &Reply) -> &str {
    reply.outcome.life_event.as_deref().unwrap_or_default()
}

#[test]
fn an_unknown_event_is_an_old_button() {
    let event = "gibt-es-nicht".parse().unwrap();
    let action = Action::Event { event, date: None, form: EventForm::Short };
    assert!(text(&Talk::new().send(Message::pressed(action))).contains("veraltet"));
    let open = OpenEvent { id: "gibt-es-nicht".parse().unwrap(), date: None };
    let mut talk = Talk(Conversation { event: Some(open), ..Conversation::introduced() });
    assert!(text(&talk.say("kalender")).contains("veraltet"));
}

#[test]
fn the_overview_counts_every_service_once() {
    let mut talk = Talk::new();
    let reply = talk.say("/status Tübingen");
    let said = text(&reply);
    assert!(said.contains("So viel geht in Tübingen online"), "{said}");
    let levels = reply.blocks.iter().find_map(|block| match block {
        Block::Facts { items, .. } => Some(items.clone()),
        _ => None,
    });
    let numbers = levels.unwrap().join(" ");
    let sum: usize = numbers
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse::<usize>().ok())
        .sum();
    assert_eq!(sum, BOT.catalog().services().len(), "{numbers}");
    assert_eq!(event(&talk.say("15")), BOT.catalog().life_events[14].id.as_str());
    let all = talk.say("/lebenslagen");
    assert_eq!(all.choices.len(), BOT.catalog().life_events.len());
    assert_eq!(event(&talk.say("2")), BOT.catalog().life_events[1].id.as_str());
}
