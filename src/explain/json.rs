//! Bodies of JSON that were parsed and written again.

use serde_json::value::RawValue;

use super::cause::Cause;
use super::explanation::Explanation;
use super::json_style::{Also, Layout, NonAscii, Numbers, Style, rewrite};
use super::search::{LARGEST_BODY, Search};
use super::tried::Tried;

/// A body that is written in another style may grow so much.
const LONGEST: usize = 4 * LARGEST_BODY;

/// How many integers are tried as floats, one by one.
const MOST_INTEGERS: usize = 8;

const LAYOUTS: [Layout; 5] =
    [Layout::Compact, Layout::Spaced, Layout::Indented("  "), Layout::Indented("    "), Layout::Indented("\t")];

const ALSO: [Also; 4] = [Also::Nothing, Also::Slash, Also::Html, Also::HtmlAndQuotes];

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    let body = search.body?;
    let text = std::str::from_utf8(body).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    let mut tried = Tried::new(body);
    styles(search, text, &mut tried)
        .or_else(|| in_string(search, text, &mut tried))
        .or_else(|| numbers(search, text, &mut tried))
}

fn all_styles() -> impl Iterator<Item = Style> {
    ALSO.into_iter().flat_map(|also| {
        [NonAscii::Raw, NonAscii::Escaped].into_iter().flat_map(move |non_ascii| {
            LAYOUTS.into_iter().map(move |layout| Style { layout, non_ascii, also, numbers: Numbers::AsTheyAre })
        })
    })
}

fn styles(search: &mut Search<'_>, text: &str, tried: &mut Tried) -> Option<Explanation> {
    for style in all_styles() {
        if search.is_spent(text.len()) {
            return None;
        }
        let body = rewrite(text, style, LONGEST)?;
        // Many writers end the text with a line end.
        let with_line = format!("{body}\n");
        for body in [body, with_line] {
            if tried.fits(search, body) {
                let sentence = format!(
                    "the signature covers the same JSON {}: something parsed the body and wrote it again",
                    described(style)
                );
                return Some(Explanation::proven(Cause::BodyJsonRewritten, sentence));
            }
        }
    }
    None
}

fn described(style: Style) -> String {
    let layout = match style.layout {
        Layout::Compact => "without blanks",
        Layout::Indented("\t") => "indented by tabs",
        Layout::Indented("  ") => "indented by 2 blanks",
        Layout::Indented(_) => "indented by 4 blanks",
        Layout::Spaced => "with blanks behind `,` and `:`",
    };
    let escapes = match (style.non_ascii, style.also) {
        (NonAscii::Raw, Also::Nothing) => "",
        (NonAscii::Escaped, Also::Nothing) => r", non-ASCII as `\u…`",
        (NonAscii::Raw, Also::Slash) => r", `/` as `\/`",
        (NonAscii::Escaped, Also::Slash) => r", `/` as `\/` and non-ASCII as `\u…`",
        (NonAscii::Raw, Also::Html) => r", `<`, `>` and `&` as `\u…`",
        (NonAscii::Escaped, Also::Html) => r", `<`, `>`, `&` and non-ASCII as `\u…`",
        (NonAscii::Raw, Also::HtmlAndQuotes) => r", quotes and what HTML has a meaning for as `\u…`",
        (NonAscii::Escaped, Also::HtmlAndQuotes) => r", quotes, what HTML has a meaning for and non-ASCII as `\u…`",
    };
    format!("{layout}{escapes}")
}

/// JSON in a JSON string, either way.
fn in_string(search: &mut Search<'_>, text: &str, tried: &mut Tried) -> Option<Explanation> {
    if search.is_spent(text.len()) {
        return None;
    }
    let (bodies, sentence) = if text.trim_start().starts_with('"') {
        let inner: String = serde_json::from_str(text).ok()?;
        let bodies: Vec<String> = std::iter::once(inner.clone())
            .chain(all_styles().filter_map(|style| rewrite(&inner, style, LONGEST)))
            .collect();
        (bodies, "the signature covers the JSON within the JSON string that came: something encoded it twice")
    } else {
        let string = serde_json::to_string(text).ok()?;
        let bodies = all_styles()
            .filter(|style| style.layout == Layout::Compact)
            .filter_map(|style| rewrite(&string, style, LONGEST))
            .collect();
        (bodies, "the signature covers this JSON as a JSON string: something decoded it once too often")
    };
    let found = bodies.into_iter().any(|body| tried.fits(search, body));
    found.then(|| Explanation::proven(Cause::BodyJsonInString, sentence))
}

/// `1.0` as `1` and the other way round, in the styles that writers have by default.
fn numbers(search: &mut Search<'_>, text: &str, tried: &mut Tried) -> Option<Explanation> {
    let default =
        Style { layout: Layout::Compact, non_ascii: NonAscii::Raw, also: Also::Nothing, numbers: Numbers::AsTheyAre };
    let styles = [
        Style { layout: Layout::Spaced, non_ascii: NonAscii::Escaped, ..default },
        default,
        Style { non_ascii: NonAscii::Escaped, also: Also::Slash, ..default },
        Style { also: Also::Html, ..default },
        Style { layout: Layout::Indented("  "), ..default },
    ];
    let one = (0..MOST_INTEGERS).map(Numbers::OneAsFloat);
    for style in styles {
        if search.is_spent(text.len()) {
            return None;
        }
        let unchanged = rewrite(text, style, LONGEST)?;
        for numbers in [Numbers::WithoutZeroFraction, Numbers::WithFraction].into_iter().chain(one.clone()) {
            let body = rewrite(text, Style { numbers, ..style }, LONGEST)?;
            if body == unchanged && matches!(numbers, Numbers::OneAsFloat(_)) {
                // There are no more integers.
                break;
            }
            if tried.fits(search, body) {
                return Some(Explanation::proven(
                    Cause::BodyNumbersRewritten,
                    "the signature covers the same JSON with numbers in another form, such as `1.0` for `1`",
                ));
            }
        }
    }
    None
}

/// Keys that stand in order all over are seldom so by themselves.
pub(super) fn guess(search: &Search<'_>) -> Option<Explanation> {
    let keys = sorted_keys(search.body?)?;
    (keys >= 4).then(|| {
        Explanation::guessed(
            Cause::BodyKeysSorted,
            "all keys of the JSON stand in alphabetical order: something that sorts keys may have written it again",
        )
    })
}

/// How many keys the outermost object has, where they all stand in order.
fn sorted_keys(body: &[u8]) -> Option<usize> {
    let object: Keys = serde_json::from_slice(body).ok()?;
    object.0.is_sorted().then_some(object.0.len())
}

/// The keys of an object, as they stand.
struct Keys(Vec<String>);

impl<'de> serde::Deserialize<'de> for Keys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Keys;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, &RawValue>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
