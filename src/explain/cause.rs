//! The closed list of causes, one row each.

use std::fmt;

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $fix:literal;)*) => {
        /// Why a signature does not match.
        ///
        /// One list everywhere: metric label, trace field, output of the tool and section of the
        /// [troubleshooting page](https://docs.rs/tower-webhook/latest/tower_webhook/guide/troubleshooting/index.html).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause { $($(#[$doc])* $variant,)* }

        impl Cause {
            /// Every cause there is, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in metrics, logs and documentation: lower case with underscores.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What to do about it, in a line.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)* }
            }

            /// The section of the troubleshooting page.
            #[must_use]
            pub const fn docs(self) -> &'static str {
                match self { $(Self::$variant => concat!(
                    "https://docs.rs/tower-webhook/latest/tower_webhook/guide/troubleshooting/index.html#", $code
                ),)* }
            }
        }
    };
}

causes! {
    /// A byte order mark stands before the body, or was taken away.
    BodyByteOrderMark = "body_byte_order_mark", "hand the body on as bytes: something in front reads it as text";
    /// The body was read in one character encoding and written in another.
    BodyCharset = "body_charset", "hand the body on as bytes: something in front decodes and encodes it as text";
    /// The body is compressed, and the signature covers the plain bytes.
    BodyCompressed = "body_compressed", "take the compression in front away, or decompress outside of the signature layer";
    /// The body was decompressed, and the signature covers the compressed bytes.
    BodyDecompressed = "body_decompressed", "decompress inside of the signature layer, not outside of it";
    /// The body is empty: something read it before.
    BodyEmpty = "body_empty", "put the signature layer outside of whatever reads the body";
    /// A form was parsed and written again.
    BodyFormRewritten = "body_form_rewritten", "hand the form on as it came: something in front parses it and writes it again";
    /// The form field with the payload was unwrapped, or wrapped.
    BodyFormUnwrapped = "body_form_unwrapped", "hand the whole form on: the sender signs the form, not the field in it (or the other way round)";
    /// JSON stands in a JSON string, or was taken out of one.
    BodyJsonInString = "body_json_in_string", "pass the body's bytes on: something in front writes the JSON text as a JSON string";
    /// JSON was parsed and written again.
    BodyJsonRewritten = "body_json_rewritten", "verify the raw bytes: something in front parses the JSON and writes it again";
    /// JSON was written again with its keys sorted.
    BodyKeysSorted = "body_keys_sorted", "look for something in front that parses the JSON and writes it again with sorted keys";
    /// Line ends were turned from LF to CRLF or back.
    BodyLineEnds = "body_line_ends", "hand the body on as bytes: something in front turns line ends";
    /// A line end at the end of the body was added or taken away.
    BodyNewline = "body_newline", "hand the body on as it came: something in front trims it or adds a line end";
    /// Numbers were written in another form.
    BodyNumbersRewritten = "body_numbers_rewritten", "verify the raw bytes: something in front parses the JSON, and its numbers come out otherwise";
    /// A header that is signed is missing.
    HeaderMissing = "header_missing", "let the proxy in front pass on each header that the sender signs";
    /// A header that counts once stands there several times.
    HeaderRepeated = "header_repeated", "look for what adds the header once more: a proxy in front, or whoever sends again";
    /// The delivery is for another route.
    OtherRoute = "other_route", "correct the URL in the sender's settings, or the path of the route";
    /// The headers are those of another sender.
    OtherSender = "other_sender", "set this route up for the sender that calls it, or correct the URL in the sender's settings";
    /// Another kind of credential stands where the signing secret should.
    SecretOfOtherKind = "secret_of_other_kind", "configure the signing secret of the endpoint: this is another credential";
    /// The secret of another route fits.
    SecretOfOtherRoute = "secret_of_other_route", "give this route the secret of its own endpoint: the two are mixed up";
    /// The secret has a prefix too much or too little.
    SecretPrefix = "secret_prefix", "configure the secret exactly as the sender shows it, prefix included";
    /// The secret was put into quotes.
    SecretQuotes = "secret_quotes", "take the quotation marks off the configured secret";
    /// A key fits that counts no longer, or not yet.
    SecretRetired = "secret_retired", "keep the old secret in the ring until the sender signs with the new one only";
    /// The secret has white space at its ends.
    SecretWhiteSpace = "secret_white_space", "take blanks and line ends off the configured secret";
    /// The secret must be decoded first, or must not be.
    SecretWritten = "secret_written", "configure the secret in the form that the sender shows, neither decoded nor encoded";
    /// The signature was made with another hash function.
    SignatureAlgorithm = "signature_algorithm", "choose the sender's entry (or setting) for that hash function";
    /// The signature is written in another encoding.
    SignatureEncoding = "signature_encoding", "choose the scheme that is written so, or see what rewrites the header";
    /// The signature stands in another header.
    SignatureHeader = "signature_header", "let the proxy in front keep the header's name";
    /// There is no signature, nor anything like one.
    SignatureMissing = "signature_missing", "set a secret at the sender, and let the proxy in front pass its headers on";
    /// The prefix or the name before the signature is missing, or another one.
    SignaturePrefix = "signature_prefix", "write the signature as the sender does, what stands before it included";
    /// A part of the signature is missing.
    SignatureTruncated = "signature_truncated", "let the proxy in front pass the header on whole";
    /// The signed timestamp lies ahead of this machine's clock.
    TimestampAhead = "timestamp_ahead", "set both clocks by NTP: this machine's runs behind or the sender's ahead";
    /// There is no timestamp.
    TimestampMissing = "timestamp_missing", "let the proxy in front pass the header with the timestamp on";
    /// The timestamp stands there but was not signed.
    TimestampNotSigned = "timestamp_not_signed", "sign what the sender's documentation says, in its order";
    /// The signed timestamp lies too far back.
    TimestampOld = "timestamp_old", "look for a queue or a replay in front; else set this machine's clock by NTP";
    /// The timestamp counts in another unit.
    TimestampUnit = "timestamp_unit", "write the timestamp in the unit that the scheme says";
    /// Nothing that was tried fits: another secret, other bytes, or a forgery.
    Unexplained = "unexplained", "compare the configured secret with the one that the sender shows for this endpoint; else take it for a forgery";
    /// The sender signs another host name than the one that is configured.
    UrlHost = "url_host", "configure the public URL with the host name and port that the sender calls";
    /// The sender signs another path.
    UrlPath = "url_path", "configure the public URL with the path that the sender calls, its last slash included";
    /// The sender signs another query.
    UrlQuery = "url_query", "configure the public URL with the query that the sender calls, in its order";
    /// The sender signs `http` where `https` is configured, or the other way round.
    UrlScheme = "url_scheme", "configure the public URL as the sender calls it: `http` and `https` differ";
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How sure an explanation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Confidence {
    /// A signature matched: whoever signed knew the secret. A forger cannot bring this about.
    High,
    /// No more than a guess.
    Low,
    /// What came looks like it, but nothing proves that the sender knew the secret.
    Medium,
}

impl Confidence {
    /// The name used in logs and in the tool's output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
            Self::Medium => "medium",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_short() {
        let mut codes: Vec<_> = Cause::ALL.iter().map(|cause| cause.code()).collect();
        assert!(codes.iter().all(|code| code.len() <= 24 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        assert!(codes.is_sorted());
        codes.dedup();
        assert_eq!(codes.len(), Cause::ALL.len());
    }

    #[test]
    fn each_cause_has_a_fix_and_a_link_of_its_own() {
        for cause in Cause::ALL {
            assert!(!cause.fix().is_empty());
            assert!(cause.docs().ends_with(&format!("#{cause}")));
        }
    }
}
