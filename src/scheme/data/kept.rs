//! What was loaded, kept for as long as the process lives: a [`Scheme`] is made of texts that never go away.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::super::description::Scheme;
use super::entry::Entry;
use crate::config_error::{ConfigError, ConfigErrorKind};

/// Bytes of one entry, written as short as it can be.
const LONGEST_ENTRY: usize = 16 * 1024;
/// Bytes of all entries of one process.
const MOST_BYTES: usize = 16 * 1024 * 1024;

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(Kept::new(MOST_BYTES)));

/// The schemes by what the file says of them, and what was wrong with the others: what is loaded again is not leaked
/// again.
struct Kept {
    schemes: HashMap<String, Result<Scheme, String>>,
    bytes: usize,
    most: usize,
}

/// The scheme of this entry.
pub(super) fn keep(entry: Entry) -> Result<Scheme, ConfigError> {
    // Nothing in there is half done when it panics.
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).keep(entry)
}

impl Kept {
    fn new(most: usize) -> Self {
        Self { schemes: HashMap::new(), bytes: 0, most }
    }

    fn keep(&mut self, entry: Entry) -> Result<Scheme, ConfigError> {
        let name = entry.name().to_owned();
        let wrong = |kind, problem: &str| Err(super::error(kind, &format!("`{name}`: {problem}")));
        if let Some(problem) = entry.problem() {
            return wrong(ConfigErrorKind::Scheme, &problem);
        }
        let key =
            serde_json::to_string(&entry).map_err(|error| super::error(ConfigErrorKind::Scheme, &error.to_string()))?;
        let scheme = match self.schemes.get(&key) {
            Some(scheme) => scheme.clone(),
            None => {
                if key.len() > LONGEST_ENTRY {
                    return wrong(ConfigErrorKind::Limit, &format!("it is longer than {LONGEST_ENTRY} bytes"));
                }
                if self.bytes.saturating_add(key.len()) > self.most {
                    return wrong(
                        ConfigErrorKind::Limit,
                        "this process has loaded so many schemes, each of which is kept, that it takes no more",
                    );
                }
                self.bytes += key.len();
                let scheme = entry.keep();
                self.schemes.insert(key, scheme.clone());
                scheme
            }
        };
        scheme.or_else(|problem| wrong(ConfigErrorKind::Scheme, &problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(header: &str) -> Entry {
        let text = format!(
            r#"{{"name":"acme","algorithm":"hmac-sha256","signature":{{"header":"{header}","encoding":"hex"}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_is_loaded_again_is_not_leaked_again() {
        let mut kept = Kept::new(1000);
        let first = kept.keep(entry("x-acme")).unwrap();
        let bytes = kept.bytes;
        assert!(bytes > 0);
        for _ in 0..1000 {
            let again = kept.keep(entry("x-acme")).unwrap();
            assert!(std::ptr::eq(first.name, again.name));
            assert!(kept.keep(entry("X-Acme")).unwrap_err().to_string().contains("lower case"));
        }
        assert_eq!((kept.schemes.len(), kept.bytes), (2, 2 * bytes));
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let mut kept = Kept::new(1000);
        let taken = (0..100).take_while(|at| kept.keep(entry(&format!("x-acme-{at}"))).is_ok()).count();
        assert!((5..20).contains(&taken), "{taken}");
        assert_eq!(kept.keep(entry("x-other")).unwrap_err().kind(), ConfigErrorKind::Limit);
        assert!(kept.keep(entry("x-acme-0")).is_ok(), "what is there already is given");
        assert!(kept.bytes <= 1000);
        let bytes = serde_json::to_string(&entry("x-acme")).unwrap().len();
        assert!(Kept::new(bytes).keep(entry("x-acme")).is_ok(), "the last byte may be used");
        assert!(Kept::new(bytes - 1).keep(entry("x-acme")).is_err());
        let longest = "x".repeat(LONGEST_ENTRY - bytes + "x-acme".len());
        assert!(Kept::new(usize::MAX).keep(entry(&longest)).is_ok());
        assert!(Kept::new(usize::MAX).keep(entry(&format!("{longest}x"))).is_err());
        let long = "x".repeat(LONGEST_ENTRY);
        assert_eq!(Kept::new(usize::MAX).keep(entry(&long)).unwrap_err().kind(), ConfigErrorKind::Limit);
    }

    #[test]
    fn a_process_keeps_a_thousand_and_twenty_four_schemes_of_16_kib() {
        let mut kept = Kept::new(MOST_BYTES);
        let rest = serde_json::to_string(&entry("")).unwrap().len();
        let longest = |at: u32| entry(&format!("{at:x>width$}", width = 16 * 1024 - rest));
        assert_eq!((0..).take_while(|at| kept.keep(longest(*at)).is_ok()).count(), 1024);
    }
}
