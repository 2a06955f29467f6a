//! Work on all cores, with results that do not depend on how many there are.

use std::{ops::Range, thread};

/// Cuts a list into as many runs of neighbours as there are cores and works on each on its own;
/// the results come in the order of the list.
pub fn in_runs<T: Sync, R: Send>(list: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let run = list.len().div_ceil(count()).max(1);
    let ranges = (0..list.len()).step_by(run).map(|at| at..(at + run).min(list.len())).collect();
    over(ranges, |range| work(&list[range]))
}

/// Cuts a list into as many runs of neighbours as there are cores, of about equal size in all.
pub fn even_runs(sizes: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let sizes: Vec<usize> = sizes.into_iter().collect();
    let share = sizes.iter().sum::<usize>().div_ceil(count()).max(1);
    let (mut runs, mut sum) = (Vec::<Range<usize>>::new(), share);
    for (at, size) in sizes.into_iter().enumerate() {
        match runs.last_mut() {
            Some(run) if sum < share || size == 0 => run.end = at + 1,
            _ => {
                runs.push(at..at + 1);
                sum = 0;
            }
        }
        sum += size;
    }
    runs
}

/// Works on each range on a core of its own; the results come in the order of the ranges.
pub fn over<R: Send>(ranges: Vec<Range<usize>>, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let work = &work;
    at_once(ranges.into_iter().map(|range| move || work(range)).collect())
}

/// Does each piece of work on a core of its own, the first on this one; the results come in order.
pub fn at_once<R: Send>(work: Vec<impl FnOnce() -> R + Send>) -> Vec<R> {
    let mut work = work.into_iter();
    let Some(first) = work.next() else { return Vec::new() };
    thread::scope(|scope| {
        let others: Vec<_> = work.map(|work| scope.spawn(work)).collect();
        let mut results = vec![first()];
        results.extend(
            others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        );
        results
    })
}

/// Does two different pieces of work at once.
pub fn both<A: Send, B>(beside: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let here = here();
        (beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), here)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_even_and_leave_nothing_out() {
        let runs_of = |cores, sizes: &[usize]| {
            PRETENDED.set(Some(cores));
            let runs = even_runs(sizes.iter().copied());
            PRETENDED.set(None);
            runs
        };
        assert_eq!(runs_of(2, &[9, 1, 5, 5]), [0..2, 2..4]);
        assert_eq!(runs_of(3, &[0, 30, 0, 1, 29, 30, 0]), [0..3, 3..5, 5..7]);
        assert_eq!(runs_of(7, &[1, 1]), [0..1, 1..2]);
        assert_eq!(runs_of(2, &[0, 0]).len(), 1);
        assert!(runs_of(2, &[]).is_empty());
    }

    #[test]
    fn results_come_in_order() {
        assert_eq!(both(|| "beside", || "here"), ("beside", "here"));
        assert_eq!(at_once((0..5).map(|at| move || at).collect()), [0, 1, 2, 3, 4]);
    }
}
