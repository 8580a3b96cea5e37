//! What was sent and what came of it, to be held against what ran.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::fleet::Incarnation;

/// What came of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 2xx, after a run or by its record.
    Acknowledged { replayed: bool },
    /// The connection broke: whoever was there may have run it or not.
    Broken,
    /// 503.
    Unavailable,
}

/// Who answered what, and when.
type Answered = (Incarnation, Answer, Instant);

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Vec<Answered>>>);

/// What happened to the machines meanwhile.
pub(crate) struct Events {
    pub(crate) killed: BTreeMap<Incarnation, Instant>,
    /// From when Redis was killed, to when all that could not be recorded meanwhile has been.
    pub(crate) outage: (Instant, Instant),
}

impl Events {
    /// Whether the runner was killed before the store had acknowledged what it ran: it died with the delivery on its
    /// hands; or it answered while Redis was away, and died before it could record that.
    fn excuse(&self, runner: Incarnation, answers: &[Answered]) -> bool {
        let Some(killed) = self.killed.get(&runner) else { return false };
        let of_runner = |wanted| answers.iter().find(|(by, answer, _)| (*by, *answer) == (runner, wanted));
        match of_runner(Answer::Acknowledged { replayed: false }) {
            Some((.., answered)) => *answered >= self.outage.0 && *killed <= self.outage.1,
            None => of_runner(Answer::Broken).is_some(),
        }
    }
}

/// What was found out.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Acknowledged, but nobody ran it.
    pub(crate) lost: Vec<String>,
    /// Ran more often than killed receivers account for.
    pub(crate) twice: Vec<String>,
    /// Ran again since its runner was killed before it could say that it had run.
    excused: usize,
    replayed: usize,
    pub(crate) broken: usize,
    pub(crate) unavailable: usize,
}

impl Ledger {
    pub(crate) fn note(&self, id: &str, by: Incarnation, answer: Answer) {
        self.0.lock().unwrap().entry(id.to_owned()).or_default().push((by, answer, Instant::now()));
    }

    pub(crate) fn acknowledged(&self) -> Vec<String> {
        let ledger = self.0.lock().unwrap();
        ledger.iter().filter(|(_, answers)| is_acknowledged(answers)).map(|(id, _)| id.clone()).collect()
    }

    /// Holds it against what ran: those runs of one delivery that have no excuse are one.
    pub(crate) fn judge(&self, runs: &BTreeMap<String, Vec<Incarnation>>, events: &Events) -> Found {
        let mut found = Found::default();
        for (id, answers) in self.0.lock().unwrap().iter() {
            let ran = runs.get(id).map(Vec::as_slice).unwrap_or_default();
            if ran.is_empty() && is_acknowledged(answers) {
                found.lost.push(id.clone());
            }
            let excused = ran.iter().filter(|runner| events.excuse(**runner, answers)).count();
            if ran.len() - excused > 1 {
                found.twice.push(format!("{id} by {ran:?}: {answers:?}"));
            } else if ran.len() > 1 {
                found.excused += 1;
            }
            for (_, answer, _) in answers {
                match answer {
                    Answer::Acknowledged { replayed } => found.replayed += usize::from(*replayed),
                    Answer::Broken => found.broken += 1,
                    Answer::Unavailable => found.unavailable += 1,
                }
            }
        }
        found
    }
}

fn is_acknowledged(answers: &[Answered]) -> bool {
    answers.iter().any(|(_, answer, _)| matches!(answer, Answer::Acknowledged { .. }))
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lost, {} ran twice without cause, {} again after a kill; {} answered from the record, {} with 503, {} \
             connections broke",
            self.lost.len(),
            self.twice.len(),
            self.excused,
            self.replayed,
            self.unavailable,
            self.broken
        )
    }
}

#[test]
fn the_ledger_tells_what_is_lost_and_what_ran_twice() {
    let ledger = Ledger::default();
    let fresh = Answer::Acknowledged { replayed: false };
    for (id, by, answer) in [
        ("lost", 1, fresh),
        ("once", 1, fresh),
        ("once", 2, Answer::Acknowledged { replayed: true }),
        ("twice", 1, fresh),
        ("twice", 2, Answer::Unavailable),
        ("excused", 3, Answer::Broken),
        ("excused", 1, fresh),
        ("no excuse", 3, fresh),
        ("no excuse", 3, Answer::Broken),
    ] {
        ledger.note(id, by, answer);
    }
    let runs = [("once", vec![1]), ("twice", vec![1, 2]), ("excused", vec![1, 3]), ("no excuse", vec![1, 3])];
    let runs = runs.map(|(id, runs)| (id.to_owned(), runs)).into();
    let late = Instant::now() + Duration::from_secs(1);
    let events = Events { killed: [(3, late)].into(), outage: (late, late) };
    let found = ledger.judge(&runs, &events);
    assert_eq!(found.lost, ["lost"]);
    assert_eq!(found.twice.len(), 2, "{found:?}");
    assert_eq!((found.excused, found.replayed, found.broken, found.unavailable), (1, 1, 2, 1));
    // Redis was away when it was acknowledged, and the runner died before Redis was back.
    let early = late - Duration::from_secs(3600);
    let found = ledger.judge(&runs, &Events { killed: [(3, late)].into(), outage: (early, late) });
    assert_eq!((found.twice.len(), found.excused), (1, 2), "{found:?}");
}
