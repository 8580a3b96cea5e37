//! What of a delivery is kept as JSON, in one column: nobody looks for it there, and most of it is absent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;

/// The column `meta` of an event. What is absent is not written.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub(super) method: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<Cow<'a, str>>,
    /// The sender's, as it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_id: Option<Cow<'a, str>>,
    pub(super) covers: Covers,
    pub(super) id_is_signed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traceparent: Option<Cow<'a, str>>,
}

impl<'a> Meta<'a> {
    /// Of what nobody can read, nothing is known: then nothing is covered.
    pub(super) fn read(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    pub(super) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// [`Coverage`], as it is stored.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Covers {
    Body,
    #[default]
    Nothing,
    #[serde(untagged)]
    Fields(Vec<Cow<'static, str>>),
}

impl From<Coverage> for Covers {
    fn from(coverage: Coverage) -> Self {
        match coverage {
            Coverage::Body => Self::Body,
            Coverage::Fields(fields) => Self::Fields(fields.iter().map(|field| Cow::Borrowed(*field)).collect()),
            Coverage::Nothing => Self::Nothing,
        }
    }
}

impl From<Covers> for Coverage {
    fn from(covers: Covers) -> Self {
        match covers {
            Covers::Body => Self::Body,
            Covers::Fields(fields) => {
                let mut known = FIELDS.lock().unwrap_or_else(PoisonError::into_inner);
                Self::Fields(known.entry(fields).or_insert_with_key(|fields| {
                    let fields: Vec<_> = fields.iter().map(|field| interned(field)).collect();
                    Box::leak(fields.into_boxed_slice())
                }))
            }
            Covers::Nothing => Self::Nothing,
        }
    }
}

static NAMES: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());
static FIELDS: Mutex<BTreeMap<Vec<Cow<'static, str>>, &'static [&'static str]>> = Mutex::new(BTreeMap::new());

/// A name that lives as long as the process: there are as many as senders were configured.
pub(super) fn interned(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.entry(name.to_owned()).or_insert_with(|| Box::leak(name.to_owned().into_boxed_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_what_is_absent_is_not_written() {
        for coverage in [Coverage::Body, Coverage::Fields(&["/id", "/data"]), Coverage::Nothing] {
            let meta = Meta { method: "POST".into(), path: "/a\"b".into(), covers: coverage.into(), ..Meta::default() };
            let written = meta.write();
            let read = Meta::read(&written);
            assert_eq!(read, meta);
            assert_eq!(Coverage::from(read.covers), coverage);
            assert!(!written.contains("tenant") && !written.contains("null"), "{written}");
        }
        let all = Meta {
            tenant: Some("acme".into()),
            account: Some("acct_1".into()),
            attempt: Some(3),
            sent_at: Some(1_700_000_000_000),
            key_id: Some("new".into()),
            id_is_signed: true,
            traceparent: Some("00-1".into()),
            ..Meta::default()
        };
        assert_eq!(Meta::read(&all.write()), all);
    }

    #[test]
    fn of_what_cannot_be_read_nothing_is_covered() {
        for text in ["", "{", "[]", r#"{"covers": "everything"}"#, r#"{"covers": 1, "tenant": "acme"}"#] {
            assert_eq!(Meta::read(text), Meta::default(), "{text}");
        }
    }
}
