//! Every link leads somewhere.

use std::collections::BTreeSet;

use tower_webhook::Reason;
use tower_webhook::explain::Cause;

#[test]
fn every_reason_and_every_cause_has_its_section() {
    let page = include_str!("../../src/guide/troubleshooting.md");
    let heads: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
    let sections: BTreeSet<&str> = heads.iter().copied().collect();
    assert_eq!(sections.len(), heads.len(), "a section stands there twice");
    let codes: BTreeSet<&str> =
        Reason::ALL.iter().map(|reason| reason.code()).chain(Cause::ALL.iter().map(|cause| cause.code())).collect();
    assert_eq!(codes.len(), Reason::ALL.len() + Cause::ALL.len(), "reasons and causes have different codes");
    assert_eq!(sections, codes);
}

#[test]
fn every_link_leads_to_the_page() {
    let page = "https://docs.rs/tower-webhook/latest/tower_webhook/guide/troubleshooting/index.html#";
    for reason in Reason::ALL {
        assert_eq!(reason.docs(), format!("{page}{reason}"));
    }
    for cause in Cause::ALL {
        assert_eq!(cause.docs(), format!("{page}{cause}"));
    }
    let text = include_str!("../../src/guide/troubleshooting.md");
    for link in text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(text.contains(&format!("## `{link}`\n")), "{link}");
    }
}
