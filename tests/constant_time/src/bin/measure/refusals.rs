//! The classes.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use tower::{Layer, Service, service_fn};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Signer, Verifier};
use tower_webhook::signature::{Resolved, resolver_fn};
use tower_webhook::{Secret, Secrets, WebhookLayer, provider};

use crate::timing::{Class, Timing};

type Pair = fn(&mut Timing, &mut StdRng);

/// Every pair of classes, by name.
pub const ALL: &[(&str, Pair)] = &[
    ("control_early_exit", control_early_exit),
    ("first_or_last_byte", first_or_last_byte),
    ("first_or_sixteenth_secret", first_or_sixteenth_secret),
    ("known_or_nobody", known_or_nobody),
    ("known_or_unknown_tenant", known_or_unknown_tenant),
    ("one_or_other_tenant", one_or_other_tenant),
    ("unknown_key_or_other_body", unknown_key_or_other_body),
];

/// So many inputs are made before any of them is measured: one does not lie warm in a cache since it was just made.
const BATCH: usize = 10_000;
/// How far down the stack a measurement may be taken.
const FRAMES: u32 = 512;
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const SIGNATURE: &str = "x-hub-signature-256";
const DIGITS: std::ops::Range<usize> = 7..71;

/// Measures `run` on inputs of both classes, in an order that chance makes.
fn compare<I, O>(
    timing: &mut Timing,
    rng: &mut StdRng,
    mut make: impl FnMut(&mut StdRng, Class) -> I,
    run: impl Fn(I) -> O,
) {
    for _ in 0..timing.measurements / BATCH {
        compare_batch(timing, rng, BATCH, |rng, class| [make(rng, class)], &run);
    }
}

/// As `compare`, so many inputs in a row, of which the last one counts.
fn compare_batch<I, O, const ROW: usize>(
    timing: &mut Timing,
    rng: &mut StdRng,
    size: usize,
    mut make: impl FnMut(&mut StdRng, Class) -> [I; ROW],
    run: impl Fn(I) -> O,
) {
    let rows: Vec<_> = (0..size)
        .map(|_| {
            let class = if rng.random() { Class::Left } else { Class::Right };
            (class, make(rng, class))
        })
        .collect();
    for (class, row) in rows {
        timing.measure(class, row, &run);
    }
}

fn control_early_exit(timing: &mut Timing, rng: &mut StdRng) {
    let make = |rng: &mut StdRng, class| {
        let mut tag = [0; 32];
        rng.fill_bytes(&mut tag);
        let mut other = tag;
        other[if matches!(class, Class::Left) { 0 } else { 31 }] ^= 1;
        (tag, other)
    };
    // Byte by byte: what a compiler makes of `==` on arrays depends on its version.
    compare(timing, rng, make, |(one, other)| {
        one.iter().zip(&other).all(|(one, other)| std::hint::black_box(one) == std::hint::black_box(other))
    });
}

fn first_or_last_byte(timing: &mut Timing, rng: &mut StdRng) {
    let (signer, verifier) = (signer("the one secret of this route"), verifier(secret("the one secret of this route")));
    let make = |rng: &mut StdRng, class| {
        let body = body(rng);
        let mut head = signed(&signer, &body);
        let at = if matches!(class, Class::Left) { DIGITS.start } else { DIGITS.end - 1 };
        spoil(&mut head, at);
        (head, body)
    };
    compare(timing, rng, make, |(head, body)| refused(&verifier, head, body));
}

fn unknown_key_or_other_body(timing: &mut Timing, rng: &mut StdRng) {
    let known = signer("the one secret of this route");
    let unknown = signer("what a stranger has as secret");
    let verifier = verifier(secret("the one secret of this route"));
    let make = |rng: &mut StdRng, class| {
        let (body, other) = (body(rng), body(rng));
        let head = match class {
            Class::Left => signed(&unknown, &body),
            Class::Right => signed(&known, &other),
        };
        (head, body)
    };
    compare(timing, rng, make, |(head, body)| refused(&verifier, head, body));
}

fn first_or_sixteenth_secret(timing: &mut Timing, rng: &mut StdRng) {
    let text = |number: usize| format!("secret number {number:02} of this route");
    let ring = (1..16).fold(Secrets::named("00", secret(&text(0))), |ring, number| {
        ring.and(&format!("{number:02}"), secret(&text(number)))
    });
    let (first, last) = (signer(&text(0)), signer(&text(15)));
    let verifier = verifier(ring);
    let make = |rng: &mut StdRng, class| {
        let body = body(rng);
        let mut head = signed(if matches!(class, Class::Left) { &first } else { &last }, &body);
        spoil(&mut head, DIGITS.end - 1);
        (head, body)
    };
    compare(timing, rng, make, |(head, body)| refused(&verifier, head, body));
}

fn known_or_nobody(timing: &mut Timing, rng: &mut StdRng) {
    tenants(timing, rng, [|made| Some(made.one), |made| Some(made.nobody)]);
}

fn known_or_unknown_tenant(timing: &mut Timing, rng: &mut StdRng) {
    tenants(timing, rng, [|made| Some(made.one), |_| None]);
}

fn one_or_other_tenant(timing: &mut Timing, rng: &mut StdRng) {
    tenants(timing, rng, [|made| Some(made.one), |made| Some(made.other)]);
}

/// Whom a resolver may find. All of them are made for either class, in an order that chance makes: what else lies in
/// memory is the same for both.
#[derive(Clone)]
struct Made {
    one: Resolved,
    other: Resolved,
    nobody: Resolved,
}

impl Made {
    fn new(rng: &mut StdRng) -> Self {
        let mut made = [None, None, None];
        let mut order = [0, 1, 2];
        order.shuffle(rng);
        for at in order {
            made[at] = Some(match at {
                2 => Resolved::nobody(&provider::GITHUB).expect("chance"),
                _ => Resolved::for_tenant(["one", "two"][at], Secret::generate().expect("chance")),
            });
        }
        let [Some(one), Some(other), Some(nobody)] = made else { unreachable!("all were made") };
        Self { one, other, nobody }
    }
}

/// Forged deliveries to the first of these two and to the second.
fn tenants(timing: &mut Timing, rng: &mut StdRng, find: [fn(Made) -> Option<Resolved>; 2]) {
    #[derive(Clone, Copy)]
    struct To(usize);

    let stranger = signer("what a stranger has as secret");
    // A few measurements have keys and a layer of their own, and places of their own for them: which lines of the cache
    // things share is worth more cycles than all else that differs here. Whose keys are made first is left to chance, too.
    let size = BATCH / 1000;
    for _ in 0..timing.measurements / size {
        let mut gaps = Vec::new();
        let swapped = rng.random();
        let [one, other] = find;
        let found = (if swapped { [other, one] } else { find }).map(|find| {
            gaps.push(gap(rng));
            let made = Made::new(rng);
            (find(made.clone()), made)
        });
        let directory = Arc::new(found);
        gaps.push(gap(rng));
        // Looks nothing up: how long that takes is the user's affair. It copies what it has, as the layer does for nobody,
        // and in the future, as where a database is asked: just before the layer would.
        let resolver = resolver_fn(move |head: &Parts| {
            let (directory, to) = (directory.clone(), head.extensions.get::<To>().copied());
            async move { Ok::<_, Infallible>(to.and_then(|to| directory[to.0].0.clone())) }
        });
        let layer = WebhookLayer::resolving(provider::GITHUB, resolver).expect("a scheme").without_idempotency();
        gaps.push(gap(rng));
        let accept = |_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) };
        let service = RefCell::new(layer.layer(service_fn(accept)));
        let request = |rng: &mut StdRng, class: &Class| {
            let body = body(rng);
            let mut head = signed(&stranger, &body);
            head.extensions.insert(To(usize::from(matches!(class, Class::Right) != swapped)));
            Request::from_parts(head, Full::new(body))
        };
        let ask = |request| {
            let mut answer = pin!(service.borrow_mut().call(request));
            loop {
                if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    assert_eq!(answer.map(|answer| answer.status().as_u16()), Ok(401));
                    return;
                }
            }
        };
        // Eight of the same class go ahead: what is compared is not how well the processor guesses the class.
        let make = |rng: &mut StdRng, class| [(); 9].map(|()| request(rng, &class));
        deeper(rng.random_range(0..FRAMES), &mut || compare_batch(timing, rng, size, make, ask));
    }
}

/// Runs `what` so many frames further down the stack, which itself begins at another place in each process. A frame is five
/// times 16 bytes (Rust 1.95, x86-64), so that `FRAMES` of them end at every place within a page that a stack can have.
#[inline(never)]
fn deeper(frames: u32, what: &mut dyn FnMut()) {
    let room = std::hint::black_box([0_u8; 40]);
    if frames == 0 {
        what();
    } else {
        deeper(frames - 1, what);
    }
    std::hint::black_box(&room);
}

/// Takes memory and gives half of it back: what is made next lies where chance wants it.
fn gap(rng: &mut StdRng) -> Vec<Vec<u8>> {
    let pieces: Vec<_> = (0..rng.random_range(1..64)).map(|_| vec![1; rng.random_range(16..1024)]).collect();
    pieces.into_iter().filter(|_| rng.random()).collect()
}

fn refused(verifier: &Verifier, head: Parts, body: Bytes) {
    assert!(verifier.verify(&head, &body, Some(NOW)).is_err());
}

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret")
}

fn signer(text: &str) -> Signer {
    Signer::new(provider::GITHUB, secret(text)).expect("a scheme")
}

fn verifier(keys: impl Into<Secrets>) -> Verifier {
    Verifier::new(provider::GITHUB, keys).expect("a scheme")
}

fn body(rng: &mut StdRng) -> Bytes {
    let mut body = vec![0; 256];
    rng.fill_bytes(&mut body);
    body.into()
}

fn signed(signer: &Signer, body: &Bytes) -> Parts {
    let mut head =
        Request::post("/github").header("x-github-delivery", "1").body(()).expect("a request").into_parts().0;
    signer.sign(&mut head, body, NOW).expect("a key");
    head
}

/// Another digit at this place of the signature.
fn spoil(head: &mut Parts, at: usize) {
    let mut text = head.headers[SIGNATURE].as_bytes().to_vec();
    text[at] = if text[at] == b'0' { b'1' } else { b'0' };
    head.headers.insert(SIGNATURE, HeaderValue::from_bytes(&text).expect("a header value"));
}
