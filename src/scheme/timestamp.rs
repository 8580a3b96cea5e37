//! Reading and writing timestamps. Digits only: the text itself is what the sender signed.

use super::description::TimestampFormat;
use crate::clock::UnixTime;

impl TimestampFormat {
    /// The time that `text` writes. No sign, no blank, no leading zero, no fraction, and no more digits
    /// than the format has room for.
    pub(super) fn parse(self, text: &str) -> Option<UnixTime> {
        let longest = match self {
            Self::UnixMillis => 15,
            Self::UnixSeconds => 12,
        };
        let canonical = !text.is_empty()
            && text.len() <= longest
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !(text.len() > 1 && text.starts_with('0'));
        let number = text.parse().ok().filter(|_| canonical)?;
        Some(match self {
            Self::UnixMillis => UnixTime::from_millis(number),
            Self::UnixSeconds => UnixTime::from_secs(number),
        })
    }

    /// The text of `time`.
    pub(super) fn write(self, time: UnixTime) -> String {
        match self {
            Self::UnixMillis => time.as_millis().to_string(),
            Self::UnixSeconds => time.as_secs().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_digits_are_a_timestamp() {
        let seconds = TimestampFormat::UnixSeconds;
        assert_eq!(seconds.parse("1614265330"), Some(UnixTime::from_secs(1_614_265_330)));
        assert_eq!(seconds.parse("0"), Some(UnixTime::from_secs(0)));
        assert_eq!(TimestampFormat::UnixMillis.parse("1614265330123"), Some(UnixTime::from_millis(1_614_265_330_123)));
        for text in [
            "",
            " ",
            "+1614265330",
            "-1",
            "01614265330",
            "1614265330.0",
            "1614265330 ",
            "1_614",
            "1e9",
            "NaN",
            "٣",
            "-9223372036854775808",
            "9999999999999",
            "18446744073709551616",
        ] {
            assert_eq!(seconds.parse(text), None, "{text:?}");
        }
    }
}
