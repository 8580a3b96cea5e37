use super::*;
use crate::verifying_key::VerifyingKey;

const HOUR: Duration = Duration::from_secs(3600);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn id(id: &str) -> KeyName {
    KeyName::id(id).unwrap()
}

fn found() -> Answer {
    Answer::Found(Arc::new(VerifyingKey::from_bytes([7; 32]).into()))
}

/// Asks, and where a fetch is due, answers it at once. Says whether one was.
fn ask(table: &mut Table, name: &KeyName, now: Duration, answer: &Answer) -> bool {
    match table.step(name, now) {
        Step::Fetch(..) => {
            table.land(name, answer, HOUR, now);
            true
        }
        Step::Answer(_) | Step::Wait(_) => false,
    }
}

#[test]
fn a_document_is_fetched_again_once_its_time_is_over() {
    let mut table = Table::default();
    assert!(ask(&mut table, &id("a"), at(0), &found()));
    assert!(!ask(&mut table, &id("a"), at(3599), &found()));
    assert!(ask(&mut table, &id("a"), at(3600), &found()));
    let short = Answer::Found(Arc::new(KeyDocument::from(VerifyingKey::from_bytes([7; 32])).lasts(at(1))));
    assert!(ask(&mut table, &id("b"), at(0), &short));
    assert!(!ask(&mut table, &id("b"), at(59), &short), "a minute at least");
    assert!(ask(&mut table, &id("b"), at(60), &short));
}

#[test]
fn what_is_not_there_or_fails_is_remembered_shortly() {
    let mut table = Table::default();
    assert!(ask(&mut table, &id("none"), at(0), &Answer::Unknown));
    assert!(!ask(&mut table, &id("none"), at(59), &Answer::Unknown));
    assert!(ask(&mut table, &id("none"), at(60), &Answer::Unknown));
    let failed = Answer::Failed("down".into());
    assert!(ask(&mut table, &id("down"), at(0), &failed));
    assert!(!ask(&mut table, &id("down"), at(4), &failed));
    assert!(ask(&mut table, &id("down"), at(5), &found()));
    assert!(matches!(table.step(&id("down"), at(6)), Step::Answer(Answer::Found(_))));
}

#[test]
fn a_name_is_in_flight_once_and_a_flight_that_broke_off_is_none() {
    let mut table = Table::default();
    let Step::Fetch(sender, _flight) = table.step(&id("a"), at(0)) else { panic!("nothing is known") };
    assert!(matches!(table.step(&id("a"), at(1)), Step::Wait(_)));
    drop(sender);
    assert!(matches!(table.step(&id("a"), at(4)), Step::Answer(Answer::Failed(_))));
    assert!(matches!(table.step(&id("a"), at(5)), Step::Fetch(..)));
}

#[test]
fn names_that_nobody_has_heard_of_are_bounded_and_known_ones_are_not() {
    let mut table = Table::default();
    assert!(ask(&mut table, &id("good"), at(0), &found()));
    let flood = |table: &mut Table, from: usize, now| {
        (from..from + 1000).filter(|name| ask(table, &id(&name.to_string()), now, &Answer::Unknown)).count()
    };
    assert_eq!(flood(&mut table, 0, at(1)), MOST_IN_VAIN);
    assert!(matches!(table.step(&id("good"), at(2)), Step::Answer(Answer::Found(_))));
    assert_eq!(flood(&mut table, 1000, at(59)), 0);
    assert_eq!(flood(&mut table, 2000, at(60)), MOST_IN_VAIN);
    for minute in 2..100 {
        assert_eq!(flood(&mut table, minute * 1000, at(60) * u32::try_from(minute).unwrap()), MOST_IN_VAIN);
        assert!(table.entries.len() <= MOST_DOCUMENTS);
    }
    assert!(table.entries.contains_key("good"), "what does not exist pushes nothing out that does");
    assert!(ask(&mut table, &id("good"), at(99 * 60), &found()), "an old one is fetched again during a flood");
}

#[test]
fn only_a_few_new_names_are_fetched_at_once() {
    let mut table = Table::default();
    let flights: Vec<_> = (0..20).map(|name: u8| table.step(&id(&name.to_string()), at(0))).collect();
    assert_eq!(flights.iter().filter(|step| matches!(step, Step::Fetch(..))).count(), MOST_NEW_AT_ONCE);
}

#[test]
fn a_key_that_a_set_does_not_have_fetches_it_again_once_a_minute() {
    let set = |kids: &[&str]| {
        let key = |kid: &&str| {
            format!(
                r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"{kid}"}}"#
            )
        };
        let keys: Vec<_> = kids.iter().map(key).collect();
        Answer::Found(Arc::new(KeyDocument::jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()))
    };
    let kid = |kid: &str| KeyName::in_set("https://issuer.example/jwks", Some(kid)).unwrap();
    let mut table = Table::default();
    assert!(ask(&mut table, &kid("a"), at(0), &set(&["a"])));
    for unknown in ["b", "c"] {
        assert!(matches!(table.step(&kid(unknown), at(59)), Step::Answer(Answer::Unknown)));
    }
    assert!(ask(&mut table, &kid("b"), at(60), &Answer::Failed("down".into())));
    assert!(matches!(table.step(&kid("b"), at(61)), Step::Answer(Answer::Failed(_))));
    assert!(matches!(table.step(&kid("a"), at(61)), Step::Answer(Answer::Found(_))), "the old one is not forgotten");
    assert!(ask(&mut table, &kid("b"), at(120), &set(&["a", "b"])));
    assert!(!ask(&mut table, &kid("a"), at(121), &set(&[])) && !ask(&mut table, &kid("b"), at(121), &set(&[])));
}

#[test]
fn the_document_that_ends_first_makes_room() {
    let mut table = Table::default();
    for name in 0..MOST_DOCUMENTS {
        let seconds = u64::try_from(name).unwrap();
        assert!(ask(&mut table, &id(&name.to_string()), at(seconds), &found()));
    }
    assert!(ask(&mut table, &id("new"), at(300), &found()));
    assert!(!table.entries.contains_key("0") && table.entries.contains_key("1"));
}
