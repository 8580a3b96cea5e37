//! What an idempotency store is asked and answers, and what an allowlist decides: closed lists of labels.

/// What an allowlist decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    Denied,
    /// The address of the client cannot be told.
    NoIp,
    /// A peer that is no trusted proxy sent a forwarded header; its own address was judged.
    UntrustedPeer,
}

impl Decision {
    /// Every decision there is, in the order they are declared.
    pub(crate) const ALL: [Self; 4] = [Self::Allowed, Self::Denied, Self::NoIp, Self::UntrustedPeer];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::NoIp => "no_ip",
            Self::UntrustedPeer => "untrusted_peer",
        }
    }
}

/// What a claim found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The same id with another body.
    Conflict,
    Duplicate,
    Error,
    InFlight,
    New,
}

/// How a write of the claim's holder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    Error,
    /// The claim belongs to somebody else by now; nothing was written.
    Fenced,
}

/// An operation of an idempotency store, with its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Claim(Claimed),
    Complete(Written),
    Extend(Written),
    Release(Written),
}

impl Operation {
    /// The values of the label `op`, in the order of [`Self::op_index`].
    pub(crate) const OPS: [&'static str; 4] = ["claim", "complete", "extend", "release"];

    /// Every operation with every result, in the order of [`Self::index`].
    pub(crate) const ALL: [Self; 14] = [
        Self::Claim(Claimed::Conflict),
        Self::Claim(Claimed::Duplicate),
        Self::Claim(Claimed::Error),
        Self::Claim(Claimed::InFlight),
        Self::Claim(Claimed::New),
        Self::Complete(Written::Done),
        Self::Complete(Written::Error),
        Self::Complete(Written::Fenced),
        Self::Extend(Written::Done),
        Self::Extend(Written::Error),
        Self::Extend(Written::Fenced),
        Self::Release(Written::Done),
        Self::Release(Written::Error),
        Self::Release(Written::Fenced),
    ];

    /// Where it stands in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Claim(found) => found as usize,
            Self::Complete(written) => 5 + written as usize,
            Self::Extend(written) => 8 + written as usize,
            Self::Release(written) => 11 + written as usize,
        }
    }

    /// Where the operation stands in [`Self::OPS`].
    pub(crate) const fn op_index(self) -> usize {
        match self {
            Self::Claim(_) => 0,
            Self::Complete(_) => 1,
            Self::Extend(_) => 2,
            Self::Release(_) => 3,
        }
    }

    /// The label `op`.
    pub(crate) fn op(self) -> &'static str {
        Self::OPS.get(self.op_index()).copied().unwrap_or_default()
    }

    /// The label `result`.
    pub(crate) const fn result(self) -> &'static str {
        match self {
            Self::Claim(found) => match found {
                Claimed::Conflict => "conflict",
                Claimed::Duplicate => "duplicate",
                Claimed::Error => "error",
                Claimed::InFlight => "in_flight",
                Claimed::New => "new",
            },
            Self::Complete(written) | Self::Extend(written) | Self::Release(written) => match written {
                Written::Done => "ok",
                Written::Error => "error",
                Written::Fenced => "fenced",
            },
        }
    }

    /// Whether the store failed.
    pub(crate) const fn is_error(self) -> bool {
        matches!(
            self,
            Self::Claim(Claimed::Error)
                | Self::Complete(Written::Error)
                | Self::Extend(Written::Error)
                | Self::Release(Written::Error)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_stands_where_its_index_says() {
        for (position, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), position, "{operation:?}");
        }
        for (position, decision) in Decision::ALL.into_iter().enumerate() {
            assert_eq!(decision as usize, position, "{decision:?}");
        }
    }

    #[test]
    fn an_operation_is_an_error_where_its_label_says_so() {
        for operation in Operation::ALL {
            assert_eq!(operation.is_error(), operation.result() == "error", "{operation:?}");
        }
    }
}
