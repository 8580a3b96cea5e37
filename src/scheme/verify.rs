//! Verification, whole or frame by frame, without any I/O.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use zeroize::Zeroizing;

use super::VerifyError;
use super::description::Scheme;
use super::jwt::{self, Given, JwtKey};
use super::keyring::{KeyKind, Keyring, ReadyKey};
use super::plan::{Examined, KeyKinds, Plan, Side};
use super::sender::Sender;
use super::terms::{Content, Method};
use crate::clock::UnixTime;
use crate::config_error::ConfigError;
use crate::crypto::{Mac, Message, Tag};
use crate::delivery::{Delivery, SignedMaterial};
use crate::rejection::Reason;
use crate::secret::Secrets;

/// Verifies deliveries of one sender under one ring of keys: what
/// [`SignatureLayer`](crate::SignatureLayer) runs, for those who have no tower service. Pure: it reads no
/// clock and does no I/O. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Verifier {
    plan: Arc<Plan>,
    ring: Arc<Keyring>,
}

impl Verifier {
    /// A verifier for `sender` with these keys.
    ///
    /// # Errors
    /// A scheme that contradicts itself, a key that the scheme cannot use.
    pub fn new(sender: impl Into<Sender>, keys: impl Into<Secrets>) -> Result<Self, ConfigError> {
        let plan = Plan::new(sender.into())?;
        let ring = Keyring::new(plan.scheme(), &keys.into())?;
        Ok(Self { plan: Arc::new(plan), ring: Arc::new(ring) })
    }

    pub(crate) const fn of(plan: Arc<Plan>, ring: Arc<Keyring>) -> Self {
        Self { plan, ring }
    }

    /// The scheme.
    pub(crate) fn scheme(&self) -> &Scheme {
        self.plan.scheme()
    }

    pub(super) const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How far a timestamp may lie from now, each way. Default: what the sender documents, or 300 s.
    ///
    /// # Errors
    /// Less than a second or more than an hour (or more than the sender's own, where that is longer).
    pub fn tolerance(self, tolerance: Duration) -> Result<Self, ConfigError> {
        Ok(Self { plan: Arc::new(Arc::unwrap_or_clone(self.plan).with_tolerance(tolerance)?), ..self })
    }

    /// As [`Verifier::tolerance`], of any length: for judging what somebody else configured.
    pub(crate) fn tolerance_as_configured(self, tolerance: Duration) -> Self {
        Self { plan: Arc::new(Arc::unwrap_or_clone(self.plan).with_tolerance_as_configured(tolerance)), ..self }
    }

    /// Checks the whole of a delivery.
    ///
    /// `now` is the wall clock; `None` refuses senders that sign a timestamp.
    ///
    /// # Errors
    /// The delivery is not one of this sender's, or is out of its time.
    pub fn verify(&self, head: &Parts, body: &Bytes, now: Option<UnixTime>) -> Result<Delivery, VerifyError> {
        let mut verification = self.begin(head, now)?;
        verification.update(body);
        verification.finish(head, body.clone())
    }

    /// Checks what the head alone decides, and begins to hash.
    ///
    /// # Errors
    /// The head is enough to refuse: no body needs to be read.
    pub fn begin(&self, head: &Parts, now: Option<UnixTime>) -> Result<Verification, VerifyError> {
        self.clone().into_verification(head, now)
    }

    /// The same, for one that was made for this delivery.
    pub(crate) fn into_verification(self, head: &Parts, now: Option<UnixTime>) -> Result<Verification, VerifyError> {
        let examined = self.plan.examine(head, self.ring.kinds(), now)?;
        self.resume(examined, head, now)
    }

    /// Begins to hash under a head that was examined before the keys were known. The head is not looked at
    /// again with these keys in mind: a refusal here and now would tell which kind of keys a tenant has.
    pub(crate) fn resume(
        self,
        examined: Examined,
        head: &Parts,
        now: Option<UnixTime>,
    ) -> Result<Verification, VerifyError> {
        Verification::begin(self, examined, head, now)
    }
}

/// Looks at a head before the keys are known: they may have to be fetched, and a head that cannot pass is
/// not worth the fetching. [`Verifier::resume`] goes on from here.
pub(crate) fn examine_without_keys(plan: &Plan, head: &Parts, now: Option<UnixTime>) -> Result<Examined, VerifyError> {
    plan.examine(head, KeyKinds { public: true, shared: true }, now)
}

/// A delivery of which the head has passed and the body is on its way.
#[derive(Debug)]
#[must_use = "nothing is verified until `finish` has said so"]
pub struct Verification {
    verifier: Verifier,
    examined: Examined,
    now: Option<UnixTime>,
    /// The MAC under the likeliest key, where the content can be hashed as it comes.
    running: Option<(usize, Mac)>,
    /// How many bytes of the body `running` has seen.
    hashed: usize,
}

/// The key that matched, and the signature that did.
struct Match {
    key: Arc<str>,
    tag: Option<Tag>,
    /// When the token was issued, where there is one that says so.
    issued: Option<UnixTime>,
}

impl Verification {
    fn begin(verifier: Verifier, examined: Examined, head: &Parts, now: Option<UnixTime>) -> Result<Self, VerifyError> {
        let plan = &verifier.plan;
        let mut running = None;
        if let Some(place) = plan.scheme().key_place {
            place.check(head)?;
        }
        if !matches!(plan.scheme().method, Method::Unsigned) {
            let Some((at, likeliest)) = verifier.ring.active(now).next() else {
                return Err(VerifyError::new(Reason::NotConfigured, "no key counts at this time"));
            };
            if let (Some((mac, secret)), Content::Parts(_)) = (likeliest.hashing(), plan.scheme().content) {
                let mut mac = mac.clone();
                plan.content(&examined, head, (Side::BeforeBody, secret), &mut |bytes| mac.update(bytes));
                running = Some((at, mac));
            }
        }
        Ok(Self { verifier, examined, now, running, hashed: 0 })
    }

    /// The keys that are tried.
    pub(crate) const fn ring(&self) -> &Arc<Keyring> {
        &self.verifier.ring
    }

    /// The next bytes of the body, in order.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some((_, mac)) = &mut self.running {
            mac.update(bytes);
            self.hashed += bytes.len();
        }
    }

    /// The verdict. `head` must be the one that [`Verifier::begin`] saw, `body` the very bytes that
    /// [`Verification::update`] saw: they are not hashed again, and the [`Delivery`] hands them out as
    /// verified. A body of another length is hashed as a whole.
    ///
    /// # Errors
    /// No signature matches.
    pub fn finish(mut self, head: &Parts, body: Bytes) -> Result<Delivery, VerifyError> {
        self.verdict(head, body)
    }

    /// As [`finish`](Self::finish), in place: once.
    pub(crate) fn verdict(&mut self, head: &Parts, body: Bytes) -> Result<Delivery, VerifyError> {
        let found = match self.verifier.plan.scheme().method {
            Method::Unsigned => None,
            _ => Some(self.find_match(head, &body)?),
        };
        let plan = &self.verifier.plan;
        let in_body = plan.time_in_body(&body, self.now)?;
        let by_rule = plan.time_by_rule(&self.examined, (head, &body), self.now)?;
        let proof = found.as_ref().and_then(|found| found.tag).map(|tag| {
            let (bytes, len) = tag.into_parts();
            // A tag is at most 64 bytes long.
            SignedMaterial { bytes, len: u8::try_from(len).unwrap_or(u8::MAX) }
        });
        Ok(Delivery {
            facts: Arc::clone(plan.facts()),
            route: plan.route().clone(),
            tenant: None,
            id: plan.id(&self.examined, &head.headers),
            event_type: plan.event_type(&self.examined, &head.headers),
            account: plan.account(&self.examined, &head.headers),
            attempt: plan.attempt(&self.examined, &head.headers),
            sent_at: self.examined.sent_at.or(in_body).or(by_rule).or(found.as_ref().and_then(|found| found.issued)),
            key_id: found.map(|found| found.key),
            proof,
            run: None,
            body,
        })
    }

    fn find_match(&mut self, head: &Parts, body: &Bytes) -> Result<Match, VerifyError> {
        let ring = &self.verifier.ring;
        let plan = &self.verifier.plan;
        if let Some(found) = plan.signature_by_rule(&self.examined, head, body)? {
            self.examined.first = Some(found);
        }
        let mut tried = None;
        if let Some((at, mut mac)) = self.running.take().filter(|_| self.hashed == body.len())
            && let Some(key) = ring.get(at)
        {
            let secret = key.hashing().map(|(_, secret)| secret).unwrap_or_default();
            plan.content(&self.examined, head, (Side::AfterBody, secret), &mut |bytes| mac.update(bytes));
            tried = Some(at);
            if let Some(tag) = self.matching(head, &mac.finish()) {
                return Ok(Match { key: key.id.clone(), tag: Some(tag), issued: None });
            }
        }
        // Only a delivery that the likeliest key does not fit pays for the other ones.
        for (at, key) in ring.active(self.now).filter(|(at, _)| Some(*at) != tried) {
            if let KeyKind::Jwt(jwt) = &key.key {
                if let Some((issued, tag)) = self.try_token(jwt, head, body)? {
                    ring.matched(at);
                    return Ok(Match { key: key.id.clone(), tag: Some(tag), issued });
                }
                continue;
            }
            if let Some(tag) = self.try_key(key, head, body)? {
                ring.matched(at);
                return Ok(Match { key: key.id.clone(), tag, issued: None });
            }
        }
        Err(VerifyError::new(Reason::SignatureMismatch, "no signature matches under any key"))
    }

    /// `Some` where the token was signed by this key, with the time at which it was issued and a hash of it.
    fn try_token(
        &self,
        key: &JwtKey,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Option<(Option<UnixTime>, Tag)>, VerifyError> {
        let plan = &self.verifier.plan;
        let Method::Jwt(jwt) = plan.scheme().method else { return Ok(None) };
        let is_body = plan.token_is_body(&self.examined);
        let given = Given { sender: &plan.sender, uri: &head.uri, body, now: self.now, tolerance: plan.tolerance };
        if is_body {
            let token = std::str::from_utf8(body).ok();
            let token = token.ok_or_else(|| VerifyError::new(Reason::MalformedSignature, "the body is no token"))?;
            return jwt::verify(jwt, key, token, &given);
        }
        for token in plan.candidates(&self.examined, head, false).into_iter().flatten() {
            let found = jwt::verify(jwt, key, token, &given)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// `Some` where the key fits, with the signature that matched if there is one.
    fn try_key(&self, key: &ReadyKey, head: &Parts, body: &Bytes) -> Result<Option<Option<Tag>>, VerifyError> {
        let plan = &self.verifier.plan;
        if let KeyKind::Token(token) = &key.key {
            if let Some(shown) = plan.token_in_body(&self.examined, body) {
                let Some(shown) = shown else {
                    return Err(VerifyError::new(Reason::MissingSignature, "there is no token in the body"));
                };
                return Ok(token.matches(shown.as_bytes()).then_some(None));
            }
            let mut values = plan.candidates(&self.examined, head, false).into_iter().flatten();
            return Ok(values.any(|value| token.matches(value.as_bytes())).then_some(None));
        }
        let mut matched = None;
        self.contents(key, head, body, &mut |content| {
            matched = self.key_fits(key, head, body, content);
            if matched.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(matched.map(Some))
    }

    fn key_fits(&self, key: &ReadyKey, head: &Parts, body: &Bytes, content: &[&[u8]]) -> Option<Tag> {
        match &key.key {
            KeyKind::Digest(mac, _) | KeyKind::Mac(mac) => {
                let mut mac = mac.clone();
                content.iter().for_each(|bytes| mac.update(bytes));
                self.matching(head, &mac.finish())
            }
            KeyKind::Public(public) => {
                let plan = &self.verifier.plan;
                let second = !plan.scheme().needs_public_key();
                let message = Message::new(content);
                let fits = |text: &str| {
                    plan.decode_public(text, second).is_some_and(|signature| public.verifies(&message, &signature))
                };
                let signed = match plan.text_by_rule(&self.examined, head, body) {
                    Err(_) => false,
                    Ok(Some(text)) => fits(&text),
                    Ok(None) => plan.candidates(&self.examined, head, second)?.any(fits),
                };
                // Of one message there can be many signatures: what is signed tells a replay.
                signed.then(|| *message.sha256())
            }
            KeyKind::Jwt(_) | KeyKind::Token(_) => None,
        }
    }

    /// The candidate that is the same as what was computed.
    fn matching(&self, head: &Parts, computed: &Tag) -> Option<Tag> {
        if let Some(first) = self.examined.first.filter(|first| first.matches(computed)) {
            return Some(first);
        }
        let plan = &self.verifier.plan;
        let mut candidates = plan.candidates(&self.examined, head, false)?;
        candidates.find_map(|text| plan.decode(text).filter(|candidate| candidate.matches(computed)))
    }

    /// The whole signed content, in each of its spellings.
    fn contents(
        &self,
        key: &ReadyKey,
        head: &Parts,
        body: &Bytes,
        emit: &mut dyn FnMut(&[&[u8]]) -> ControlFlow<()>,
    ) -> Result<(), VerifyError> {
        let plan = &self.verifier.plan;
        match plan.scheme().content {
            Content::Rule(rule) => {
                let secret = key.hashing().map(|(_, secret)| secret).unwrap_or_default();
                rule.contents(&plan.unverified(&self.examined, head, body, secret), emit)
            }
            Content::Parts(_) => {
                let secret = key.hashing().map(|(_, secret)| secret).unwrap_or_default();
                // A digest has the secret in them.
                let (mut before, mut after) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
                for (side, part) in [(Side::BeforeBody, &mut before), (Side::AfterBody, &mut after)] {
                    plan.content(&self.examined, head, (side, secret), &mut |bytes| part.extend_from_slice(bytes));
                }
                let _ = emit(&[&before, body, &after]);
                Ok(())
            }
        }
    }
}
