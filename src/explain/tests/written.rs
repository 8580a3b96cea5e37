//! The same document as other languages write it. Made with Python 3.11, Node 20, PHP 8.2 and Go 1.19; written down, as
//! none of them is needed to run the tests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

static TEXTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let lines = include_str!("written.jsonl").lines();
    lines
        .map(|line| {
            let value: BTreeMap<String, String> = serde_json::from_str(line).unwrap();
            (value["writer"].clone(), value["text"].clone())
        })
        .collect()
});

/// What this writer writes.
pub(super) fn by(writer: &str) -> &'static str {
    TEXTS.get(writer).unwrap_or_else(|| panic!("nothing by `{writer}`"))
}
