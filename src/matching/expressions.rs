//! What people say of each service, and of matters that are not ours: the text behind the index.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{cores, features::any_number};
use crate::{
    catalog::{Catalog, Service, lexicon::TalkKind},
    text::for_each_folded,
};

/// What a question is compared with: one service, one matter that is not ours, one life event, or one
/// kind of danger.
pub type Class = u16;

/// One expression that stands for a class.
#[derive(Debug)]
pub struct Expression {
    /// The class it stands for.
    pub class: Class,
    /// As the catalog writes it.
    pub text: String,
    /// What it is.
    pub kind: ExpressionKind,
}

/// What an expression is to its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    /// A name.
    Name,
    /// A noun or short expression.
    Synonym,
    /// A whole expression.
    Phrase,
    /// The name of an abolished service.
    Formerly,
    /// The office in charge: all its services share it.
    Authority,
}

/// All expressions of a catalog and the words in them.
#[derive(Debug)]
pub struct Expressions {
    /// Class by class: services in order of their ids, then matters, life events and dangers.
    pub list: Vec<Expression>,
    /// How many classes are services.
    pub services: usize,
    /// How many are matters that are not ours.
    pub matters: usize,
    /// How many are life events; the rest are dangers.
    pub events: usize,
    /// Number of classes in all.
    pub classes: usize,
    /// All words in the order in which they first appear.
    pub words: Vec<Word>,
    /// The words of all expressions, one expression after the other.
    said: Vec<Said>,
    /// Where each expression's words begin; one more at the end.
    starts: Vec<u32>,
}

/// A word of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// The word, folded, any number in it replaced.
    pub folded: String,
    /// How many services use it.
    pub services: u32,
    /// How many expressions of services use it.
    pub expressions: u32,
}

/// A word in an expression.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// Its number among all words.
    pub word: u32,
    /// Whether a clause ends after it.
    pub ends_clause: bool,
}

impl Expressions {
    /// Collects what a catalog says.
    pub fn collect(catalog: &Catalog) -> Self {
        let services = catalog.services();
        let (matters, events) = (&catalog.lexicon.matters, &catalog.life_events);
        let told = services.len() + matters.len();
        let classes = told + events.len() + TalkKind::DANGERS.len();
        let said = |class: usize| -> Box<dyn Iterator<Item = (ExpressionKind, &str)> + '_> {
            if let Some(service) = services.get(class) {
                Box::new(said_of(service))
            } else if let Some(matter) = matters.get(class - services.len()) {
                Box::new(phrases(matter.phrases.iter().map(String::as_str)))
            } else if let Some(event) = events.get(class - told) {
                Box::new(phrases(event.said()))
            } else {
                let kind = TalkKind::DANGERS[class - told - events.len()];
                Box::new(phrases(catalog.lexicon.said_of(kind)))
            }
        };
        let sizes = (0..classes).map(|class| said(class).count());
        let runs = cores::over(cores::even_runs(sizes), |share| {
            let mut run = Run::default();
            for class in share {
                run.add(class as Class, said(class), class < services.len());
            }
            run
        });
        let mut all = Self {
            list: Vec::new(),
            services: services.len(),
            matters: matters.len(),
            events: events.len(),
            classes,
            words: Vec::new(),
            said: Vec::new(),
            starts: vec![0],
        };
        let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
        for run in runs {
            all.add(run, &mut numbers);
        }
        all
    }

    fn add(&mut self, run: Run, numbers: &mut FxHashMap<String, u32>) {
        let number_of = |word: Word| match numbers.get(&word.folded) {
            Some(&at) => {
                let known = &mut self.words[at as usize];
                known.services += word.services;
                known.expressions += word.expressions;
                at
            }
            None => {
                let at = self.words.len() as u32;
                numbers.insert(word.folded.clone(), at);
                self.words.push(word);
                at
            }
        };
        let numbers: Vec<u32> = run.words.into_iter().map(number_of).collect();
        let before = self.said.len() as u32;
        self.list.extend(run.list);
        self.starts.extend(run.ends.iter().map(|end| before + end));
        self.said.extend(
            run.said.iter().map(|said| Said { word: numbers[said.word as usize], ..*said }),
        );
    }

    /// The words of an expression.
    pub fn said(&self, expression: usize) -> &[Said] {
        &self.said[self.starts[expression] as usize..self.starts[expression + 1] as usize]
    }

    /// The words that services use.
    pub fn words_of_services(&self) -> Vec<Word> {
        self.words.iter().filter(|word| word.services > 0).cloned().collect()
    }

    /// Where the expressions of each class are.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let mut end = 0;
        let range = |class: usize| {
            let start = end;
            let own = |expression: &&Expression| usize::from(expression.class) == class;
            end += self.list[start..].iter().take_while(own).count();
            start..end
        };
        (0..self.classes).map(range).collect()
    }
}

/// The expressions of some neighbouring classes and their words, numbered within the run.
#[derive(Default)]
struct Run {
    list: Vec<Expression>,
    said: Vec<Said>,
    ends: Vec<u32>,
    words: Vec<Word>,
    numbers: FxHashMap<String, u32>,
    last_class: Vec<Class>,
}

impl Run {
    fn add<'a>(
        &mut self,
        class: Class,
        said: impl Iterator<Item = (ExpressionKind, &'a str)>,
        is_service: bool,
    ) {
        let mut seen = FxHashSet::default();
        for (kind, text) in said {
            let start = self.said.len();
            for_each_folded(text, |folded, ends_clause| {
                let word = self.number(&any_number(folded));
                self.said.push(Said { word, ends_clause });
            });
            let words: Vec<u32> = self.said[start..].iter().map(|said| said.word).collect();
            if !seen.insert(words) {
                self.said.truncate(start);
                continue;
            }
            self.list.push(Expression { class, text: text.to_owned(), kind });
            self.ends.push(self.said.len() as u32);
            for at in start..self.said.len() {
                if is_service {
                    self.count(self.said[at].word, class);
                }
            }
        }
    }

    fn number(&mut self, folded: &str) -> u32 {
        if let Some(&word) = self.numbers.get(folded) {
            return word;
        }
        let word = self.words.len() as u32;
        self.numbers.insert(folded.to_owned(), word);
        self.words.push(Word { folded: folded.to_owned(), services: 0, expressions: 0 });
        self.last_class.push(Class::MAX);
        word
    }

    fn count(&mut self, word: u32, class: Class) {
        let at = word as usize;
        self.words[at].expressions += 1;
        if self.last_class[at] != class {
            self.last_class[at] = class;
            self.words[at].services += 1;
        }
    }
}

fn phrases<'a>(
    said: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = (ExpressionKind, &'a str)> {
    said.map(|phrase| (ExpressionKind::Phrase, phrase))
}

/// Everything that is said of one service, in all languages.
pub fn said_of(service: &Service) -> impl Iterator<Item = (ExpressionKind, &str)> {
    let names = service.name.values().flat_map(|name| {
        [
            (ExpressionKind::Name, name.plain.as_str()),
            (ExpressionKind::Name, name.official.as_str()),
        ]
    });
    let says = service.says.values().flat_map(|says| {
        let synonyms = says.synonyms.iter().map(|s| (ExpressionKind::Synonym, s.as_str()));
        let phrases = says.phrases.iter().map(|p| (ExpressionKind::Phrase, p.as_str()));
        let formerly = says.formerly.iter().map(|f| (ExpressionKind::Formerly, f.name.as_str()));
        synonyms.chain(phrases).chain(formerly)
    });
    let collected = service
        .collected
        .iter()
        .flat_map(|(_, phrases)| phrases.iter().map(|p| (ExpressionKind::Phrase, p.as_str())));
    let authority = [(ExpressionKind::Authority, service.authority.as_str())];
    names.chain(says).chain(collected).chain(authority)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Lexicon, lexicon::Matter};

    #[test]
    fn a_class_without_expressions_stands_between_its_neighbours() {
        let matter = |phrases: &[&str]| Matter {
            id: String::new(),
            nonsense: false,
            phrases: phrases.iter().map(|phrase| (*phrase).to_owned()).collect(),
        };
        let matters =
            vec![matter(&["pizza bestellen", "eine Pizza"]), matter(&[]), matter(&["wetter"])];
        let catalog = Catalog::new(Vec::new(), Lexicon { matters, ..Lexicon::default() });
        let expressions = Expressions::collect(&catalog);
        assert_eq!(expressions.ranges()[..3], [0..2, 2..2, 2..3]);
    }
}
