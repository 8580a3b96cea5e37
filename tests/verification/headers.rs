//! Headers that are missing, doubled, cut, oversized, or no ASCII.

use http::HeaderValue;
use tower_webhook::Reason;
use tower_webhook::clock::UnixTime;

use crate::coverage::written;
use crate::deliveries::{Vector, named, plain};

/// Where the signature (or the token) stands.
fn signature_header(vector: &Vector) -> &'static str {
    written(vector).map_or("x-gitlab-token", |written| written.header)
}

/// Headers of their own that are signed along: timestamp and id.
fn signed_headers(vector: &Vector) -> &'static [&'static str] {
    match vector.provider.as_str() {
        "discord" => &["x-signature-timestamp"],
        "slack" => &["x-slack-request-timestamp"],
        "standard-webhooks" => &["webhook-id", "webhook-timestamp"],
        "svix" => &["svix-id", "svix-timestamp"],
        _ => &[],
    }
}

fn essential(vector: &Vector) -> Vec<&'static str> {
    let mut names = vec![signature_header(vector)];
    names.extend(signed_headers(vector));
    names
}

fn reason(vector: &Vector) -> Reason {
    vector.verify().expect_err(&vector.id).reason()
}

#[test]
fn a_header_that_is_missing_is_named_by_the_reason() {
    for vector in plain() {
        for name in essential(&vector) {
            let mut without = vector.clone();
            without.head.headers.remove(name);
            let expected = match name {
                name if name.ends_with("timestamp") => Reason::MissingTimestamp,
                _ => Reason::MissingSignature,
            };
            assert_eq!(reason(&without), expected, "{} without {name}", vector.id);
        }
    }
}

#[test]
fn a_header_that_is_empty_or_blank_is_refused() {
    for vector in plain() {
        for name in essential(&vector) {
            for value in [&b""[..], b" ", b"\t", b",", b"=", b" , ", b";"] {
                let changed = vector.with_header(name, value);
                assert_eq!(reason(&changed).status(), 401, "{} {name}: {value:?}", vector.id);
            }
        }
    }
}

#[test]
fn a_header_on_two_lines_is_refused_even_where_both_are_the_same() {
    for vector in plain() {
        for name in essential(&vector) {
            let right = vector.head.headers[name].clone();
            for (first, second) in [
                (right.clone(), right.clone()),
                (right.clone(), HeaderValue::from_static("")),
                (HeaderValue::from_static("wrong"), right),
            ] {
                let mut doubled = vector.clone();
                doubled.head.headers.insert(name, first);
                doubled.head.headers.append(name, second);
                let expected = match name {
                    name if name.ends_with("timestamp") => Reason::MalformedTimestamp,
                    _ => Reason::MalformedSignature,
                };
                assert_eq!(reason(&doubled), expected, "{} {name}", vector.id);
            }
        }
    }
}

#[test]
fn a_header_that_is_cut_anywhere_is_refused() {
    for vector in plain() {
        for name in essential(&vector) {
            let text = vector.header(name).to_owned();
            for length in 0..text.len() {
                let cut = vector.with_header(name, &text.as_bytes()[..length]);
                assert_eq!(reason(&cut).status(), 401, "{} {name}: {length}", vector.id);
                // Nor at the time that a shorter timestamp names.
                let now = UnixTime::from_secs(text[..length].parse().unwrap_or_default());
                let refused = cut.verifier().verify(&cut.head, &cut.body, Some(now)).unwrap_err();
                assert_eq!(refused.reason().status(), 401, "{} {name}: {length}", vector.id);
            }
        }
    }
}

#[test]
fn a_header_with_something_around_it_is_refused() {
    for vector in plain() {
        for name in essential(&vector) {
            let text = vector.header(name);
            let list = written(&vector).is_some_and(|written| written.is_list());
            for changed in [
                format!(" {text}"),
                format!("{text} "),
                format!("{text}\t"),
                format!("{text},"),
                format!("{text};"),
                format!("\"{text}\""),
                format!("{text}0"),
                // In a list, a second copy is one more candidate.
                if list { format!("{text}0") } else { format!("{text}{text}") },
                if list { format!("0{text}") } else { format!("{text}={text}") },
            ] {
                let changed = vector.with_header(name, changed.as_bytes());
                assert_eq!(reason(&changed).status(), 401, "{} {name}: {:?}", vector.id, changed.head.headers[name]);
            }
        }
    }
}

#[test]
fn a_header_of_60_kib_is_refused() {
    for vector in plain() {
        for name in essential(&vector) {
            let text = vector.header(name);
            for filling in
                ["0", "A", " ", ",", "=", "v1,", "v1=", "v1=0,", "v1,AAAA ", "t=1,", &format!("{text},"), text]
            {
                let long = filling.repeat(60 * 1024 / filling.len());
                for value in [long.clone(), format!("{text}{long}"), format!("{long}{text}")] {
                    let changed = vector.with_header(name, value.as_bytes());
                    assert_eq!(reason(&changed).status(), 401, "{} {name}: {filling:?}", vector.id);
                }
            }
        }
    }
}

#[test]
fn a_header_that_is_no_ascii_is_refused() {
    for vector in plain() {
        for name in essential(&vector) {
            let text = vector.header(name);
            for extra in [&b"\xff"[..], b"\x80", "é".as_bytes(), "٣".as_bytes(), "\u{feff}".as_bytes(), b"\xc3"] {
                for value in [[text.as_bytes(), extra].concat(), [extra, text.as_bytes()].concat(), extra.to_vec()] {
                    let expected = match name {
                        name if name.ends_with("timestamp") => Reason::MalformedTimestamp,
                        _ => Reason::MalformedSignature,
                    };
                    assert_eq!(reason(&vector.with_header(name, &value)), expected, "{} {name}", vector.id);
                }
            }
        }
    }
}

#[test]
fn a_prefix_is_part_of_the_signature_and_has_one_spelling() {
    for (id, name, prefix) in
        [("github-docs", "x-hub-signature-256", "sha256="), ("slack-docs", "x-slack-signature", "v0=")]
    {
        let vector = named(id);
        let text = vector.header(name).strip_prefix(prefix).unwrap();
        for other in
            ["", "sha1=", "sha512=", "SHA256=", "V0=", "v1=", "sha256:", "sha256 =", "sha256= ", "sha256=sha256="]
        {
            if other != prefix {
                let changed = vector.with_header(name, format!("{other}{text}").as_bytes());
                assert_eq!(reason(&changed).status(), 401, "{id}: {other:?}");
            }
        }
        vector.with_header(name, format!("sha1={text}").as_bytes()).assert_refused(Reason::UnsupportedScheme);
    }
}

#[test]
fn hex_is_read_in_either_case() {
    for (id, name) in [
        ("discord-ping", "x-signature-ed25519"),
        ("github-docs", "x-hub-signature-256"),
        ("meta-page", "x-hub-signature-256"),
        ("slack-docs", "x-slack-signature"),
        ("stripe-node", "stripe-signature"),
    ] {
        let vector = named(id);
        let upper = written(&vector).unwrap().change(vector.header(name), str::to_uppercase);
        assert_ne!(upper, vector.header(name));
        assert!(vector.with_header(name, upper.as_bytes()).verify().is_ok(), "{id}");
        for strange in [" ", "0x", "-", "_", "g"] {
            let changed = written(&vector)
                .unwrap()
                .change(vector.header(name), |text| format!("{strange}{}", &text[strange.len()..]));
            assert_eq!(
                reason(&vector.with_header(name, changed.as_bytes())),
                Reason::MalformedSignature,
                "{id} {strange:?}"
            );
        }
    }
}

/// The same bytes in another spelling of base64: each would be one more text for one signature.
#[test]
fn base64_has_one_spelling() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for vector in plain() {
        let Some(written) = written(&vector).filter(|written| written.encoding != tower_webhook::scheme::Encoding::Hex)
        else {
            continue;
        };
        let line = vector.header(written.header).to_owned();
        let without_padding = |text: &str| text.trim_end_matches('=').to_owned();
        let next_to_last_bits = |text: &str| {
            let bare = text.trim_end_matches('=');
            let last = ALPHABET.find(bare.chars().last().unwrap()).unwrap();
            let padding = &text[bare.len()..];
            format!("{}{}{padding}", &bare[..bare.len() - 1], &ALPHABET[last + 1..last + 2])
        };
        let spellings: [&dyn Fn(&str) -> String; 6] = [
            &without_padding,
            &next_to_last_bits,
            &|text| format!("{text}="),
            &|text| format!("{text}===="),
            &|text| text.replacen('=', "%3D", 1),
            &|text| format!("{} {}", &text[..4], &text[4..]),
        ];
        for (at, spelling) in spellings.iter().enumerate() {
            let changed = written.change(&line, spelling);
            assert_ne!(changed, line);
            let refused = reason(&vector.with_header(written.header, changed.as_bytes()));
            assert_eq!(refused, Reason::MalformedSignature, "{} spelling {at}", vector.id);
        }
        let url_safe = written.change(&line, |text| text.replace('+', "-").replace('/', "_"));
        if url_safe != line {
            vector.with_header(written.header, url_safe.as_bytes()).assert_refused(Reason::MalformedSignature);
        }
    }
}
