//! What only the operator sees of a refusal.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;

/// A sentence. One that names a client is put together when it is looked at: where nobody listens, never.
#[derive(Clone)]
pub(super) enum Detail {
    Client { address: IpAddr, says: &'static str, sentence: OnceLock<Box<str>> },
    Text(Cow<'static, str>),
}

impl Detail {
    pub(super) const fn of_client(address: IpAddr, says: &'static str) -> Self {
        Self::Client { address, says, sentence: OnceLock::new() }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Client { address, says, sentence } => {
                sentence.get_or_init(|| format!("{address} {says}").into_boxed_str())
            }
            Self::Text(text) => text,
        }
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
