//! The words of the file, and what each stands for. A word that is forgotten here does not compile.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::description::Scheme;
use super::super::field::header;
use super::super::terms::{self, Method};
use crate::crypto::{self, Hash, PublicAlgorithm};
use crate::encoding;

/// Words that stand for one value each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $of:path { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Serialize)]
        pub(super) enum $name { $(#[serde(rename = $word)] $variant),* }

        impl $name {
            pub(super) const fn of(value: $of) -> Self {
                use $of as Of;
                match value { $(Of::$variant => Self::$variant),* }
            }

            pub(super) const fn value(self) -> $of {
                use $of as Of;
                match self { $(Self::$variant => Of::$variant),* }
            }
        }
    };
}

pub(super) use words;

words! {
    Encoding for encoding::Encoding {
        Base64 = "base64",
        Base64OfHex = "base64-of-hex",
        Base64Url = "base64url",
        Hex = "hex",
    }
}

words! {
    TimestampFormat for terms::TimestampFormat {
        HttpDate = "http-date",
        Iso8601Utc = "iso8601-utc",
        Rfc3339 = "rfc3339",
        UnixMillis = "unix-millis",
        UnixSeconds = "unix-seconds",
        UnixSecondsOrMillis = "unix-seconds-or-millis",
    }
}

words! {
    Confidence for terms::Confidence { Documented = "documented", ThirdParty = "third-party", Verified = "verified" }
}

/// What is done with the key.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Algorithm {
    Basic,
    DigestMd5,
    DigestSha1,
    DigestSha256,
    DigestSha384,
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    #[serde(rename = "ecdsa-p256-sha256-fixed")]
    EcdsaP256Sha256Fixed,
    #[serde(rename = "ecdsa-p521-sha512-fixed")]
    EcdsaP521Sha512Fixed,
    Ed25519,
    HmacMd5,
    HmacSha1,
    HmacSha256,
    HmacSha384,
    HmacSha512,
    /// Written only: what a token must say is said in code.
    Jwt,
    #[serde(rename = "rsa-pkcs1-sha1")]
    RsaPkcs1Sha1,
    #[serde(rename = "rsa-pkcs1-sha256")]
    RsaPkcs1Sha256,
    #[serde(rename = "rsa-pkcs1-sha256-or-sha1")]
    RsaPkcs1Sha256OrSha1,
    #[serde(rename = "rsa-pkcs1-sha512")]
    RsaPkcs1Sha512,
    #[serde(rename = "rsa-pss-sha512")]
    RsaPssSha512,
    Token,
    /// Written only: no file lets anybody in.
    Unsigned,
}

impl Algorithm {
    pub(super) const fn of(method: Method) -> Self {
        match method {
            Method::Basic => Self::Basic,
            Method::Digest(Hash::Md5) => Self::DigestMd5,
            Method::Digest(Hash::Sha384) => Self::DigestSha384,
            Method::Digest(Hash::Sha1) => Self::DigestSha1,
            Method::Digest(Hash::Sha256) => Self::DigestSha256,
            Method::Hmac(crypto::Algorithm::HmacMd5) => Self::HmacMd5,
            Method::Hmac(crypto::Algorithm::HmacSha1) => Self::HmacSha1,
            Method::Hmac(crypto::Algorithm::HmacSha256) => Self::HmacSha256,
            Method::Hmac(crypto::Algorithm::HmacSha384) => Self::HmacSha384,
            Method::Hmac(crypto::Algorithm::HmacSha512) => Self::HmacSha512,
            Method::Jwt(_) => Self::Jwt,
            Method::Public(PublicAlgorithm::EcdsaP256Sha256) => Self::EcdsaP256Sha256,
            Method::Public(PublicAlgorithm::EcdsaP256Sha256Fixed) => Self::EcdsaP256Sha256Fixed,
            Method::Public(PublicAlgorithm::EcdsaP521Sha512Fixed) => Self::EcdsaP521Sha512Fixed,
            Method::Public(PublicAlgorithm::Ed25519) => Self::Ed25519,
            Method::Public(PublicAlgorithm::RsaPkcs1Sha1) => Self::RsaPkcs1Sha1,
            Method::Public(PublicAlgorithm::RsaPkcs1Sha256) => Self::RsaPkcs1Sha256,
            Method::Public(PublicAlgorithm::RsaPkcs1Sha256OrSha1) => Self::RsaPkcs1Sha256OrSha1,
            Method::Public(PublicAlgorithm::RsaPkcs1Sha512) => Self::RsaPkcs1Sha512,
            Method::Public(PublicAlgorithm::RsaPssSha512) => Self::RsaPssSha512,
            Method::Token => Self::Token,
            Method::Unsigned => Self::Unsigned,
        }
    }

    /// A scheme with nothing but that said.
    pub(super) const fn scheme(self, name: &'static str) -> Result<Scheme, &'static str> {
        Ok(match self {
            Self::Basic => Scheme::basic(name),
            Self::DigestMd5 => Scheme::digest_md5(name),
            Self::DigestSha384 => Scheme::digest_sha384(name),
            Self::DigestSha1 => Scheme::digest_sha1(name),
            Self::DigestSha256 => Scheme::digest_sha256(name),
            Self::EcdsaP256Sha256 => Scheme::public_key(name, PublicAlgorithm::EcdsaP256Sha256),
            Self::EcdsaP256Sha256Fixed => Scheme::public_key(name, PublicAlgorithm::EcdsaP256Sha256Fixed),
            Self::EcdsaP521Sha512Fixed => Scheme::public_key(name, PublicAlgorithm::EcdsaP521Sha512Fixed),
            Self::Ed25519 => Scheme::public_key(name, PublicAlgorithm::Ed25519),
            Self::RsaPkcs1Sha1 => Scheme::public_key(name, PublicAlgorithm::RsaPkcs1Sha1),
            Self::RsaPkcs1Sha256 => Scheme::public_key(name, PublicAlgorithm::RsaPkcs1Sha256),
            Self::RsaPkcs1Sha256OrSha1 => Scheme::public_key(name, PublicAlgorithm::RsaPkcs1Sha256OrSha1),
            Self::RsaPkcs1Sha512 => Scheme::public_key(name, PublicAlgorithm::RsaPkcs1Sha512),
            Self::RsaPssSha512 => Scheme::public_key(name, PublicAlgorithm::RsaPssSha512),
            Self::HmacMd5 => Scheme::hmac_md5(name),
            Self::HmacSha1 => Scheme::hmac_sha1(name),
            Self::HmacSha256 => Scheme::hmac_sha256(name),
            Self::HmacSha384 => Scheme::hmac_sha384(name),
            Self::HmacSha512 => Scheme::hmac_sha512(name),
            // Where the token stands is said by `signature`.
            Self::Token => Scheme::token(name, header("")),
            Self::Jwt => return Err("what a token must say is said in code: write a `Jwt`"),
            Self::Unsigned => return Err("no file lets a sender in unsigned: that is `danger`'s, in code"),
        })
    }

    /// Whether what is shown is text and never decoded.
    pub(super) const fn shows_text(self) -> bool {
        matches!(self, Self::Basic | Self::Token)
    }
}

/// One part of the signed content.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    Body,
    Header(String),
    Id,
    KeyId,
    Method,
    Secret,
    Text(String),
    Timestamp,
    Url,
}

impl Part {
    pub(super) fn of(part: terms::Part) -> Self {
        match part {
            terms::Part::Body => Self::Body,
            terms::Part::Header(name) => Self::Header(name.to_owned()),
            terms::Part::Id => Self::Id,
            terms::Part::KeyId => Self::KeyId,
            terms::Part::Lit(text) => Self::Text(text.to_owned()),
            terms::Part::Method => Self::Method,
            terms::Part::Secret => Self::Secret,
            terms::Part::Timestamp => Self::Timestamp,
            terms::Part::Url => Self::Url,
        }
    }

    /// Leaks its text.
    pub(super) fn keep(self) -> terms::Part {
        match self {
            Self::Body => terms::Part::Body,
            Self::Header(name) => terms::Part::Header(name.leak()),
            Self::Id => terms::Part::Id,
            Self::KeyId => terms::Part::KeyId,
            Self::Method => terms::Part::Method,
            Self::Secret => terms::Part::Secret,
            Self::Text(text) => terms::Part::Lit(text.leak()),
            Self::Timestamp => terms::Part::Timestamp,
            Self::Url => terms::Part::Url,
        }
    }
}

/// Where the delivery id or the event type stands; nowhere, where it is left out.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Place {
    Header(String),
    Json(String),
}

impl Place {
    pub(super) fn of(place: terms::Place) -> Option<Self> {
        match place {
            terms::Place::Header(name) => Some(Self::Header(name.to_owned())),
            terms::Place::Json(pointer) => Some(Self::Json(pointer.to_owned())),
            terms::Place::Nowhere => None,
        }
    }

    /// Leaks its text.
    pub(super) fn keep(place: Option<Self>) -> terms::Place {
        match place {
            Some(Self::Header(name)) => terms::Place::Header(name.leak()),
            Some(Self::Json(pointer)) => terms::Place::Json(pointer.leak()),
            None => terms::Place::Nowhere,
        }
    }
}

/// How the text of a secret becomes a key.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum SecretText {
    Base64 { prefix: String },
    Base64IfPrefixed { prefix: String },
    Hex,
    Sha1,
    Sha256,
    Whole,
    WholeOrBase64 { prefix: String },
    WithoutEnvironment { prefix: String },
}

impl SecretText {
    /// `None` for the default.
    pub(super) fn of(text: terms::SecretText) -> Option<Self> {
        match text {
            terms::SecretText::Base64 { prefix } => Some(Self::Base64 { prefix: prefix.to_owned() }),
            terms::SecretText::Base64IfPrefixed { prefix } => {
                Some(Self::Base64IfPrefixed { prefix: prefix.to_owned() })
            }
            terms::SecretText::Hex => Some(Self::Hex),
            terms::SecretText::Sha1 => Some(Self::Sha1),
            terms::SecretText::Sha256 => Some(Self::Sha256),
            terms::SecretText::Whole => None,
            terms::SecretText::WholeOrBase64 { prefix } => Some(Self::WholeOrBase64 { prefix: prefix.to_owned() }),
            terms::SecretText::WithoutEnvironment { prefix } => {
                Some(Self::WithoutEnvironment { prefix: prefix.to_owned() })
            }
        }
    }

    /// Leaks its text.
    pub(super) fn keep(self) -> terms::SecretText {
        match self {
            Self::Base64 { prefix } => terms::SecretText::Base64 { prefix: prefix.leak() },
            Self::Base64IfPrefixed { prefix } => terms::SecretText::Base64IfPrefixed { prefix: prefix.leak() },
            Self::Hex => terms::SecretText::Hex,
            Self::Sha1 => terms::SecretText::Sha1,
            Self::Sha256 => terms::SecretText::Sha256,
            Self::Whole => terms::SecretText::Whole,
            Self::WholeOrBase64 { prefix } => terms::SecretText::WholeOrBase64 { prefix: prefix.leak() },
            Self::WithoutEnvironment { prefix } => terms::SecretText::WithoutEnvironment { prefix: prefix.leak() },
        }
    }

    /// Who writes the secret itself here must not find it in a log.
    pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer).map_err(|_| {
            D::Error::custom(
                "`secret_text` says how a secret is written, never the secret: `whole`, `hex`, \
                 `{ base64 = { prefix = \"whsec_\" } }` or `{ base64-if-prefixed = { prefix = \"whsec_\" } }`",
            )
        })
    }
}
