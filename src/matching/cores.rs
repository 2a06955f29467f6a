//! Work on all cores, with results that do not depend on how many there are.

use std::{ops::Range, thread};

/// Cuts a list into as many runs of neighbours as there are cores and works on each on its own;
/// the results come in the order of the list.
pub fn in_runs<T: Sync, R: Send>(list: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let run = list.len().div_ceil(count()).max(1);
    let ranges = (0..list.len()).step_by(run).map(|at| at..(at + run).min(list.len())).collect();
    over(ranges, |range| work(&list[range]))
}

/// Works on each range on a core of its own; the results come in the order of the ranges.
pub fn over<R: Send>(ranges: Vec<Range<usize>>, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let work = &work;
    if ranges.len() < 2 {
        return ranges.into_iter().map(work).collect();
    }
    thread::scope(|scope| {
        let runs: Vec<_> =
            ranges.into_iter().map(|range| scope.spawn(move || work(range))).collect();
        runs.into_iter()
            .map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Does pieces of work that do not touch each other, each on a core of its own.
pub fn at_once(work: Vec<impl FnOnce() + Send>) {
    if work.len() < 2 {
        work.into_iter().for_each(|work| work());
        return;
    }
    thread::scope(|scope| work.into_iter().for_each(|work| drop(scope.spawn(work))));
}

/// How many cores there are.
pub fn count() -> usize {
    #[cfg(test)]
    if let Some(cores) = PRETENDED.get() {
        return cores;
    }
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
thread_local! {
    /// For tests: as many cores as this.
    pub static PRETENDED: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}
