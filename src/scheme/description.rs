//! A [`Scheme`]: how a sender signs, as data.

use std::time::Duration;

use super::challenge::Challenge;
use super::conduct::Conduct;
use super::fetched_key::KeyPlace;
use super::field::Field;
use super::jwt::Jwt;
use super::rule::SignatureRule;
use super::rule::by_rule;
use super::terms::{Confidence, Content, Method, Part, Place, SecretText, TimestampFormat};
use crate::crypto::{Algorithm, Hash, PublicAlgorithm};
use crate::encoding::Encoding;

/// How one sender signs, and what else is known of it. Plain data: [`Copy`], built in `const` context.
///
/// See the [module docs](super) for an example. [`Scheme::problem`] says what contradicts itself;
/// [`Scheme::checked`] makes that a compile error.
#[derive(Clone, Copy, Debug)]
pub struct Scheme {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) signature: Option<(Field, Encoding)>,
    pub(super) ed25519: Option<(Field, Encoding)>,
    pub(super) key_place: Option<KeyPlace>,
    pub(super) secret_text: SecretText,
    pub(super) content: Content,
    pub(super) timestamp: Option<(Field, TimestampFormat)>,
    pub(super) time_in_body: Option<(&'static str, TimestampFormat)>,
    pub(super) tolerance: Duration,
    pub(super) id: Place,
    pub(super) event_type: Place,
    pub(super) attempt: Option<&'static str>,
    pub(super) account: Option<&'static str>,
    pub(super) other_names: &'static [(&'static str, &'static str)],
    pub(super) bodies_are_unique: bool,
    pub(super) body_limit: usize,
    pub(super) conduct: Conduct,
    pub(super) challenges: &'static [Challenge],
    pub(super) source: &'static str,
    pub(super) confidence: Confidence,
}

/// So many days.
#[must_use]
pub const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

/// The default of [`Scheme::body_limit`]: 1 MiB.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

impl Scheme {
    const fn new(name: &'static str, method: Method) -> Self {
        Self {
            name,
            method,
            signature: None,
            ed25519: None,
            key_place: None,
            secret_text: SecretText::Whole,
            content: Content::Parts(&[Part::Body]),
            timestamp: None,
            time_in_body: None,
            tolerance: Duration::from_secs(300),
            id: Place::Nowhere,
            event_type: Place::Nowhere,
            attempt: None,
            account: None,
            other_names: &[],
            bodies_are_unique: false,
            body_limit: DEFAULT_BODY_LIMIT,
            conduct: Conduct::UNKNOWN,
            challenges: &[],
            source: "",
            confidence: Confidence::Documented,
        }
    }

    /// A sender that signs with HMAC-MD5. MD5 is broken: whoever finds collisions has not found the secret, but no
    /// standard allows this any more ([RFC 6151 §2.3](https://www.rfc-editor.org/rfc/rfc6151#section-2.3)).
    #[must_use]
    pub const fn hmac_md5(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacMd5))
    }

    /// A sender that signs with HMAC-SHA-1. `name` is lower case letters, digits and hyphens.
    #[must_use]
    pub const fn hmac_sha1(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha1))
    }

    /// A sender that signs with HMAC-SHA-256.
    #[must_use]
    pub const fn hmac_sha256(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha256))
    }

    /// A sender that signs with HMAC-SHA-384.
    #[must_use]
    pub const fn hmac_sha384(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha384))
    }

    /// A sender that signs with HMAC-SHA-512.
    #[must_use]
    pub const fn hmac_sha512(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha512))
    }

    /// A sender that signs with Ed25519.
    #[must_use]
    pub const fn ed25519(name: &'static str) -> Self {
        Self::public_key(name, PublicAlgorithm::Ed25519)
    }

    /// A sender that signs with a private key, and is verified with its public one.
    #[must_use]
    pub const fn public_key(name: &'static str, algorithm: PublicAlgorithm) -> Self {
        Self::new(name, Method::Public(algorithm))
    }

    /// A sender that sends an MD5, not an HMAC, over parts of which one is [`Part::Secret`]. As
    /// [`digest_sha256`](Self::digest_sha256), and MD5 is broken altogether: collisions are found in seconds, and
    /// whoever has a say in what the sender signs can have two contents signed at once. For senders that have nothing else.
    #[must_use]
    pub const fn digest_md5(name: &'static str) -> Self {
        Self::new(name, Method::Digest(Hash::Md5)).signed(&[Part::Secret, Part::Body])
    }

    /// A sender that sends a SHA-1 of its own, not an HMAC, over parts of which one is [`Part::Secret`]. As
    /// [`digest_sha256`](Self::digest_sha256), and SHA-1 is broken: what two bodies share can be found.
    #[must_use]
    pub const fn digest_sha1(name: &'static str) -> Self {
        Self::new(name, Method::Digest(Hash::Sha1)).signed(&[Part::Secret, Part::Body])
    }

    /// A sender that sends a plain SHA-256, not an HMAC, over parts of which one is [`Part::Secret`]: weaker than an
    /// HMAC. Where the secret stands first, whoever has seen one delivery can append to its body and compute the
    /// digest of that ([length extension](https://en.wikipedia.org/wiki/Length_extension_attack)); JSON does not
    /// survive this, as what is appended begins with binary padding. Prefer the sender's HMAC, where it has one.
    /// Default: the secret, then the body.
    #[must_use]
    pub const fn digest_sha256(name: &'static str) -> Self {
        Self::new(name, Method::Digest(Hash::Sha256)).signed(&[Part::Secret, Part::Body])
    }

    /// As [`digest_sha256`](Self::digest_sha256), with SHA-384, which cannot be extended.
    #[must_use]
    pub const fn digest_sha384(name: &'static str) -> Self {
        Self::new(name, Method::Digest(Hash::Sha384)).signed(&[Part::Secret, Part::Body])
    }

    /// A sender that shows user and password ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)) and signs nothing:
    /// the body can be anything. The secret is `user:password`; the password begins behind the first colon.
    #[must_use]
    pub const fn basic(name: &'static str) -> Self {
        let mut scheme = Self::new(name, Method::Basic).signed(&[]);
        scheme.signature = Some((super::field::header("authorization").prefix("Basic "), Encoding::Base64));
        scheme
    }

    /// A sender that shows a shared token and signs nothing: the body can be anything. `place` is where
    /// the token stands.
    #[must_use]
    pub const fn token(name: &'static str, place: Field) -> Self {
        let mut scheme = Self::new(name, Method::Token).signed(&[]);
        // A token is text and not decoded, so the encoding says nothing here.
        scheme.signature = Some((place, Encoding::Hex));
        scheme
    }

    /// A sender that shows a signed token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)). `place` is where it
    /// stands: a header, or the whole [`body`](super::body()).
    #[must_use]
    pub const fn jwt(name: &'static str, place: Field, jwt: &'static Jwt) -> Self {
        let mut scheme = Self::new(name, Method::Jwt(jwt)).signed(&[]);
        // The token knows how it is written.
        scheme.signature = Some((place, Encoding::Base64Url));
        scheme
    }

    pub(crate) const fn unsigned(name: &'static str) -> Self {
        Self::new(name, Method::Unsigned).signed(&[])
    }

    /// The same way of signing, of another sender.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Where the signature stands, and how it is written.
    #[must_use]
    pub const fn signature(mut self, field: Field, encoding: Encoding) -> Self {
        self.signature = Some((field, encoding));
        self
    }

    /// The signature is found by [`SignatureRule::signature`]: where no [`Field`] can say where it stands. For public keys.
    #[must_use]
    pub const fn signature_by_rule(mut self) -> Self {
        self.signature = Some((by_rule(), Encoding::Base64));
        self
    }

    /// Where a delivery names its key, for senders whose keys are fetched.
    #[must_use]
    pub const fn fetched_key(mut self, place: KeyPlace) -> Self {
        self.key_place = Some(place);
        self
    }

    /// Where a second, Ed25519 signature over the same content stands: for senders whose receivers may
    /// hold a shared secret or a public key. The kind of key that is configured decides.
    #[must_use]
    pub const fn or_ed25519(mut self, field: Field, encoding: Encoding) -> Self {
        self.ed25519 = Some((field, encoding));
        self
    }

    /// What is signed, in order. Default: the body alone.
    #[must_use]
    pub const fn signed(mut self, parts: &'static [Part]) -> Self {
        self.content = Content::Parts(parts);
        self
    }

    /// What is signed, for senders whose content has to be worked out from the request. A rule for a digest has the secret
    /// in what it emits, see [`Unverified::secret`](super::Unverified::secret).
    #[must_use]
    pub const fn signed_by(mut self, rule: &'static dyn SignatureRule) -> Self {
        self.content = Content::Rule(rule);
        self
    }

    /// How the text of the secret becomes a key. Default: [`SecretText::Whole`].
    #[must_use]
    pub const fn secret_text(mut self, text: SecretText) -> Self {
        self.secret_text = text;
        self
    }

    /// Where the signed timestamp stands, and how it is written. It is checked in both directions.
    #[must_use]
    pub const fn timestamp(mut self, field: Field, format: TimestampFormat) -> Self {
        self.timestamp = Some((field, format));
        self
    }

    /// Where in the JSON body, which is signed, the timestamp stands: a string or a number at a JSON pointer. It is
    /// checked as the one of [`timestamp`](Self::timestamp), once the signature was.
    #[must_use]
    pub const fn timestamp_in_body(mut self, pointer: &'static str, format: TimestampFormat) -> Self {
        self.time_in_body = Some((pointer, format));
        self
    }

    /// How far the timestamp may lie from now, each way; a second or more. Default: 300 seconds.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Where the delivery id stands.
    #[must_use]
    pub const fn id(mut self, place: Place) -> Self {
        self.id = place;
        self
    }

    /// Where the event type stands.
    #[must_use]
    pub const fn event_type(mut self, place: Place) -> Self {
        self.event_type = place;
        self
    }

    /// The header that counts attempts; its name in lower case.
    #[must_use]
    pub const fn attempt(mut self, header: &'static str) -> Self {
        self.attempt = Some(header);
        self
    }

    /// The header that names the account, shop or hook within which delivery ids are unique; in lower case.
    #[must_use]
    pub const fn account(mut self, header: &'static str) -> Self {
        self.account = Some(header);
        self
    }

    /// Other names under which the sender sends the same headers: `(name, other name)`. The first set
    /// counts, unless its signature is missing and that of the second is there.
    #[must_use]
    pub const fn other_names(mut self, names: &'static [(&'static str, &'static str)]) -> Self {
        self.other_names = names;
        self
    }

    /// Two deliveries with the same body are one, says the sender: the body stands for the missing id.
    #[must_use]
    pub const fn bodies_are_unique(mut self) -> Self {
        self.bodies_are_unique = true;
        self
    }

    /// The largest body that the sender sends, in bytes. Default: 1 MiB.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How the sender asks whether this is the right endpoint: the first that fits is answered. Default: not at all.
    #[must_use]
    pub const fn challenge(mut self, challenges: &'static [Challenge]) -> Self {
        self.challenges = challenges;
        self
    }

    /// Where these facts were read.
    #[must_use]
    pub const fn source(mut self, source: &'static str, confidence: Confidence) -> Self {
        self.source = source;
        self.confidence = confidence;
        self
    }

    /// Whether deliveries name the key that they were signed with, so that it can be fetched.
    #[must_use]
    pub const fn fetches_keys(&self) -> bool {
        self.key_place.is_some()
    }

    /// The sender's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where the delivery id stands.
    #[must_use]
    pub const fn id_place(&self) -> Place {
        self.id
    }

    /// Where the event type stands.
    #[must_use]
    pub const fn event_type_place(&self) -> Place {
        self.event_type
    }

    /// Where these facts were read; empty for a scheme of your own.
    #[must_use]
    pub const fn facts_source(&self) -> (&'static str, Confidence) {
        (self.source, self.confidence)
    }

    /// How far the timestamp may lie from now, each way.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.tolerance
    }

    /// The largest body, in bytes.
    #[must_use]
    pub const fn max_body(&self) -> usize {
        self.body_limit
    }

    /// How the sender asks whether this is the right endpoint.
    #[must_use]
    pub const fn challenges(&self) -> &'static [Challenge] {
        self.challenges
    }
}
