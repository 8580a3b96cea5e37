//! Secrets that were configured in another form than the sender's.

use zeroize::Zeroizing;

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;
use crate::encoding::{self, Encoding};
use crate::scheme::SecretText;
use crate::secret::{KeyMaterial, Secret, Secrets};

/// What stands before secrets, longest first.
const PREFIXES: [&str; 10] =
    ["v1,whsec_", "Bearer ", "secret=", "secret:", "whsec_", "whsk_", "whpk_", "base64:", "hex:", "v1,"];

/// What other credentials begin with, and what they are.
const OTHER_KINDS: [(&str, &str); 22] = [
    ("-----BEGIN ", "a key or certificate in PEM"),
    ("AKIA", "an AWS access key id"),
    ("Basic ", "a header for Basic authentication"),
    ("EAA", "a Meta access token"),
    ("SG.", "a SendGrid API key"),
    ("eyJ", "a JSON Web Token"),
    ("ghp_", "a GitHub token"),
    ("gho_", "a GitHub token"),
    ("ghs_", "a GitHub token"),
    ("github_pat_", "a GitHub token"),
    ("http://", "a URL"),
    ("https://", "a URL"),
    ("pk_live_", "a publishable API key"),
    ("pk_test_", "a publishable API key"),
    ("rk_live_", "a restricted API key"),
    ("rk_test_", "a restricted API key"),
    ("shpat_", "a Shopify access token"),
    ("sk_live_", "an API key"),
    ("sk_test_", "an API key"),
    ("we_", "the id of a webhook endpoint"),
    ("xoxb-", "a Slack bot token"),
    ("xoxp-", "a Slack user token"),
];

/// A secret of so many bytes cannot be guessed.
const LONG_ENOUGH: usize = 16;

type Text = Zeroizing<Vec<u8>>;

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    retired(search).or_else(|| other_text(search)).or_else(|| other_reading(search))
}

/// A key of the ring beyond its time, or one that was taken out of it.
fn retired(search: &mut Search<'_>) -> Option<Explanation> {
    let now = search.now;
    let beyond = search.route.keys().keys().iter().filter(|key| {
        now.is_some_and(|now| {
            key.not_before.is_some_and(|from| now < from) || key.not_after.is_some_and(|end| end < now)
        })
    });
    let beyond: Vec<_> = beyond.cloned().collect();
    let retired = search.route.retired_keys().map(Secrets::keys).unwrap_or_default();
    for key in beyond.into_iter().chain(retired.iter().cloned()) {
        let id = key.id.clone();
        if search.fits(search.route.sender(), &Secrets::always(key)) {
            let sentence = format!("the key `{id}` fits, and it does not count at this time");
            return Some(Explanation::proven(Cause::SecretRetired, sentence));
        }
    }
    None
}

/// The configured secrets with their ids.
fn shared<'a>(search: &Search<'a>) -> Vec<(&'a str, &'a Secret)> {
    let keys = search.route.keys().keys().iter();
    keys.filter_map(|key| match &key.material {
        KeyMaterial::Shared(secret) => Some((&*key.id, secret)),
        KeyMaterial::Public(_) => None,
    })
    .collect()
}

fn other_text(search: &mut Search<'_>) -> Option<Explanation> {
    for (id, secret) in shared(search) {
        for (text, cause, what) in texts(secret.expose()) {
            let Ok(changed) = Secret::short(text.as_slice()) else { continue };
            if search.fits(search.route.sender(), &Secrets::named(id, changed)) {
                return Some(Explanation::proven(cause, format!("the key `{id}` fits once it is {what}")));
            }
        }
    }
    None
}

/// Other texts of a secret, by what they would say.
fn texts(secret: &[u8]) -> Vec<(Text, Cause, &'static str)> {
    let mut texts = Vec::new();
    // Of what is left of a secret, nothing may be so short that a forger could guess it.
    let shortest = LONG_ENOUGH.min(secret.len() / 2);
    let mut add = |text: &[u8], cause, what| {
        if text != secret && text.len() >= shortest {
            texts.push((Zeroizing::new(text.to_vec()), cause, what));
        }
    };
    let trimmed = secret.trim_ascii();
    add(trimmed, Cause::SecretWhiteSpace, "taken without the white space at its ends");
    let bare = unquoted(trimmed);
    add(bare, Cause::SecretQuotes, "taken without its quotation marks");
    let mut naked = bare;
    for prefix in PREFIXES {
        if let Some(rest) = bare.strip_prefix(prefix.as_bytes()) {
            naked = rest;
            add(rest, Cause::SecretPrefix, "taken without the prefix before it");
            break;
        }
    }
    for prefix in ["whsec_", "v1,whsec_"] {
        add(&[prefix.as_bytes(), naked].concat(), Cause::SecretPrefix, "given the prefix `whsec_`");
    }
    if let Some(at) = bare.iter().position(|byte| *byte == b'=').filter(|at| *at > 0 && at + 1 < bare.len()) {
        let value = bare.get(at + 1..).unwrap_or_default();
        add(unquoted(value), Cause::SecretPrefix, "taken without the `NAME=` before it");
    }
    for line in ["\n", "\r\n", " "] {
        add(&[secret, line.as_bytes()].concat(), Cause::SecretWhiteSpace, "given white space at its end");
    }
    for quote in ["\"", "'"] {
        add(&[quote.as_bytes(), secret, quote.as_bytes()].concat(), Cause::SecretQuotes, "put into quotation marks");
    }
    for (decoded, what) in decodings(naked) {
        add(&decoded, Cause::SecretWritten, what);
    }
    add(Encoding::Base64.encode(secret).as_bytes(), Cause::SecretWritten, "written in base64");
    add(Encoding::Hex.encode(secret).as_bytes(), Cause::SecretWritten, "written in hex");
    for cased in [secret.to_ascii_lowercase(), secret.to_ascii_uppercase()] {
        add(&cased, Cause::SecretWritten, "written in the other case");
    }
    texts
}

fn decodings(text: &[u8]) -> Vec<(Text, &'static str)> {
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    let standard = text.replace('-', "+").replace('_', "/");
    [
        (encoding::secret_from_base64(text), "decoded from base64"),
        (encoding::secret_from_base64(&standard), "decoded from base64url"),
        (encoding::secret_from_hex(text), "decoded from hex"),
    ]
    .into_iter()
    .filter_map(|(decoded, what)| Some((decoded?, what)))
    .collect()
}

fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [first @ (b'"' | b'\'' | b'`'), inner @ .., last] if first == last => inner,
        _ => text,
    }
}

/// The same text under another rule.
fn other_reading(search: &mut Search<'_>) -> Option<Explanation> {
    let scheme = *search.scheme();
    let rules = [
        (SecretText::Whole, "taken as it is, prefix and all"),
        (SecretText::Base64 { prefix: "whsec_" }, "decoded from base64 behind its prefix"),
        (SecretText::Hex, "decoded from hex"),
        (SecretText::Sha256, "hashed by SHA-256"),
    ];
    for (rule, what) in rules.into_iter().filter(|(rule, _)| *rule != scheme.secret_rule()) {
        let sender = search.route.sender().signing_as(scheme.secret_text(rule));
        for (id, secret) in shared(search) {
            let bare = unquoted(secret.expose().trim_ascii());
            let naked = PREFIXES.iter().find_map(|prefix| bare.strip_prefix(prefix.as_bytes())).unwrap_or(bare);
            for text in [secret.expose(), naked] {
                let Ok(secret) = Secret::short(text) else { continue };
                let kept = secret.expose().len() >= LONG_ENOUGH.min(bare.len() / 2);
                if kept && search.fits(&sender, &Secrets::named(id, secret)) {
                    let sentence = format!("the key `{id}` fits once it is {what}");
                    return Some(Explanation::proven(Cause::SecretWritten, sentence));
                }
            }
        }
    }
    None
}

/// What the configured secret looks like.
pub(super) fn likely(search: &Search<'_>) -> Option<Explanation> {
    shared(search).into_iter().find_map(|(id, secret)| {
        let text = unquoted(secret.expose().trim_ascii());
        let (_, kind) = OTHER_KINDS.iter().find(|(start, _)| text.starts_with(start.as_bytes()))?;
        let sentence = format!("the key `{id}` looks like {kind}, not like a signing secret");
        Some(Explanation::likely(Cause::SecretOfOtherKind, sentence))
    })
}
