//! Headers as proxies, strangers and attackers write them, in an order that is the same each time.
//!
//! Left out is what the others do not read and we do: tabs as blanks (RFC 9110 §5.6.3; nginx trims spaces alone), brackets
//! without a port (nginx), an address right behind a comma that begins its line (RFC 9110 §5.6.1.2; nginx takes the comma for a
//! part of it), and quotes, which mean nothing in this header (HAProxy takes the commas between them for text).

const ADDRESSES: &[&str] = &[
    "203.0.113.7",
    "203.0.113.255",
    "2001:db8:1::5",
    "2001:DB8:1:0:0::5",
    "::ffff:203.0.113.7",
    "198.51.100.1",
    "10.0.0.1",
    "10.1.2.3",
    "127.0.0.1",
    "2001:db8:2::1",
    "::1",
];
const WITH_PORTS: &[&str] = &["203.0.113.7:443", "[2001:db8:1::5]:443", "10.0.0.1:80"];
const NONSENSE: &[&str] = &[
    "",
    " ",
    "unknown",
    "_hidden",
    "localhost",
    "0.0.0.0",
    "::",
    "203.0.113.07",
    "203.0.113",
    "203.0.113.7.1",
    "0xcb.0.113.7",
    "3405803783",
    "203.0.113.256",
    "203.0.113.7/32",
    "203.0.113.7:",
    "203.0.113.7:99999",
    "[203.0.113.7]",
    "[2001:db8:1::5",
    "2001:db8:1::5]",
    "2001:db8:1::5%eth0",
    "2001:db8:1:::5",
    "for=203.0.113.7",
    "203.0.113.7;",
    "203.0.113.7 10.0.0.1",
    "-1",
    "10.0.0.1.",
    "::203.0.113.7",
    "64:ff9b::203.0.113.7",
];
const BETWEEN: &[&str] = &[",", ", ", " ,", " , ", ",,", ", ,"];

pub(crate) struct Generator {
    state: u64,
    reader: Reader,
}

/// Who is asked what it makes of them.
#[derive(PartialEq, Eq)]
pub(crate) enum Reader {
    /// Reads no ports.
    HaProxy,
    /// Reads no address right behind a comma that begins its line.
    Nginx,
}

impl Generator {
    pub(crate) const fn new(seed: u64, reader: Reader) -> Self {
        Self { state: seed, reader }
    }

    /// `splitmix64`, whose quality is enough to mix words.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    fn entry(&mut self) -> String {
        match self.below(10) {
            0 => self.one_of(NONSENSE).to_owned(),
            1 if self.reader == Reader::Nginx => self.one_of(WITH_PORTS).to_owned(),
            // A byte of an address is another.
            2 => {
                let mut text = self.one_of(ADDRESSES).as_bytes().to_vec();
                let at = self.below(text.len());
                text[at] = b'#' + u8::try_from(self.below(92)).unwrap();
                String::from_utf8(text).unwrap()
            }
            _ => self.one_of(ADDRESSES).to_owned(),
        }
    }

    /// One to three lines of up to four entries each.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        let lines = 1 + self.below(3);
        (0..lines)
            .map(|_| {
                let mut line = self.entry();
                for _ in 0..self.below(4) {
                    line.push_str(self.one_of(BETWEEN));
                    line.push_str(&self.entry());
                }
                // Blanks at the ends are no part of a value.
                let line = line.trim();
                let behind_a_comma = line.strip_prefix(',').filter(|rest| !rest.starts_with([' ', ',']));
                behind_a_comma.filter(|_| self.reader == Reader::Nginx).unwrap_or(line).to_owned()
            })
            .collect()
    }
}
