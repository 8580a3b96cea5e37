//! Which trace a request belongs to, as its sender says it.

use http::HeaderMap;

/// The value of `traceparent` where it is one, see [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header).
/// Anybody can write one: it is for finding things, and proves nothing.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all("traceparent").iter();
    let text = lines.next().filter(|_| lines.next().is_none())?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let whole = parts.next().is_none() && hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    (whole && version != "ff" && !zero(trace) && !zero(parent)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", value.parse().unwrap());
        }
        traceparent(&headers).map(str::to_owned)
    }

    #[test]
    fn only_what_is_one_is_taken() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(read(&[good]).as_deref(), Some(good));
        assert_eq!(read(&[good, good]), None);
        for bad in [
            "",
            "00",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
        ] {
            assert_eq!(read(&[bad]), None, "{bad}");
        }
    }
}
