//! Whole replies as a terminal shows them. `cargo insta review` accepts a wanted change.

use amtslotse::{
    channel::terminal::render,
    conversation::Conversation,
    message::{Action, Message},
    reply::Reply,
};

use crate::BOT;

fn reply(message: &Message) -> Reply {
    BOT.respond(message, &Conversation::default()).0
}

fn shown(text: &str) -> String {
    render(&reply(&Message::text(text)), false)
}

#[test]
fn a_question_with_place_and_facet() {
    insta::assert_snapshot!(shown("perso abgelaufen, geht das in tübingen online?"));
}

#[test]
fn a_service_without_a_place() {
    insta::assert_snapshot!(shown("neuen reisepass beantragen"));
}

#[test]
fn a_service_that_depends_on_the_town() {
    insta::assert_snapshot!(shown("hund anmelden in Köln"));
}

#[test]
fn a_greeting() {
    insta::assert_snapshot!(shown("/start"));
}

#[test]
fn the_help() {
    insta::assert_snapshot!(shown("/hilfe"));
}

#[test]
fn an_honest_i_do_not_know() {
    insta::assert_snapshot!(shown("asdf jkl qwertz"));
}

#[test]
fn a_choice_of_places() {
    insta::assert_snapshot!(shown("Frankfurt"));
}

#[test]
fn a_pressed_facet() {
    let action = Action::Show {
        service: "reisepass-beantragen".parse().unwrap(),
        place: Some("053150000000".parse().unwrap()),
        facet: Some(amtslotse::message::Facet::Cost),
    };
    insta::assert_snapshot!(render(&reply(&Message::pressed(action)), false));
}

#[test]
fn lines_fit_80_columns_but_for_addresses() {
    for question in ["personalausweis", "wohngeld", "führerschein umtauschen", "hallo", "/hilfe"] {
        for line in shown(question).lines() {
            assert!(line.chars().count() <= 80 || line.contains("https://"), "{line}");
        }
    }
}
