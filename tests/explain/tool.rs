//! `tower-webhook explain`.

use std::io::Write;
use std::process::{Command, Stdio};

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::Request;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::Signer;
use tower_webhook::{Secret, provider};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const SECRET: &str = "planted secret of the sender";

/// A line whose delivery was signed over `sent` and came with `body`.
fn line(id: &str, sent: &str, body: &str, secret: &str) -> String {
    let (mut head, ()) = Request::post("/hook").body(()).unwrap().into_parts();
    let signer = Signer::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap();
    signer.sign(&mut head, &Bytes::copy_from_slice(sent.as_bytes()), NOW).unwrap();
    let signature = head.headers["x-hub-signature-256"].to_str().unwrap();
    let encoded = Base64::encode_string(body.as_bytes());
    format!(
        r#"{{"id":"{id}","provider":"github","received_at":1700000000,"method":"POST","url":"https://a.example/{id}","headers":[["x-hub-signature-256","{signature}"]],"body_b64":"{encoded}","secret":{}}}"#,
        serde_json::Value::from(secret)
    )
}

fn run(arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_tower-webhook"))
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn input() -> String {
    let other = "another secret altogether";
    [
        line("right", "{\"a\":1}", "{\"a\":1}", SECRET),
        line("rewritten", "{\"a\": 1}", "{\"a\":1}", SECRET),
        line("spaced", "{\"a\":1}", "{\"a\":1}", &format!("{SECRET}\n")),
        line("mixed-up", "{\"a\":1}", "{\"a\":1}", other),
        String::from("no line\u{1b}[31m"),
        line("it's", "{\"a\":1}", "{\"a\":1}", SECRET),
    ]
    .join("\n")
}

#[test]
fn each_line_gets_a_sentence() {
    let (code, output) = run(&[], &input());
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(code, Some(2));
    assert_eq!(lines[0], "right: accepted");
    for (at, texts) in [
        (1, ["rewritten: signature_mismatch: ", "(body_json_rewritten, high confidence)", "#body_json_rewritten"]),
        (2, ["spaced: signature_mismatch: ", "(secret_white_space, high confidence)", "`key-0`"]),
        (3, ["mixed-up: signature_mismatch: ", "(secret_of_other_route, high confidence)", "https://a.example/right"]),
        (4, ["-: not_a_delivery: ", "", ""]),
    ] {
        assert!(texts.iter().all(|text| lines[at].contains(text)), "{}", lines[at]);
    }
    assert!(!output.contains("planted secret") && !output.contains('\u{1b}'), "{output}");
    assert_eq!(lines[5], "it's: accepted");
}

#[test]
fn as_json_each_line_is_an_object() {
    let (_, output) = run(&["--json"], &input());
    let lines: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["verdict"], "accept");
    assert!(lines[0]["cause"].is_null());
    assert_eq!(lines[1]["cause"], "body_json_rewritten");
    assert_eq!(lines[1]["confidence"], "high");
    assert!(lines[1]["fix"].as_str().unwrap().contains("raw bytes"));
    assert_eq!(lines[4]["verdict"], "error");
    assert!(!output.contains("planted secret"));
}
