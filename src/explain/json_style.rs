//! JSON text in the style of another writer. Token by token: numbers stay the text that they are, keys stay in their
//! order, duplicates stay. What is no JSON has no style.

use std::iter::Peekable;
use std::str::Chars;

/// How a writer lays tokens out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Compact,
    /// With this before each member, once a level.
    Indented(&'static str),
    /// A blank behind commas and colons.
    Spaced,
}

/// How a writer writes what is not ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NonAscii {
    Escaped,
    Raw,
}

/// What else a writer escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Also {
    /// `<`, `>` and `&`, and the two line separators of JavaScript, in lower case hex: Go, Rails.
    Html,
    /// `"`, `&`, `'`, `+`, `<`, `>` and the backtick, in upper case hex: .NET.
    HtmlAndQuotes,
    Nothing,
    /// `/` as `\/`: PHP.
    Slash,
}

/// How a writer writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    AsTheyAre,
    /// The integer with this number, counted from 0, as `1.0`.
    OneAsFloat(usize),
    /// Integers as `1.0`.
    WithFraction,
    /// `1.0` as `1`.
    WithoutZeroFraction,
}

/// The style of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) layout: Layout,
    pub(super) non_ascii: NonAscii,
    pub(super) also: Also,
    pub(super) numbers: Numbers,
}

/// Deeper JSON is not rewritten.
const DEEPEST: usize = 256;

/// The same JSON in `style`; `None` where it is no JSON object, array or string, or would be longer than `most` bytes.
pub(super) fn rewrite(text: &str, style: Style, most: usize) -> Option<String> {
    let mut writer = Writer { out: String::with_capacity(text.len()), open: Vec::new(), style, integers: 0 };
    let mut chars = text.chars().peekable();
    loop {
        skip_blanks(&mut chars);
        writer.token(&mut chars)?;
        if writer.out.len() > most {
            return None;
        }
        if writer.open.is_empty() {
            skip_blanks(&mut chars);
            return chars.next().is_none().then_some(writer.out);
        }
    }
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).is_some() {}
}

struct Writer {
    out: String,
    /// What closes the objects and arrays that are open.
    open: Vec<char>,
    style: Style,
    integers: usize,
}

impl Writer {
    fn token(&mut self, chars: &mut Peekable<Chars<'_>>) -> Option<()> {
        match chars.next()? {
            '"' => self.string(chars),
            '{' => self.opens('{', '}', chars),
            '[' => self.opens('[', ']', chars),
            c @ ('}' | ']') => {
                (self.open.pop()? == c).then_some(())?;
                self.line();
                self.out.push(c);
                Some(())
            }
            ',' => {
                (!self.open.is_empty()).then_some(())?;
                self.out.push(',');
                match self.style.layout {
                    Layout::Compact => {}
                    Layout::Indented(_) => self.line(),
                    Layout::Spaced => self.out.push(' '),
                }
                Some(())
            }
            ':' => {
                (!self.open.is_empty()).then_some(())?;
                self.out.push_str(if self.style.layout == Layout::Compact { ":" } else { ": " });
                Some(())
            }
            first if !self.open.is_empty() => {
                let mut literal = String::from(first);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
                    literal.push(c);
                }
                self.literal(&literal)
            }
            _ => None,
        }
    }

    fn opens(&mut self, bracket: char, end: char, chars: &mut Peekable<Chars<'_>>) -> Option<()> {
        self.out.push(bracket);
        skip_blanks(chars);
        if chars.next_if_eq(&end).is_some() {
            self.out.push(end);
            return Some(());
        }
        self.open.push(end);
        self.line();
        (self.open.len() <= DEEPEST).then_some(())
    }

    /// A new line, where the layout has some.
    fn line(&mut self) {
        if let Layout::Indented(indent) = self.style.layout {
            self.out.push('\n');
            for _ in &self.open {
                self.out.push_str(indent);
            }
        }
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        let digits = literal.strip_prefix('-').unwrap_or(literal);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
        if !is_number && !matches!(literal, "true" | "false" | "null") {
            return None;
        }
        let is_integer = is_number && digits.bytes().all(|byte| byte.is_ascii_digit());
        let nth = self.integers;
        self.integers += usize::from(is_integer);
        let (shown, fraction) = match self.style.numbers {
            Numbers::OneAsFloat(one) if is_integer && one == nth => (literal, ".0"),
            Numbers::WithFraction if is_integer => (literal, ".0"),
            Numbers::WithoutZeroFraction if is_number => (literal.strip_suffix(".0").unwrap_or(literal), ""),
            _ => (literal, ""),
        };
        self.out.push_str(shown);
        self.out.push_str(fraction);
        Some(())
    }

    fn string(&mut self, chars: &mut Peekable<Chars<'_>>) -> Option<()> {
        self.out.push('"');
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => match chars.next()? {
                    c @ ('"' | '\\' | '/') => self.character(c),
                    'b' => self.out.push_str("\\b"),
                    'f' => self.out.push_str("\\f"),
                    'n' => self.out.push_str("\\n"),
                    'r' => self.out.push_str("\\r"),
                    't' => self.out.push_str("\\t"),
                    'u' => self.escaped(chars)?,
                    _ => return None,
                },
                c if c < ' ' => return None,
                c => self.character(c),
            }
        }
        self.out.push('"');
        Some(())
    }

    /// What stands behind `\u`: a code unit, or the first of two.
    fn escaped(&mut self, chars: &mut Peekable<Chars<'_>>) -> Option<()> {
        let mut unit = four_digits(chars)?;
        while (0xd800..0xdc00).contains(&unit) {
            let mut ahead = chars.clone();
            if (ahead.next(), ahead.next()) != (Some('\\'), Some('u')) {
                break;
            }
            let second = four_digits(&mut ahead)?;
            *chars = ahead;
            if let Some(Ok(c)) = char::decode_utf16([unit, second]).next() {
                self.character(c);
                return Some(());
            }
            // Half a character, and whatever follows it.
            self.unit(unit);
            unit = second;
        }
        match char::from_u32(u32::from(unit)) {
            Some(c) => self.character(c),
            None => self.unit(unit),
        }
        Some(())
    }

    fn character(&mut self, c: char) {
        let also = self.style.also;
        match c {
            '"' if also != Also::HtmlAndQuotes => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '/' if also == Also::Slash => self.out.push_str("\\/"),
            '\u{8}' => self.out.push_str("\\b"),
            '\u{c}' => self.out.push_str("\\f"),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            '\0'..' ' => self.units(c),
            '<' | '>' | '&' if matches!(also, Also::Html | Also::HtmlAndQuotes) => self.units(c),
            '"' | '\'' | '+' | '`' if also == Also::HtmlAndQuotes => self.units(c),
            '\u{2028}' | '\u{2029}' if also == Also::Html => self.units(c),
            _ if !c.is_ascii() && self.style.non_ascii == NonAscii::Escaped => self.units(c),
            _ => self.out.push(c),
        }
    }

    fn units(&mut self, c: char) {
        for unit in c.encode_utf16(&mut [0; 2]) {
            self.unit(*unit);
        }
    }

    fn unit(&mut self, unit: u16) {
        let upper = self.style.also == Also::HtmlAndQuotes;
        self.out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}

fn four_digits(chars: &mut Peekable<Chars<'_>>) -> Option<u16> {
    let mut unit = 0_u16;
    for _ in 0..4 {
        let digit = chars.next()?.to_digit(16)?;
        unit = unit.checked_mul(16)?.checked_add(u16::try_from(digit).ok()?)?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMPACT: Style =
        Style { layout: Layout::Compact, non_ascii: NonAscii::Raw, also: Also::Nothing, numbers: Numbers::AsTheyAre };

    fn written(text: &str, style: Style) -> Option<String> {
        rewrite(text, style, 1 << 20)
    }

    #[test]
    fn numbers_order_and_duplicates_stay() {
        let text = r#" { "b" : 1.50e+3 , "a":-0.0, "b":12345678901234567890, "c": [ ], "d":{ } } "#;
        let compact = r#"{"b":1.50e+3,"a":-0.0,"b":12345678901234567890,"c":[],"d":{}}"#;
        assert_eq!(written(text, COMPACT).as_deref(), Some(compact));
    }

    #[test]
    fn escapes_are_those_of_the_style() {
        let text = r#"{"a":"\u00e9\ud83d\ude00<\/>\u0001\ud800x\"+"}"#;
        let of = |non_ascii, also| written(text, Style { non_ascii, also, ..COMPACT }).unwrap();
        assert_eq!(of(NonAscii::Raw, Also::Nothing), "{\"a\":\"é😀</>\\u0001\\ud800x\\\"+\"}");
        assert_eq!(of(NonAscii::Escaped, Also::Slash), r#"{"a":"\u00e9\ud83d\ude00<\/>\u0001\ud800x\"+"}"#);
        assert_eq!(of(NonAscii::Raw, Also::Html), "{\"a\":\"é😀\\u003c/\\u003e\\u0001\\ud800x\\\"+\"}");
        let dotnet = r#"{"a":"\u00E9\uD83D\uDE00\u003C/\u003E\u0001\uD800x\u0022\u002B"}"#;
        assert_eq!(of(NonAscii::Escaped, Also::HtmlAndQuotes), dotnet);
    }

    #[test]
    fn layouts_are_those_of_the_writers() {
        let of = |layout| written(r#"{"a":[1,{"b":[]}],"c":{}}"#, Style { layout, ..COMPACT }).unwrap();
        assert_eq!(of(Layout::Spaced), r#"{"a": [1, {"b": []}], "c": {}}"#);
        let indented = "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}";
        assert_eq!(of(Layout::Indented("  ")), indented);
    }

    #[test]
    fn numbers_can_lose_and_get_a_fraction() {
        let of = |numbers| written(r#"[1,2.0,"3",-4,1e5]"#, Style { numbers, ..COMPACT }).unwrap();
        assert_eq!(of(Numbers::WithFraction), r#"[1.0,2.0,"3",-4.0,1e5]"#);
        assert_eq!(of(Numbers::WithoutZeroFraction), r#"[1,2,"3",-4,1e5]"#);
        assert_eq!(of(Numbers::OneAsFloat(1)), r#"[1,2.0,"3",-4.0,1e5]"#);
    }

    #[test]
    fn what_is_no_json_has_no_style() {
        for text in [
            "",
            " ",
            "1",
            "a=1",
            "{",
            "}",
            "[}",
            "{\"a\"",
            "[1]2",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "[\"\n\"]",
            "[nul]",
            "<a>",
        ] {
            assert_eq!(written(text, COMPACT), None, "{text:?}");
        }
        assert_eq!(written(&"[".repeat(100_000), COMPACT), None);
    }

    /// Indentation grows with depth: without a bound, small bodies would become large ones.
    #[test]
    fn what_comes_out_is_bounded() {
        let deep = format!("{}1{}", "[1,".repeat(200), "]".repeat(200));
        assert_eq!(rewrite(&deep, Style { layout: Layout::Indented("    "), ..COMPACT }, 1000), None);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn style() -> impl Strategy<Value = Style> {
        let layout = prop_oneof![Just(Layout::Compact), Just(Layout::Spaced), Just(Layout::Indented("\t"))];
        let non_ascii = prop_oneof![Just(NonAscii::Raw), Just(NonAscii::Escaped)];
        let also = prop_oneof![Just(Also::Nothing), Just(Also::Slash), Just(Also::Html), Just(Also::HtmlAndQuotes)];
        (layout, non_ascii, also).prop_map(|(layout, non_ascii, also)| Style {
            layout,
            non_ascii,
            also,
            numbers: Numbers::AsTheyAre,
        })
    }

    proptest! {
        #[test]
        fn any_style_leads_back_to_what_serde_json_writes(value in json(), style in style()) {
            prop_assume!(value.is_object() || value.is_array() || value.is_string());
            let text = serde_json::to_string(&value).unwrap();
            let there = written(&text, style).unwrap();
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&there).unwrap(),
                &serde_json::from_str::<serde_json::Value>(&text).unwrap());
            let back = written(&there, COMPACT).unwrap();
            prop_assert_eq!(back, written(&text, COMPACT).unwrap());
        }

        #[test]
        fn whatever_comes_nothing_panics_and_little_comes_out(text in any::<String>(), style in style()) {
            if let Some(out) = written(&text, style) {
                prop_assert!(out.len() <= 1 << 20);
            }
        }

        #[test]
        fn tokens_in_any_order_do_not_panic(text in r#"[\[\]{},:"\\ud8001.e\-+ tfn]{0,200}"#, style in style()) {
            let _ = written(&text, style);
        }
    }
}
