//! HTTP/2 as no library writes it: frames by hand, RFC 9113 and RFC 7541.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::message::github;
use crate::server::Receiver;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// What the server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Status(u16),
    Reset(u32),
    GoAway(u32),
    Closed,
}

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn setting(id: u16, value: u32) -> Vec<u8> {
    [id.to_be_bytes().as_slice(), &value.to_be_bytes()].concat()
}

/// An integer of HPACK, RFC 7541 §5.1, behind `pattern`.
fn integer(pattern: u8, bits: u32, value: usize) -> Vec<u8> {
    let most = (1_usize << bits) - 1;
    if value < most {
        return vec![pattern | u8::try_from(value).unwrap()];
    }
    let (mut bytes, mut rest) = (vec![pattern | u8::try_from(most).unwrap()], value - most);
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 0x80);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes
}

/// A field that is written out, not indexed, without Huffman.
fn field(name: &str, value: &[u8]) -> Vec<u8> {
    [vec![0], integer(0, 7, name.len()), name.as_bytes().to_vec(), integer(0, 7, value.len()), value.to_vec()].concat()
}

fn fields(list: &[(&str, &str)]) -> Vec<u8> {
    list.iter().flat_map(|(name, value)| field(name, value.as_bytes())).collect()
}

fn post(path: &str) -> Vec<u8> {
    fields(&[(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")])
}

fn with(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    [post(path), fields(more)].concat()
}

/// A whole request without a body.
fn whole(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
}

/// A request whose body is to come.
fn open(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, block)
}

/// The status in a block of the server's; it was told to keep no table.
fn status(mut block: &[u8]) -> u16 {
    // The size of the table.
    while let [first @ 0x20..=0x3f, rest @ ..] = block {
        block = rest;
        if *first == 0x3f {
            let end = block.iter().position(|byte| byte & 0x80 == 0).unwrap();
            block = &block[end + 1..];
        }
    }
    match block {
        [0x88, ..] => 200,
        [0x8c, ..] => 400,
        [0x8d, ..] => 404,
        [0x8e, ..] => 500,
        [_, length, text @ ..] if length & 0x80 == 0 => {
            std::str::from_utf8(&text[..usize::from(*length)]).unwrap().parse().unwrap()
        }
        [_, length, text @ ..] => {
            // Digits in Huffman: 0 to 2 have five bits, the others six.
            let bits: String = text[..usize::from(length & 0x7f)].iter().map(|byte| format!("{byte:08b}")).collect();
            let (mut at, mut number) = (0, 0);
            for _ in 0..3 {
                let short = u16::from_str_radix(&bits[at..at + 5], 2).unwrap();
                let (digit, length) = match short {
                    0..=2 => (short, 5),
                    _ => (u16::from_str_radix(&bits[at..at + 6], 2).unwrap() - 0x19 + 3, 6),
                };
                number = number * 10 + digit;
                at += length;
            }
            number
        }
        _ => panic!("no status in {block:?}"),
    }
}

#[test]
fn a_status_is_read_as_servers_write_it() {
    assert_eq!(status(&[0x20, 0x88]), 200);
    assert_eq!(status(&[0x08, 3, b'4', b'1', b'3']), 413);
    // 401: 011010 00000 00001.
    assert_eq!(status(&[0x48, 0x82, 0x68, 0x01]), 401);
}

/// Writes the frames, and listens until there was silence for a while or the end.
async fn say(address: std::net::SocketAddr, beginning: Vec<u8>, frames: Vec<u8>) -> Vec<Said> {
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let writing = tokio::spawn(async move {
        let _ = write.write_all(&beginning).await;
        let _ = write.write_all(&frames).await;
        write
    });
    let (mut said, mut buffer, began) = (Vec::new(), Vec::new(), Instant::now());
    loop {
        let silence = if writing.is_finished() && !said.is_empty() { 1_000 } else { 8_000 };
        match tokio::time::timeout(Duration::from_millis(silence), read.read_buf(&mut buffer)).await {
            Err(_) => break,
            Ok(Ok(0) | Err(_)) => {
                said.push(Said::Closed);
                break;
            }
            Ok(Ok(_)) => {}
        }
        while buffer.len() >= 9 {
            let length = u32::from_be_bytes([0, buffer[0], buffer[1], buffer[2]]) as usize;
            // An answer of HTTP/1.
            if buffer.starts_with(b"HTTP/1.1 ") {
                let status = std::str::from_utf8(&buffer[9..12]).unwrap().parse().unwrap();
                said.push(Said::Status(status));
                buffer.clear();
                break;
            }
            if buffer.len() < 9 + length {
                break;
            }
            let all: Vec<_> = buffer.drain(..9 + length).collect();
            let payload = &all[9..];
            let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            match all[3] {
                HEADERS => said.push(Said::Status(status(payload))),
                RST_STREAM => said.push(Said::Reset(code(0))),
                GOAWAY => said.push(Said::GoAway(code(4))),
                _ => {}
            }
        }
        if began.elapsed() > Duration::from_secs(20) {
            break;
        }
    }
    drop(writing.await);
    said
}

/// Our settings: no table for the server's fields, so that they can be read here.
fn beginning() -> Vec<u8> {
    [PREFACE.to_vec(), frame(SETTINGS, 0, 0, &setting(1, 0))].concat()
}

type Row = (&'static str, Vec<u8>, &'static [Said]);

/// Each on a connection of its own: one of what is listed must be said, no error of ours, and no handler runs.
async fn table(rows: Vec<Row>) {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let mut all = JoinSet::new();
    for (name, frames, expected) in rows {
        let address = receiver.address;
        all.spawn(async move {
            let said = say(address, beginning(), frames).await;
            let fits = expected.iter().any(|one| said.contains(one));
            let fault = said.iter().any(|one| matches!(one, Said::Status(200 | 500..)));
            (fits && !fault).then_some(()).ok_or_else(|| format!("{name}: {expected:?}, but {said:?}"))
        });
    }
    let wrong: Vec<_> = all.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    receiver.is_well().await;
    let ran = receiver.counts().await.runs_since(&before);
    assert_eq!(ran, [("/github".to_owned(), 1)], "the one that asked whether it is well");
    receiver.stop().await;
}

const MALFORMED: &[Said] =
    &[Said::Reset(PROTOCOL_ERROR), Said::GoAway(PROTOCOL_ERROR), Said::Status(400), Said::Reset(FLOW_CONTROL_ERROR)];
const PROTOCOL: &[Said] = &[Said::GoAway(PROTOCOL_ERROR)];
const SIZE: &[Said] = &[Said::GoAway(FRAME_SIZE_ERROR), Said::GoAway(PROTOCOL_ERROR)];
const COMPRESSION: &[Said] = &[Said::GoAway(COMPRESSION_ERROR), Said::GoAway(PROTOCOL_ERROR)];
const CALM: &[Said] = &[Said::GoAway(ENHANCE_YOUR_CALM), Said::GoAway(PROTOCOL_ERROR), Said::Closed];

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_break_the_rules() {
    let pseudo = |list: &[(&str, &str)]| whole(&fields(list));
    let (method, scheme, path, authority) =
        ((":method", "POST"), (":scheme", "http"), (":path", "/raw"), (":authority", "x"));
    table(vec![
        ("no path", pseudo(&[method, scheme, authority]), MALFORMED),
        ("an empty path", pseudo(&[method, scheme, (":path", ""), authority]), MALFORMED),
        ("no method", pseudo(&[scheme, path, authority]), MALFORMED),
        ("no scheme", pseudo(&[method, path, authority]), MALFORMED),
        ("two paths", pseudo(&[method, scheme, path, path, authority]), MALFORMED),
        ("two methods", pseudo(&[method, method, scheme, path]), MALFORMED),
        ("a pseudo field behind", pseudo(&[method, scheme, ("x", "y"), path]), MALFORMED),
        ("an unknown pseudo field", pseudo(&[method, scheme, path, (":peer", "203.0.113.7")]), MALFORMED),
        ("a status", pseudo(&[method, scheme, path, (":status", "200")]), MALFORMED),
        ("a name in capitals", whole(&with("/raw", &[("X-Name", "y")])), MALFORMED),
        ("a name with a blank", whole(&with("/raw", &[("x name", "y")])), MALFORMED),
        ("an empty name", whole(&with("/raw", &[("", "y")])), MALFORMED),
        ("a zero byte", whole(&[post("/raw"), field("x", b"a\0b")].concat()), MALFORMED),
        ("a line break", whole(&[post("/raw"), field("x", b"a\r\nx-forwarded-for: 203.0.113.7")].concat()), MALFORMED),
        ("a line break in the path", pseudo(&[method, scheme, (":path", "/raw\r\nx: y"), authority]), MALFORMED),
        ("a blank in the path", pseudo(&[method, scheme, (":path", "/raw x"), authority]), MALFORMED),
        ("a bad authority", pseudo(&[method, scheme, path, (":authority", "x y")]), MALFORMED),
        ("connection", whole(&with("/raw", &[("connection", "close")])), MALFORMED),
        ("transfer-encoding", whole(&with("/raw", &[("transfer-encoding", "chunked")])), MALFORMED),
        ("keep-alive", whole(&with("/raw", &[("keep-alive", "1")])), MALFORMED),
        ("upgrade", whole(&with("/raw", &[("upgrade", "h2c")])), MALFORMED),
        ("te", whole(&with("/raw", &[("te", "gzip")])), MALFORMED),
        ("two lengths", whole(&with("/raw", &[("content-length", "0"), ("content-length", "1")])), MALFORMED),
        ("a length that is none", whole(&with("/raw", &[("content-length", "x")])), MALFORMED),
        ("a length and no body", whole(&with("/raw", &[("content-length", "3")])), MALFORMED),
        (
            "scheme https, nobody believed",
            whole(&fields(&[method, (":scheme", "https"), (":path", "/https-direct"), authority])),
            &[Said::Status(403)],
        ),
        (
            "scheme https",
            whole(&fields(&[method, (":scheme", "https"), (":path", "/https"), authority])),
            &[Said::Status(403)],
        ),
        (
            "scheme wss",
            whole(&fields(&[method, (":scheme", "wss"), (":path", "/https"), authority])),
            &[Said::Status(403), Said::Reset(PROTOCOL_ERROR)],
        ),
        (
            "a port of https",
            whole(&fields(&[method, scheme, (":path", "/https"), (":authority", "x:443")])),
            &[Said::Status(403)],
        ),
        (
            "connect",
            pseudo(&[(":method", "CONNECT"), (":authority", "x:80")]),
            &[Said::Status(404), Said::Status(405), Said::Reset(PROTOCOL_ERROR), Said::Status(400)],
        ),
        ("an unknown path", whole(&post("/nothing")), &[Said::Status(404)]),
        ("unsigned", whole(&post("/github")), &[Said::Status(401)]),
        ("an answer to nobody", whole(&with("/allow", &[("x-forwarded-for", "198.51.100.1")])), &[Said::Status(403)]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_break_the_rules() {
    let data = |bytes: &[u8]| frame(DATA, 0, 1, bytes);
    let last = |bytes: &[u8]| frame(DATA, END_STREAM, 1, bytes);
    let announced = |bytes: &str| open(&with("/raw", &[("content-length", bytes)]));
    let signature = github("abc").value("x-hub-signature-256");
    let trailers = |path: &str, block: &[u8]| {
        [open(&post(path)), data(b"abc"), frame(HEADERS, END_HEADERS | END_STREAM, 1, block)].concat()
    };
    let large = |path: &str, frames: usize| {
        [open(&post(path)), (0..frames).flat_map(|_| data(&[b'x'; 16_384])).collect()].concat()
    };
    const TOO_LARGE: &[Said] = &[Said::Status(413)];
    table(vec![
        ("shorter than announced", [announced("5"), last(b"abc")].concat(), MALFORMED),
        ("longer than announced", [announced("2"), last(b"abc")].concat(), MALFORMED),
        ("announced and huge", announced("10737418240"), TOO_LARGE),
        ("announced, a byte too much", announced("1048577"), TOO_LARGE),
        (
            "the signature in a trailer",
            trailers("/github", &fields(&[("x-hub-signature-256", &signature)])),
            &[Said::Status(401)],
        ),
        (
            "who the client is, in a trailer",
            trailers("/allow", &fields(&[("x-forwarded-for", "203.0.113.7")])),
            &[Said::Status(403)],
        ),
        ("https in a trailer", trailers("/https", &fields(&[("x-forwarded-proto", "https")])), &[Said::Status(403)]),
        (
            "a pseudo field in a trailer",
            trailers("/github", &fields(&[(":path", "/raw")])),
            &[Said::Status(401), Said::Reset(PROTOCOL_ERROR)],
        ),
        (
            "a trailer before the end",
            [open(&post("/raw")), frame(HEADERS, END_HEADERS, 1, &fields(&[("x", "y")]))].concat(),
            MALFORMED,
        ),
        ("a body that never was asked for", large("/github", 3), &[Said::Status(401)]),
        (
            "empty frames without end",
            [open(&post("/raw")), data(b"").repeat(50_000)].concat(),
            &[Said::Status(400), Said::GoAway(ENHANCE_YOUR_CALM)],
        ),
        (
            "empty frames for a refused request",
            [open(&post("/github")), data(b"").repeat(50_000)].concat(),
            &[Said::Status(401), Said::GoAway(ENHANCE_YOUR_CALM)],
        ),
        (
            "padding alone without end",
            [open(&post("/raw")), frame(DATA, PADDED, 1, &[0]).repeat(20_000)].concat(),
            &[Said::Status(400), Said::GoAway(ENHANCE_YOUR_CALM)],
        ),
        (
            "more than the window",
            large("/raw", 40),
            &[Said::GoAway(FLOW_CONTROL_ERROR), Said::Reset(FLOW_CONTROL_ERROR), Said::Status(413), Said::Status(408)],
        ),
        ("more padding than frame", [open(&post("/raw")), frame(DATA, PADDED, 1, &[200, 1, 2])].concat(), PROTOCOL),
        ("data on no stream", frame(DATA, 0, 0, b"abc"), PROTOCOL),
        ("data on an idle stream", frame(DATA, 0, 7, b"abc"), PROTOCOL),
        (
            "data behind the end",
            [whole(&post("/github")), data(b"abc")].concat(),
            &[Said::Reset(STREAM_CLOSED), Said::GoAway(STREAM_CLOSED), Said::GoAway(PROTOCOL_ERROR), Said::Status(401)],
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_rules() {
    let unsigned = || whole(&post("/github"));
    table(vec![
        ("a frame that is too large", frame(HEADERS, END_HEADERS | END_STREAM, 1, &vec![0; 16_385]), SIZE),
        ("a head on no stream", frame(HEADERS, END_HEADERS | END_STREAM, 0, &post("/raw")), PROTOCOL),
        ("a head on a stream of the server", frame(HEADERS, END_HEADERS | END_STREAM, 2, &post("/raw")), PROTOCOL),
        (
            "streams in the wrong order",
            [
                frame(HEADERS, END_HEADERS | END_STREAM, 5, &post("/github")),
                frame(HEADERS, END_HEADERS | END_STREAM, 3, &post("/github")),
            ]
            .concat(),
            &[Said::GoAway(PROTOCOL_ERROR), Said::GoAway(STREAM_CLOSED), Said::Reset(STREAM_CLOSED)],
        ),
        ("a head with too much padding", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, &[255, 0]), PROTOCOL),
        ("a reset of an idle stream", frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), PROTOCOL),
        ("a reset of three bytes", [unsigned(), frame(RST_STREAM, 0, 1, &[0, 0, 0])].concat(), SIZE),
        ("a reset of no stream", frame(RST_STREAM, 0, 0, &[0, 0, 0, 8]), PROTOCOL),
        ("a window that grows by nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4]), PROTOCOL),
        (
            "a window that overflows",
            frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
            &[Said::GoAway(FLOW_CONTROL_ERROR)],
        ),
        ("a window of an idle stream", frame(WINDOW_UPDATE, 0, 9, &[0, 0, 0, 1]), PROTOCOL),
        ("a window of three bytes", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1]), SIZE),
        ("settings of five bytes", frame(SETTINGS, 0, 0, &[0; 5]), SIZE),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[]), PROTOCOL),
        ("an acknowledgement with settings", frame(SETTINGS, 1, 0, &setting(1, 0)), SIZE),
        ("pushes that are neither on nor off", frame(SETTINGS, 0, 0, &setting(2, 2)), PROTOCOL),
        (
            "a first window that is too large",
            frame(SETTINGS, 0, 0, &setting(4, 0x8000_0000)),
            &[Said::GoAway(FLOW_CONTROL_ERROR), Said::GoAway(PROTOCOL_ERROR)],
        ),
        ("frames of at most one byte", frame(SETTINGS, 0, 0, &setting(5, 1)), PROTOCOL),
        ("a ping of seven bytes", frame(PING, 0, 0, &[0; 7]), SIZE),
        ("a ping of a stream", frame(PING, 0, 1, &[0; 8]), PROTOCOL),
        (
            "a priority of four bytes",
            frame(PRIORITY, 0, 1, &[0; 4]),
            &[Said::GoAway(FRAME_SIZE_ERROR), Said::Reset(FRAME_SIZE_ERROR), Said::GoAway(PROTOCOL_ERROR)],
        ),
        (
            "a priority of itself",
            [frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0]), unsigned()].concat(),
            &[Said::GoAway(PROTOCOL_ERROR), Said::Reset(PROTOCOL_ERROR), Said::Status(401)],
        ),
        ("a push", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]), PROTOCOL),
        ("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, &post("/raw")), PROTOCOL),
        (
            "a ping inside a head",
            [frame(HEADERS, END_STREAM, 1, &post("/raw")), frame(PING, 0, 0, &[0; 8])].concat(),
            PROTOCOL,
        ),
        (
            "a continuation of another",
            [frame(HEADERS, END_STREAM, 1, &post("/raw")), frame(CONTINUATION, END_HEADERS, 3, &[])].concat(),
            PROTOCOL,
        ),
        ("the field of index 0", whole(&[0x80]), COMPRESSION),
        ("a field of an index that is not there", whole(&[post("/raw"), vec![0xfe]].concat()), COMPRESSION),
        ("half a field", whole(&[post("/raw"), vec![0, 5, b'x']].concat()), COMPRESSION),
        ("a length without end", whole(&[post("/raw"), vec![0, 0x7f], vec![0xff; 20]].concat()), COMPRESSION),
        ("an index without end", whole(&[0xff; 30]), COMPRESSION),
        (
            "letters of Huffman that are none",
            whole(&[post("/raw"), vec![0, 0x84, 0xff, 0xff, 0xff, 0xff, 0]].concat()),
            COMPRESSION,
        ),
        ("a table that is too large", whole(&[integer(0x20, 5, 1_000_000), post("/raw")].concat()), COMPRESSION),
        ("a table that changes at the end", whole(&[post("/raw"), vec![0x20]].concat()), COMPRESSION),
        ("HTTP/1 behind the preface", b"POST /raw HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".to_vec(), SIZE),
        ("zeros", vec![0; 10_000], &[Said::GoAway(PROTOCOL_ERROR), Said::GoAway(FRAME_SIZE_ERROR)]),
        ("ones", vec![0xff; 10_000], SIZE),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods() {
    let streams = |count: u32| (0..count).map(|number| 2 * number + 1);
    let head = |stream: u32, flags: u8, path: &str| frame(HEADERS, flags, stream, &post(path));
    let cancel = |stream: u32| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    let unsigned = || whole(&post("/github"));
    // One entry of 4,000 bytes, then as often by its index as a head has room for.
    let entry = [vec![0x40], integer(0, 7, 1), b"x".to_vec(), integer(0, 7, 4_000), vec![b'y'; 4_000]].concat();
    let bomb = whole(&[post("/raw"), entry, vec![0xbe; 10_000]].concat());
    let continuations = |piece: &[u8], count: usize| {
        [frame(HEADERS, END_STREAM, 1, &post("/raw")), frame(CONTINUATION, 0, 1, piece).repeat(count)].concat()
    };
    let served = &[Said::Status(401), Said::GoAway(ENHANCE_YOUR_CALM), Said::Closed];
    table(vec![
        (
            "streams that are reset at once",
            streams(2_000).flat_map(|id| [head(id, END_HEADERS, "/raw"), cancel(id)].concat()).collect(),
            CALM,
        ),
        (
            "streams that make the server reset them",
            streams(5_000)
                .flat_map(|id| [head(id, END_HEADERS, "/raw"), frame(WINDOW_UPDATE, 0, id, &[0; 4])].concat())
                .collect(),
            CALM,
        ),
        (
            "more streams than there may be",
            streams(150).flat_map(|id| head(id, END_HEADERS, "/raw")).collect(),
            &[Said::Reset(REFUSED_STREAM), Said::GoAway(PROTOCOL_ERROR)],
        ),
        (
            "a thousand forgeries",
            streams(1_000).flat_map(|id| head(id, END_HEADERS | END_STREAM, "/github")).collect(),
            &[Said::Status(401)],
        ),
        (
            "a table that grows a thousandfold",
            bomb,
            &[
                Said::Status(431),
                Said::GoAway(ENHANCE_YOUR_CALM),
                Said::Reset(PROTOCOL_ERROR),
                Said::GoAway(COMPRESSION_ERROR),
            ],
        ),
        ("continuations without end", continuations(&field("x", &[b'y'; 100]), 10_000), CALM),
        ("empty continuations without end", continuations(&[], 50_000), CALM),
        ("101 fields", whole(&[post("/raw"), field("x", b"y").repeat(101)].concat()), &[Said::Status(431)]),
        (
            "a head of 66,000 bytes",
            [
                frame(HEADERS, END_STREAM, 1, &post("/raw")),
                frame(CONTINUATION, 0, 1, &field("x", &[b'y'; 13_200])).repeat(4),
                frame(CONTINUATION, END_HEADERS, 1, &field("x", &[b'y'; 13_200])),
            ]
            .concat(),
            &[Said::Status(431), Said::GoAway(ENHANCE_YOUR_CALM)],
        ),
        ("settings without end", [frame(SETTINGS, 0, 0, &[]).repeat(50_000), unsigned()].concat(), served),
        (
            "settings that change and change",
            [
                [frame(SETTINGS, 0, 0, &setting(4, 1)), frame(SETTINGS, 0, 0, &setting(4, 60_000))]
                    .concat()
                    .repeat(20_000),
                unsigned(),
            ]
            .concat(),
            served,
        ),
        ("pings without end", [frame(PING, 0, 0, &[7; 8]).repeat(50_000), unsigned()].concat(), served),
        ("answers to no ping", [frame(PING, 1, 0, &[7; 8]).repeat(50_000), unsigned()].concat(), served),
        (
            "priorities without end",
            [
                (0..50_000_u32).flat_map(|n| frame(PRIORITY, 0, 2 * n + 1, &[0, 0, 0, 0, 9])).collect(),
                frame(HEADERS, END_HEADERS | END_STREAM, 200_001, &post("/github")),
            ]
            .concat(),
            served,
        ),
        (
            "windows without end",
            [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(50_000), unsigned()].concat(),
            served,
        ),
        ("frames of no kind", [frame(0xbb, 0xff, 0, &[7; 100]).repeat(20_000), unsigned()].concat(), served),
    ])
    .await;
}

/// The half that no single write shows: a body and an answer that do not get on.
#[tokio::test(flavor = "multi_thread")]
async fn streams_that_drip_or_do_not_read_are_cut() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let mut stream = receiver.connect().await;
    stream.write_all(&[beginning(), open(&post("/raw"))].concat()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while write.write_all(&frame(DATA, 0, 1, b"x")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let (began, mut buffer, mut seen) = (Instant::now(), Vec::new(), None);
    while seen.is_none() && began.elapsed() < Duration::from_secs(20) {
        let _ = tokio::time::timeout(Duration::from_secs(1), read.read_buf(&mut buffer)).await;
        while buffer.len() >= 9 {
            let length = 9 + u32::from_be_bytes([0, buffer[0], buffer[1], buffer[2]]) as usize;
            if buffer.len() < length {
                break;
            }
            let all: Vec<_> = buffer.drain(..length).collect();
            if all[3] == HEADERS {
                seen = Some(status(&all[9..]));
            }
        }
    }
    dripping.abort();
    assert_eq!(seen, Some(408));
    assert!(
        began.elapsed() >= Duration::from_secs(4) && began.elapsed() < Duration::from_secs(7),
        "{:?}",
        began.elapsed()
    );
    let after = receiver.counts().await;
    assert_eq!(after.reasons_since(&before), [("body_timeout".to_owned(), 1)]);
    assert_eq!(after.runs_since(&before), []);
    receiver.stop().await;
}
