//! Reading and writing timestamps. Digits only: the text itself is what the sender signed.

use std::time::{Duration, SystemTime};

use super::terms::TimestampFormat;
use crate::clock::UnixTime;

impl TimestampFormat {
    /// The time that `text` writes. Of digits: no sign, no blank, no leading zero, no fraction, and no more of them
    /// than the format has room for.
    pub(crate) fn parse(self, text: &str) -> Option<UnixTime> {
        match self {
            Self::HttpDate => {
                let time = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
                // Of the three forms that HTTP allows, the one that it tells senders to write.
                (text.len() == 29).then(|| UnixTime::from_secs(time.as_secs()))
            }
            Self::Iso8601Utc if text.ends_with(|end: char| end.is_ascii_digit()) && !has_offset(text) => {
                Self::Rfc3339.parse(&format!("{text}Z"))
            }
            Self::Iso8601Utc => Self::Rfc3339.parse(text),
            Self::Rfc3339 => {
                // Only the form with a `T` and seconds: what else ISO 8601 allows is not RFC 3339.
                let shape = text.len() <= 35
                    && text.as_bytes().get(10) == Some(&b'T')
                    && text.as_bytes().get(16) == Some(&b':');
                let time = text.parse::<jiff::Timestamp>().ok().filter(|_| shape)?;
                u64::try_from(time.as_millisecond()).ok().map(UnixTime::from_millis)
            }
            Self::UnixMillis => digits(text, 15).map(UnixTime::from_millis),
            Self::UnixSeconds => digits(text, 12).map(UnixTime::from_secs),
            Self::UnixSecondsOrMillis if text.len() > 12 => Self::UnixMillis.parse(text),
            Self::UnixSecondsOrMillis => Self::UnixSeconds.parse(text),
        }
    }

    /// The text of `time`.
    pub(super) fn write(self, time: UnixTime) -> String {
        match self {
            Self::HttpDate => {
                let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
                httpdate::fmt_http_date(time.unwrap_or(SystemTime::UNIX_EPOCH))
            }
            Self::Iso8601Utc => Self::Rfc3339.write(time).trim_end_matches('Z').to_owned(),
            Self::Rfc3339 => {
                let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
            }
            Self::UnixMillis => time.as_millis().to_string(),
            Self::UnixSeconds | Self::UnixSecondsOrMillis => time.as_secs().to_string(),
        }
    }
}

/// Whether an offset stands behind the time of day.
fn has_offset(text: &str) -> bool {
    text.get(11..).is_none_or(|time| time.contains(['+', '-']))
}

fn digits(text: &str, longest: usize) -> Option<u64> {
    let canonical = !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !(text.len() > 1 && text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
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
        let either = TimestampFormat::UnixSecondsOrMillis;
        assert_eq!(either.parse("1614265330"), Some(UnixTime::from_secs(1_614_265_330)));
        assert_eq!(either.parse("999999999999"), Some(UnixTime::from_secs(999_999_999_999)), "twelve digits");
        assert_eq!(either.parse("1614265330123"), Some(UnixTime::from_millis(1_614_265_330_123)));
        assert_eq!(either.parse("0614265330123"), None);
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

    #[test]
    fn dates_are_read_in_the_one_form_that_senders_write() {
        let http = TimestampFormat::HttpDate;
        assert_eq!(http.parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(UnixTime::from_secs(784_111_777)));
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "784111777",
        ] {
            assert_eq!(http.parse(text), None, "{text:?}");
        }
        let rfc3339 = TimestampFormat::Rfc3339;
        let noon = Some(UnixTime::from_secs(1_577_862_000));
        for text in ["2020-01-01T07:00:00Z", "2020-01-01T00:00:00-07:00", "2020-01-01T07:00:00.000000000Z"] {
            assert_eq!(rfc3339.parse(text), noon, "{text}");
        }
        for text in [
            "",
            "2020-01-01",
            "2020-01-01T07:00:00",
            "2020-01-01 07:00:00Z",
            "20200101T070000Z",
            "1969-12-31T23:59:59Z",
            "2020-01-01T07:00Z",
        ] {
            assert_eq!(rfc3339.parse(text), None, "{text:?}");
        }
        let utc = TimestampFormat::Iso8601Utc;
        for text in [
            "2020-01-01T07:00:00",
            "2020-01-01T07:00:00.000000",
            "2020-01-01T07:00:00Z",
            "2020-01-01T07:00:00.000Z",
            "2020-01-01T00:00:00-07:00",
        ] {
            assert_eq!(utc.parse(text), noon, "{text}");
        }
        for text in ["", "2020-01-01", "2020-01-01T07:00", "2020-01-01 07:00:00", "2020-01-01T07:00:00ZZ"] {
            assert_eq!(utc.parse(text), None, "{text:?}");
        }
        for format in [http, utc, rfc3339, TimestampFormat::UnixMillis, TimestampFormat::UnixSeconds] {
            let time = UnixTime::from_secs(1_577_862_000);
            assert_eq!(format.parse(&format.write(time)), Some(time), "{format:?}");
        }
    }
}
