//! Strict decoding of signatures and keys. One text has one value and one value one text, but for the
//! case of hex digits: what is not canonical is refused, never repaired.

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// [RFC 4648 §4](https://www.rfc-editor.org/rfc/rfc4648#section-4), padded.
    Base64,
    /// [`Base64`](Self::Base64) of the text of hex digits in lower case: twice as long as need be.
    Base64OfHex,
    /// [RFC 4648 §5](https://www.rfc-editor.org/rfc/rfc4648#section-5), without padding.
    Base64Url,
    /// Two hex digits a byte, in either case.
    Hex,
}

impl Encoding {
    /// Decodes into the front of `buffer`; `None` where the text is not canonical or does not fit.
    pub(crate) fn decode<'b>(self, text: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        match self {
            Self::Base64 => Base64::decode(text, buffer).ok(),
            Self::Base64OfHex => {
                let mut digits = [0; 128];
                let digits = Base64::decode(text, &mut digits).ok()?;
                base16ct::lower::decode(digits, buffer).ok()
            }
            Self::Base64Url => Base64UrlUnpadded::decode(text, buffer).ok(),
            Self::Hex => base16ct::mixed::decode(text, buffer).ok(),
        }
    }

    /// The text of `bytes`; hex in lower case.
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Base64 => Base64::encode_string(bytes),
            Self::Base64OfHex => Base64::encode_string(base16ct::lower::encode_string(bytes).as_bytes()),
            Self::Base64Url => Base64UrlUnpadded::encode_string(bytes),
            Self::Hex => base16ct::lower::encode_string(bytes),
        }
    }
}

/// Decodes a secret in constant time. Padding may be there or not, as senders' dashboards differ.
pub(crate) fn secret_from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    Base64Unpadded::decode_vec(text.trim_end_matches('=')).ok().map(Zeroizing::new)
}

/// Decodes a secret in constant time.
pub(crate) fn secret_from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    base16ct::mixed::decode_vec(text).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
        encoding.decode(text, &mut [0; 64]).map(<[u8]>::to_vec)
    }

    #[test]
    fn only_canonical_text_is_decoded() {
        assert_eq!(decode(Encoding::Base64, "AQI=").as_deref(), Some(&[1, 2][..]));
        for text in ["AQI", "AQI==", "AQJ=", "AQ I=", "AQI=\n", "-_8=", "A"] {
            assert_eq!(decode(Encoding::Base64, text), None, "{text:?}");
        }
        assert_eq!(decode(Encoding::Base64Url, "-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(decode(Encoding::Base64Url, "-_8="), None);
        assert_eq!(decode(Encoding::Hex, "0aFf").as_deref(), Some(&[0x0a, 0xff][..]));
        assert_eq!(decode(Encoding::Base64OfHex, "MDFmZg==").as_deref(), Some(&[1, 0xff][..]));
        for text in ["MDFmZg", "MDFGRg==", "MDFm", "01ff", "Zw=="] {
            assert_eq!(decode(Encoding::Base64OfHex, text), None, "{text:?}");
        }
        for text in ["0", "0g", "0x0a", " 0a", "0a "] {
            assert_eq!(decode(Encoding::Hex, text), None, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(decode(Encoding::Hex, &"00".repeat(65)), None);
        assert_eq!(decode(Encoding::Base64, &Encoding::Base64.encode(&[0; 65])), None);
    }

    #[test]
    fn a_secret_is_read_with_and_without_padding() {
        for text in ["AQI=", "AQI"] {
            assert_eq!(secret_from_base64(text).unwrap().as_slice(), [1, 2]);
        }
        assert!(secret_from_base64("A*I=").is_none());
    }
}
