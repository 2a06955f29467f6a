//! Expressions as a model sees them that has not been trained on them.

use amtslotse::{catalog::Catalog, matching::Ranking};

use super::Lab;

/// Parts that are left out one after the other.
const FOLDS: usize = 5;
/// Neighbouring lines of a collection were written together, and are left out together: a model
/// that knows its neighbours has half seen a line.
const GROUP: usize = 12;

/// A line of the collections, or of the matters that are not ours.
pub struct Unseen<'a> {
    pub phrase: &'a str,
    /// Its service; none if it is of a matter that is not ours.
    pub class: Option<usize>,
    pub ranking: Ranking,
}

/// Whether a line of a class is left out in a fold.
fn is_held(fold: usize, class: usize, line: usize) -> bool {
    (line / GROUP + class) % FOLDS == fold
}

/// The catalog without the lines of a fold, and these lines.
fn split(catalog: &Catalog, fold: usize) -> (Catalog, Vec<(Option<usize>, String)>) {
    let mut held = Vec::new();
    let mut part = |class: usize, service: Option<usize>, lines: &mut Vec<String>| {
        let mut line = 0;
        lines.retain(|phrase| {
            let out = is_held(fold, class, line);
            line += 1;
            if out {
                held.push((service, phrase.clone()));
            }
            !out
        });
    };
    let mut services = catalog.services().to_vec();
    for (class, service) in services.iter_mut().enumerate() {
        let german = service.collected.iter_mut().filter(|(language, _)| language == "de");
        german.for_each(|(_, lines)| part(class, Some(class), lines));
    }
    let mut lexicon = catalog.lexicon.clone();
    for (class, matter) in lexicon.matters.iter_mut().enumerate() {
        part(class, None, &mut matter.phrases);
    }
    (Catalog::new(services, lexicon), held)
}

/// Calls back with each line, five models in all.
pub fn for_each(lab: &Lab, mut each: impl FnMut(&Unseen<'_>)) {
    for fold in 0..FOLDS {
        let (rest, held) = split(&lab.catalog, fold);
        let bot = lab.bot(rest);
        for (class, phrase) in &held {
            let ranking = bot.rank(phrase);
            each(&Unseen { phrase, class: *class, ranking });
        }
    }
}

/// Lists unseen expressions by the share that their service gets.
pub fn list(lab: &Lab, wanted: impl Fn(f32) -> bool) {
    let id = |class: usize| lab.catalog.services()[class].id.as_str();
    for_each(lab, |Unseen { phrase, class, ranking }| {
        let Some(class) = *class else { return };
        let own = ranking.matches.iter().find(|m| usize::from(m.class) == class);
        let share = own.map_or(0.0, |m| m.share);
        if let Some(best) = ranking.matches.first()
            && wanted(share)
        {
            let best_id = id(usize::from(best.class));
            println!("{}\t{phrase}\t{share:.4}\t{best_id}\t{:.3}", id(class), best.share);
        }
    });
}
