use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use proptest::prelude::*;

use super::*;

type Entering<'a> = Pin<Box<dyn Future<Output = Result<Turn, Full>> + 'a>>;

fn poll(entering: &mut Entering) -> Poll<Result<Turn, Full>> {
    entering.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A message of `tenant` that has joined its line.
fn waiting<'a>(queue: &'a Queue, tenant: &'a Arc<str>) -> Entering<'a> {
    let mut entering: Entering = Box::pin(queue.enter(tenant));
    assert!(poll(&mut entering).is_pending(), "{tenant} need not wait");
    entering
}

fn running(queue: &Queue, tenant: &Arc<str>) -> Turn {
    let mut entering: Entering = Box::pin(queue.enter(tenant));
    match poll(&mut entering) {
        Poll::Ready(Ok(turn)) => turn,
        Poll::Ready(Err(Full)) => panic!("{tenant} is refused"),
        Poll::Pending => panic!("{tenant} must wait"),
    }
}

fn refused(queue: &Queue, tenant: &Arc<str>) -> bool {
    matches!(poll(&mut (Box::pin(queue.enter(tenant)) as Entering)), Poll::Ready(Err(Full)))
}

fn tenants<const N: usize>() -> [Arc<str>; N] {
    std::array::from_fn(|n| Arc::from(format!("town-{n}")))
}

/// Ends the running turn and finds out who is called, as long as somebody waits.
fn order<'a>(mut turn: Option<Turn>, mut line: Vec<(&'a str, Entering)>) -> Vec<&'a str> {
    let mut order = Vec::new();
    while turn.take().is_some() {
        let called = line.iter_mut().enumerate().find_map(|(at, (_, entering))| {
            let Poll::Ready(Ok(turn)) = poll(entering) else { return None };
            Some((at, turn))
        });
        if let Some((at, next)) = called {
            order.push(line.remove(at).0);
            turn = Some(next);
        }
    }
    assert!(line.is_empty(), "{} were never called", line.len());
    order
}

#[test]
fn no_more_run_than_may_and_the_next_runs_when_one_ends() {
    let queue = Queue::new(2, 10);
    let [a, _] = tenants();
    let first = running(&queue, &a);
    let _second = running(&queue, &a);
    let mut third = waiting(&queue, &a);
    let mut fourth = waiting(&queue, &a);
    drop(first);
    assert!(matches!(poll(&mut third), Poll::Ready(Ok(_))));
    // The third's turn ended with the assertion above.
    assert!(matches!(poll(&mut fourth), Poll::Ready(Ok(_))));
}

#[test]
fn tenants_take_turns_and_a_tenants_messages_keep_their_order() {
    let queue = Queue::new(1, 10);
    let [a, b, c] = tenants();
    let turn = running(&queue, &a);
    let line = vec![
        ("a1", waiting(&queue, &a)),
        ("a2", waiting(&queue, &a)),
        ("a3", waiting(&queue, &a)),
        ("b1", waiting(&queue, &b)),
        ("b2", waiting(&queue, &b)),
        ("c1", waiting(&queue, &c)),
    ];
    assert_eq!(order(Some(turn), line), ["a1", "b1", "c1", "a2", "b2", "a3"]);
}

#[test]
fn fault_28_a_town_with_nine_thousand_waiting_delays_another_by_one_turn() {
    let queue = Queue::new(1, 10_000);
    let [a, b] = tenants();
    let turn = running(&queue, &a);
    let mut flood: Vec<_> = (0..9_000).map(|_| waiting(&queue, &a)).collect();
    let mut other = waiting(&queue, &b);
    drop(turn);
    let Poll::Ready(Ok(turn)) = poll(&mut flood[0]) else { panic!("the first is not called") };
    assert!(poll(&mut other).is_pending());
    drop(turn);
    assert!(matches!(poll(&mut other), Poll::Ready(Ok(_))));
}

#[test]
fn fault_70_ten_thousand_wait_and_the_rest_is_refused() {
    let queue = Queue::new(4, 10_000);
    let [a, _] = tenants();
    let _turns: Vec<_> = (0..4).map(|_| running(&queue, &a)).collect();
    let line: Vec<_> = (0..10_000).map(|_| waiting(&queue, &a)).collect();
    assert!((0..5_000).all(|_| refused(&queue, &a)));
    drop(line);
    assert_eq!(lock(&queue.lines).waiting, 0);
}

#[test]
fn when_it_is_full_the_longest_line_gives_way() {
    let queue = Queue::new(1, 3);
    let [a, b, c] = tenants();
    let turn = running(&queue, &a);
    let mut line: Vec<_> = (0..3).map(|_| waiting(&queue, &a)).collect();
    assert!(refused(&queue, &a), "its own line is the longest");
    let of_b = waiting(&queue, &b);
    assert!(matches!(poll(&mut line[2]), Poll::Ready(Err(Full))), "the newest is displaced");
    assert!(refused(&queue, &b), "the lines would be equally long");
    let of_c = waiting(&queue, &c);
    assert!(matches!(poll(&mut line[1]), Poll::Ready(Err(Full))));
    assert!(refused(&queue, &c));
    let line = vec![("a", line.remove(0)), ("b", of_b), ("c", of_c)];
    assert_eq!(order(Some(turn), line), ["a", "b", "c"]);
}

#[test]
fn where_nobody_may_wait_who_is_late_is_refused() {
    let queue = Queue::new(0, 0);
    let [a, b] = tenants();
    let turn = running(&queue, &a);
    assert!(refused(&queue, &b));
    drop(turn);
    drop(running(&queue, &b));
}

#[test]
fn who_stops_waiting_leaves_the_line() {
    let queue = Queue::new(1, 2);
    let [a, b] = tenants();
    let turn = running(&queue, &a);
    let gone = waiting(&queue, &a);
    let other = waiting(&queue, &b);
    drop(gone);
    let line = vec![("b", other), ("a", waiting(&queue, &a))];
    assert_eq!(order(Some(turn), line), ["b", "a"]);
}

#[test]
fn a_turn_handed_to_somebody_who_has_gone_is_passed_on() {
    let queue = Queue::new(1, 2);
    let [a, _] = tenants();
    let turn = running(&queue, &a);
    let called = waiting(&queue, &a);
    let mut next = waiting(&queue, &a);
    drop(turn);
    // Was called, but never looked.
    drop(called);
    assert!(matches!(poll(&mut next), Poll::Ready(Ok(_))));
    drop(next);
    assert_eq!(lock(&queue.lines).running, 0);
}

#[test]
fn a_turn_ends_when_its_holder_panics() {
    let queue = Queue::new(1, 0);
    let [a, _] = tenants();
    let inside = queue.clone();
    let holder = std::thread::spawn({
        let a = Arc::clone(&a);
        move || {
            let _turn = running(&inside, &a);
            panic!("on purpose");
        }
    });
    assert!(holder.join().is_err());
    drop(running(&queue, &a));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_many_threads_lose_no_turn() {
    let queue = Queue::new(3, 100_000);
    let towns: [Arc<str>; 7] = tenants();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..7_000 {
        let (queue, town) = (queue.clone(), Arc::clone(&towns[n % 7]));
        tasks.spawn(async move {
            if n % 5 == 0 {
                // Cancelled somewhere on the way.
                let _ = tokio::time::timeout(std::time::Duration::ZERO, queue.enter(&town)).await;
                return 0;
            }
            let _turn = queue.enter(&town).await.unwrap();
            assert!(lock(&queue.lines).running <= 3);
            tokio::task::yield_now().await;
            1
        });
    }
    let answered: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(answered, 5_600);
    let lines = lock(&queue.lines);
    assert_eq!((lines.running, lines.waiting), (0, 0));
    assert!(lines.by_tenant.is_empty() && lines.round.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Enter(usize),
    End(usize),
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_usize).prop_map(Step::Enter),
        2 => any::<usize>().prop_map(Step::End),
        1 => any::<usize>().prop_map(Step::Cancel),
    ]
}

/// Moves those who were called or displaced out of the line.
fn settle<'a>(line: &mut Vec<Entering<'a>>, turns: &mut Vec<Turn>, lost: &mut usize) {
    let mut still = Vec::new();
    for mut entering in line.drain(..) {
        match poll(&mut entering) {
            Poll::Ready(Ok(turn)) => turns.push(turn),
            Poll::Ready(Err(Full)) => *lost += 1,
            Poll::Pending => still.push(entering),
        }
    }
    *line = still;
}

proptest! {
    #[test]
    fn whatever_happens_bounds_hold_and_nobody_is_forgotten(
        at_once in 1..4_usize,
        capacity in 0..6_usize,
        steps in proptest::collection::vec(step(), 0..200),
    ) {
        let towns: [Arc<str>; 4] = tenants();
        let queue = Queue::new(at_once, capacity);
        let (mut line, mut turns, mut lost) = (Vec::<Entering>::new(), Vec::new(), 0);
        let (mut entered, mut ended, mut cancelled) = (0, 0, 0);
        for step in steps {
            match step {
                Step::Enter(town) => {
                    entered += 1;
                    line.push(Box::pin(queue.enter(&towns[town])));
                    // Who is displaced by the newcomer finds out below.
                    settle(&mut line, &mut turns, &mut lost);
                }
                Step::End(at) if !turns.is_empty() => {
                    ended += 1;
                    drop(turns.swap_remove(at % turns.len()));
                }
                Step::Cancel(at) if !line.is_empty() => {
                    cancelled += 1;
                    drop(line.remove(at % line.len()));
                }
                Step::End(_) | Step::Cancel(_) => {}
            }
            settle(&mut line, &mut turns, &mut lost);
            prop_assert!(turns.len() <= at_once && line.len() <= capacity);
            prop_assert!(line.is_empty() || turns.len() == at_once, "a turn lies idle");
            let lines = lock(&queue.lines);
            prop_assert_eq!((lines.running, lines.waiting), (turns.len(), line.len()));
            prop_assert_eq!(lines.by_tenant.len(), lines.round.len());
        }
        while let Some(turn) = turns.pop() {
            ended += 1;
            drop(turn);
            settle(&mut line, &mut turns, &mut lost);
        }
        prop_assert!(line.is_empty());
        prop_assert_eq!(entered, ended + cancelled + lost);
    }
}
