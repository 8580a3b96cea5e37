//! Text from outside, made fit for one line of a log.

use std::fmt::{self, Write};

/// The longest text that is written down, in characters.
const LONGEST: usize = 256;

/// Text that came from outside, to be written down: on one line, at most 256 characters of it, and nothing in it that a
/// terminal or a reader's eye would obey. See [`untrusted`].
#[derive(Clone, Copy)]
pub struct Untrusted<'t>(&'t str);

/// `text` with control characters (ANSI sequences and line ends among them), line and paragraph separators, and marks
/// that turn the direction of writing or show nothing escaped as Rust writes them (`\n`, `\u{1b}`); cut behind 256
/// characters.
#[must_use]
pub const fn untrusted(text: &str) -> Untrusted<'_> {
    Untrusted(text)
}

/// Whether a character does something else than to be seen.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, c) in self.0.chars().enumerate() {
            if count == LONGEST {
                return f.write_char('…');
            }
            match c {
                '\n' | '\r' | '\t' => write!(f, "{}", c.escape_default())?,
                c if is_active(c) => write!(f, "{}", c.escape_unicode())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, shown) in [
            ("evt_1", "evt_1"),
            ("a\r\nwebhook refused", r"a\r\nwebhook refused"),
            ("\u{1b}[31mred\u{7}", r"\u{1b}[31mred\u{7}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("abc\u{202e}fed\u{2066}", r"abc\u{202e}fed\u{2066}"),
            ("a\u{2028}b\u{feff}", r"a\u{2028}b\u{feff}"),
            ("grün 中 🎉", "grün 中 🎉"),
        ] {
            assert_eq!(untrusted(text).to_string(), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = untrusted(&"ä".repeat(100_000)).to_string();
        assert_eq!(shown.chars().count(), LONGEST + 1);
        assert!(shown.ends_with('…'));
    }

    proptest! {
        #[test]
        fn nothing_active_comes_through(text in ".*|[\\p{Cc}\\p{Cf}a]*") {
            let shown = untrusted(&text).to_string();
            prop_assert!(!shown.chars().any(is_active));
            prop_assert!(shown.chars().count() <= LONGEST * 10 + 1);
        }
    }
}
