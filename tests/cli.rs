//! The command line tool, as somebody at a terminal runs it.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use tower_webhook::provider;

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tower-webhook"));
    command.args(arguments).env("SECRET", SECRET).env("EMPTY", "");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str], input: impl Into<Vec<u8>>) -> Output {
    let mut child = tool(arguments).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.into());
    // It may end before it has read all.
    let writer = thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Exit code and one JSON value for each line of output.
fn verify(arguments: &[&str], input: impl Into<Vec<u8>>) -> (i32, Vec<Value>) {
    let output = run(&[&["verify"], arguments].concat(), input);
    let lines = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), lines)
}

fn vectors() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
        .iter()
        .flat_map(|file| serde_json::from_str::<Vec<Value>>(&std::fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

fn named(id: &str) -> Value {
    vectors().into_iter().find(|vector| vector["id"] == id).unwrap()
}

fn jsonl(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_vector_is_accepted_in_its_place() {
    let vectors = vectors();
    let senders: BTreeSet<_> = vectors.iter().map(|vector| vector["provider"].as_str().unwrap()).collect();
    assert_eq!(senders, provider::ALL.iter().map(|scheme| scheme.name()).collect());
    let (code, lines) = verify(&[], jsonl(&vectors));
    assert_eq!((code, lines.len()), (0, vectors.len()));
    for (vector, line) in vectors.iter().zip(&lines) {
        assert_eq!(*line, json!({"id": vector["id"], "verdict": "accept", "reason": null}));
    }
}

/// Whether the secret is a user and a password, shown as `Authorization: Basic`.
fn is_basic(headers: &Value, secret: &str) -> bool {
    let basic = format!("Basic {}", Base64::encode_string(secret.as_bytes()));
    headers.as_array().unwrap().iter().any(|header| header[1] == json!(basic))
}

#[test]
fn a_secret_or_a_body_that_was_changed_is_refused() {
    let mut changed = Vec::new();
    // Where the key would be fetched, it is not the secret.
    for vector in vectors()
        .into_iter()
        .filter(|vector| vector["extra"]["certificate_pem"].is_null() && vector["extra"]["jwks"].is_null())
    {
        let mut other = vector.clone();
        other.as_object_mut().unwrap().remove("secrets");
        // One that every scheme can use: base64 and hex of 32 bytes, and Ed25519's base point.
        let point = format!("58{}", "66".repeat(31));
        let public = ["discord", "telnyx"].contains(&vector["provider"].as_str().unwrap())
            || vector["secret"].as_str().is_some_and(|secret| secret.starts_with("whpk_"));
        // Of keys in other forms, that of another sender.
        let form = vector["secret"].as_str().map_or("", |secret| &secret[..secret.len().min(12)]);
        other["secret"] = if form == "MIIBIjANBgkq" {
            vectors().into_iter().find(|vector| vector["provider"] == "wise").unwrap()["secret"].clone()
        } else if vector["provider"] == "truelayer" {
            // Another curve than all others.
            let keys = vectors().into_iter().filter(|vector| vector["provider"] == "truelayer");
            keys.map(|vector| vector["secret"].clone()).find(|secret| *secret != vector["secret"]).unwrap()
        } else if ["-----BEGIN P", "MFkwEwYHKoZI"].contains(&form) {
            let others = vectors().into_iter().map(|vector| vector["secret"].clone());
            let mut others = others.filter(|secret| secret.as_str().is_some_and(|secret| secret.starts_with(form)));
            others.find(|secret| *secret != vector["secret"]).unwrap()
        } else if public && vector["provider"] != "discord" && vector["provider"] != "telnyx" {
            json!(format!("whpk_{}", Base64::encode_string(&base16ct::lower::decode_vec(&point).unwrap())))
        } else if vector["secret"].as_str().is_some_and(|secret| is_basic(&vector["headers"], secret)) {
            json!("another-user:another password")
        } else {
            json!(point)
        };
        changed.push(other);
    }
    let (code, lines) = verify(&[], jsonl(&changed));
    assert_eq!(code, 0);
    for line in &lines {
        assert_eq!((&line["verdict"], &line["reason"]), (&json!("reject"), &json!("signature_mismatch")), "{line}");
    }
    let mut body = named("github-docs");
    body["body_b64"] = json!(Base64::encode_string(b"Hello, World?"));
    let (code, lines) = verify(&[], jsonl(&[body]));
    assert_eq!((code, &lines[0]["reason"]), (0, &json!("signature_mismatch")));
}

#[test]
fn each_change_is_refused_for_its_reason() {
    let stripe = named("stripe-node");
    let signature = stripe["headers"][1][1].as_str().unwrap().to_owned();
    let header = |lines: Value| {
        let mut vector = stripe.clone();
        vector["headers"] = lines;
        vector
    };
    let at = |seconds: i64| {
        let mut vector = stripe.clone();
        vector["received_at"] = json!(vector["received_at"].as_i64().unwrap() + seconds);
        vector
    };
    let cases = [
        (header(json!([])), "missing_signature"),
        (header(json!([["stripe-signature", ""]])), "malformed_signature"),
        (header(json!([["stripe-signature", signature], ["Stripe-Signature", signature]])), "malformed_signature"),
        (header(json!([["stripe-signature", signature.replace("v1=", "v1=zz")]])), "malformed_signature"),
        (header(json!([["stripe-signature", signature.replace("t=1", "t=+1")]])), "malformed_timestamp"),
        (header(json!([["stripe-signature", signature.replace("v1=a", "v1=b")]])), "signature_mismatch"),
        (at(301), "timestamp_too_old"),
        (at(-301), "timestamp_in_future"),
    ];
    let (vectors, reasons): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let (code, lines) = verify(&[], jsonl(&vectors));
    assert_eq!(code, 0);
    let found: Vec<_> = lines.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(found, reasons);
    assert!(lines.iter().all(|line| line["verdict"] == "reject" && line["detail"].is_string()));
}

#[test]
fn what_cannot_be_judged_is_said_and_the_others_are_judged() {
    let good = named("github-docs");
    let mut unknown = good.clone();
    unknown["provider"] = json!("githbu");
    let mut no_secret = good.clone();
    no_secret.as_object_mut().unwrap().remove("secret");
    let mut no_provider = good.clone();
    no_provider.as_object_mut().unwrap().remove("provider");
    let input = format!("{good}\nnonsense\n\n{unknown}\n{no_secret}\n{no_provider}\n{{\"id\":\"half\"}}\n{good}");
    let output = run(&["verify"], input);
    assert_eq!(output.status.code(), Some(2));
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = lines
        .iter()
        .map(|line| (line["id"].as_str(), line["verdict"].as_str().unwrap(), line["reason"].as_str()))
        .collect();
    let id = Some("github-docs");
    assert_eq!(
        found,
        [
            (id, "accept", None),
            (None, "error", Some("not_a_delivery")),
            (None, "error", Some("not_a_delivery")),
            (id, "error", Some("unknown_provider")),
            (id, "error", Some("no_secret")),
            (id, "error", Some("unknown_provider")),
            (Some("half"), "error", Some("not_a_delivery")),
            (id, "accept", None),
        ]
    );
    assert!(text(&output.stderr).contains("6 of the lines could not be judged; the first is line 2"));
    for bad in ["nonsense".to_owned(), unknown.to_string()] {
        assert_eq!(verify(&[], bad).0, 2);
    }
    assert_eq!(verify(&[], ""), (0, Vec::new()));
}

#[test]
fn a_line_that_is_silent_takes_sender_and_secret_from_the_command_line() {
    let mut vector = named("standard-webhooks-official");
    assert_eq!(vector["secret"], json!(format!("whsec_{SECRET}")));
    vector.as_object_mut().unwrap().remove("secret");
    vector.as_object_mut().unwrap().remove("provider");
    let (code, lines) = verify(&["--provider", "svix", "--secret-env", "SECRET"], jsonl(&[vector.clone()]));
    assert_eq!((code, &lines[0]["verdict"]), (0, &json!("accept")));

    for (arguments, word) in [
        (["--provider", "strpie", "--secret-env", "SECRET"], "did you mean `stripe`"),
        (["--provider", "svix", "--secret-env", "NOT_SET_ANYWHERE"], "`NOT_SET_ANYWHERE` is not set"),
        (["--provider", "svix", "--secret-env", "EMPTY"], "`EMPTY` is empty"),
    ] {
        let output = run(&[&["verify"], &arguments[..]].concat(), jsonl(&[vector.clone()]));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_warned_of_and_never_shown() {
    let signed = run(&["sign", "--provider", "github", "--secret-env", "SHORT", "--jsonl"], "{}");
    assert_eq!(signed.status.code(), Some(2), "`SHORT` is not set");
    let mut child = tool(&["sign", "--provider", "github", "--secret-env", "SHORT", "--jsonl"]);
    let mut child = child.env("SHORT", "hunter2").spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let signed = child.wait_with_output().unwrap();
    let mut line: Value = serde_json::from_slice(&signed.stdout).unwrap();
    line["secret"] = json!("hunter2");
    let output = run(&["verify"], jsonl(&[line.clone(), line]));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).matches("\"accept\"").count(), 2);
    assert_eq!(text(&output.stderr).matches("a secret of 7 bytes can be guessed").count(), 1);
    for shown in [&signed.stdout, &signed.stderr, &output.stdout, &output.stderr] {
        assert!(!text(shown).contains("hunter2"));
    }
}

#[test]
fn each_verdict_comes_before_the_next_line_is_needed() {
    let mut child = tool(&["verify"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for id in ["github-docs", "stripe-node", "slack-docs"] {
        writeln!(stdin, "{}", named(id)).unwrap();
        stdin.flush().unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], id);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn ten_thousand_lines_come_out_in_order() {
    let vector = named("github-docs");
    let lines: Vec<_> = (0..10_000)
        .map(|at| {
            let mut line = vector.clone();
            line["id"] = json!(at.to_string());
            line
        })
        .collect();
    let (code, lines) = verify(&[], jsonl(&lines));
    assert_eq!(code, 0);
    assert!(lines.iter().map(|line| line["id"].as_str().unwrap()).eq((0..10_000).map(|at| at.to_string())));
    assert!(lines.iter().all(|line| line["verdict"] == "accept"));
}

#[test]
fn what_is_signed_verifies_for_every_sender_with_a_shared_secret() {
    // Of these the signer wants a header, a form or a private key that others do not.
    let mut signed = 0;
    for scheme in provider::ALL {
        let name = scheme.name();
        let arguments = ["sign", "--provider", name, "--secret-env", "SECRET", "--jsonl"];
        let configured = ["--public-url", "https://h.example/", "--key-id", "app-1"];
        let output = run(&[&arguments[..], &configured].concat(), r#"{"id":"1"}"#);
        let Some(0) = output.status.code() else {
            assert_eq!(output.status.code(), Some(1), "{name}");
            assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{name}");
            continue;
        };
        let (code, lines) = verify(&["--secret-env", "SECRET"], output.stdout);
        // Where the time stands in the body, this body has none.
        let fine = lines[0]["verdict"] == "accept" || lines[0]["reason"] == "missing_timestamp";
        assert!(code == 0 && fine, "{name}: {}", lines[0]);
        signed += 1;
    }
    assert!(signed > 150, "{signed}");
}

#[test]
fn headers_and_a_command_line_for_the_shell_are_printed() {
    let arguments = ["sign", "--provider", "github", "--secret-env", "SECRET", "--at", "1700000000"];
    let output = run(&[&arguments[..], &["--header", "x-github-event: it's"]].concat(), "Hello");
    let headers: BTreeSet<_> = text(&output.stdout).lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(headers, ["content-type", "x-github-delivery", "x-github-event", "x-hub-signature-256"].into());

    let curl = ["--curl", "http://localhost:1/a?b=c", "--header", "x-github-event: it's"];
    let output = run(&[&arguments[..], &curl].concat(), "Hello");
    let line = text(&output.stdout);
    assert!(line.starts_with("curl --request POST 'http://localhost:1/a?b=c' --header "), "{line}");
    assert!(line.contains(r"--header 'x-github-event: it'\''s'") && line.ends_with("--data-binary '@-'\n"), "{line}");

    let twilio = run(&["sign", "--provider", "twilio", "--secret-env", "SECRET"], "A=1");
    assert_eq!(twilio.status.code(), Some(2));
    assert!(text(&twilio.stderr).contains("--public-url"));
    let shop = run(&["sign", "--provider", "tiktok-shop", "--secret-env", "SECRET"], "{}");
    assert_eq!(shop.status.code(), Some(2));
    assert!(text(&shop.stderr).contains("--key-id"));
}

#[test]
fn the_private_key_of_a_sender_signs() {
    let seed = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
    let mut child = tool(&["sign", "--provider", "discord", "--secret-env", "SEED", "--jsonl"]);
    let mut child = child.env("SEED", seed).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let mut line: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    // The public half of that key, as the vectors have it.
    line["secret"] = vectors().into_iter().find(|vector| vector["provider"] == "discord").unwrap()["secret"].clone();
    assert_eq!(verify(&[], jsonl(&[line])).1[0]["verdict"], "accept");
}

#[test]
fn every_sender_is_listed_with_its_source() {
    let output = run(&["providers", "--json"], "");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.len(), provider::ALL.len());
    for (row, scheme) in rows.iter().zip(provider::ALL) {
        assert_eq!((row["id"].as_str(), row["source"].as_str()), (Some(scheme.name()), Some(scheme.facts_source().0)));
        assert!(["verified", "third-party", "documented"].contains(&row["confidence"].as_str().unwrap()));
        assert_eq!(row["facts"]["signs"], json!(scheme.summary()));
        assert_eq!(row["facts"]["signs_time"], json!(scheme.signs_time()));
        assert_eq!(row["facts"]["signs_url"], json!(scheme.signs_url()));
    }
    let stripe = rows.iter().find(|row| row["id"] == "stripe").unwrap();
    assert_eq!(stripe["signed"], json!(["timestamp", {"text": "."}, "body"]));
    assert_eq!(rows.iter().find(|row| row["id"] == "twilio").unwrap()["rule"], "twilio");
    let table = run(&["providers"], "");
    assert_eq!(text(&table.stdout).lines().count(), provider::ALL.len() + 1);
}

/// A file that is there for as long as this value is.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tower-webhook-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn senders_of_one_s_own_are_known_beside_those_of_the_catalogue() {
    let rows: Vec<Value> = serde_json::from_slice(&run(&["providers", "--json"], "").stdout).unwrap();
    let mut mine = rows.into_iter().find(|row| row["id"] == "stripe").unwrap();
    mine["id"] = json!("my-stripe");
    let json = File::new("mine.json", &json!([mine]).to_string());
    let toml = "name = \"acme\"\nalgorithm = \"token\"\nsignature = { header = \"x-token\" }\n";
    let toml = File::new("mine.toml", &format!("[[scheme]]\n{toml}"));
    for (file, name) in [(&json, "my-stripe"), (&toml, "acme")] {
        let own = ["--schemes", file.path()];
        let arguments = ["sign", "--provider", name, "--secret-env", "SECRET", "--jsonl"];
        let signed = run(&[&arguments[..], &own].concat(), "{}");
        assert!(signed.status.success(), "{}", text(&signed.stderr));
        let with_secret = [&["--secret-env", "SECRET"], &own[..]].concat();
        let (code, lines) =
            verify(&with_secret, [&signed.stdout[..], jsonl(&[named("stripe-node")]).as_bytes()].concat());
        assert_eq!((code, lines.len()), (0, 2));
        assert!(lines.iter().all(|line| line["verdict"] == "accept"), "{lines:?}");
        let mut forged: Value = serde_json::from_slice(&signed.stdout).unwrap();
        forged["secret"] = json!("another secret of some length");
        assert_eq!(verify(&own, jsonl(&[forged])).1[0]["reason"], "signature_mismatch");
        assert_eq!(verify(&["--secret-env", "SECRET"], signed.stdout).1[0]["reason"], "unknown_provider");
    }
    let near = run(&["verify", "--schemes", toml.path(), "--provider", "acne"], "");
    assert!(text(&near.stderr).contains("did you mean `acme`"), "{}", text(&near.stderr));
}

#[test]
fn a_file_of_schemes_that_is_wrong_is_refused_before_anything_is_judged() {
    let taken = "[[scheme]]\nname = \"stripe\"\nalgorithm = \"basic\"\n";
    let (code, name) = (Some(2), "stripe-node");
    for (file, word) in [
        (File::new("taken.toml", taken), "the catalogue has a sender `stripe` already"),
        (
            File::new("wrong.toml", "[[scheme]]\nname = 1\n"),
            "wrong.toml: invalid type: integer `1`, expected a string at line 2",
        ),
        (File::new("wrong.json", "{}"), "wrong.json: invalid type: map"),
        (File::new("schemes.yaml", ""), "ends in `.toml` or `.json`"),
    ] {
        for command in [&["verify"][..], &["sign", "--provider", "github", "--secret-env", "SECRET"]] {
            let output = run(&[command, &["--schemes", file.path()]].concat(), jsonl(&[named(name)]));
            assert_eq!((output.status.code(), text(&output.stdout)), (code, ""));
            assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
        }
    }
    let missing = run(&["verify", "--schemes", "nowhere/schemes.toml"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("nowhere/schemes.toml: "));
}

#[test]
fn help_has_examples_and_exit_codes() {
    let help = run(&["--help"], "");
    assert!(help.status.success() && text(&help.stdout).contains("Exit codes:"));
    for command in ["verify", "sign", "providers"] {
        let help = run(&[command, "--help"], "");
        assert!(help.status.success() && text(&help.stdout).contains("Examples:"), "{command}");
    }
    assert_eq!(run(&["verify", "--nonsense"], "").status.code(), Some(2));
    assert_eq!(run(&[], "").status.code(), Some(2));
}

/// Answers one request with this, and hands on what it read.
fn receiver(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head += &line;
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        std::io::Read::read_exact(&mut reader, &mut body).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        head + text(&body)
    });
    (url, serving)
}

#[test]
fn a_delivery_is_signed_sent_and_its_answer_shown() {
    let (url, serving) = receiver(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 11\r\nconnection: close\r\n\r\n\"thank\u{7}you\"",
    );
    let arguments =
        ["send", "--provider", "github", "--secret-env", "SECRET", "--id", "d-1", "--header", "x-a: b", &url];
    let sent = run(&arguments, "{\"a\":1}");
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
    assert_eq!(text(&sent.stdout), "200 OK\ncontent-type: text/plain\n\n\"thank\\u{7}you\"\n");
    let request = serving.join().unwrap();
    assert!(request.starts_with("POST /hook?a=b HTTP/1.1\r\n") && request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    assert!(request.contains("x-a: b\r\n") && request.contains("x-github-delivery: d-1\r\n"), "{request}");

    let dry = run(&[&arguments[..], &["--dry-run"]].concat(), "{\"a\":1}");
    let signature = |request: &str| {
        request.lines().find_map(|line| line.strip_prefix("x-hub-signature-256: ")).unwrap().trim().to_owned()
    };
    assert_eq!(signature(text(&dry.stdout)), signature(&request), "the same, but not sent");
    assert_eq!(dry.status.code(), Some(0));
}

#[test]
fn an_answer_that_is_no_success_fails_and_so_does_none() {
    let (url, serving) = receiver(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    let arguments = ["send", "--provider", "github", "--secret-env", "SECRET"];
    let sent = run(&[&arguments[..], &[&url]].concat(), "{}");
    assert_eq!((sent.status.code(), text(&sent.stdout)), (Some(1), "503 Service Unavailable\nretry-after: 7\n"));
    drop(serving.join().unwrap());
    // Nobody listens any more.
    assert_eq!(run(&[&arguments[..], &[&url]].concat(), "{}").status.code(), Some(1));
    for wrong in ["localhost:3000", "/hook", "https://example.com/", "ftp://example.com/"] {
        assert_eq!(run(&[&arguments[..], &[wrong]].concat(), "{}").status.code(), Some(2), "{wrong}");
    }
}
