//! Senders that show a shared token and sign nothing: whoever learns the token can send any body.

use std::time::Duration;

use super::entry;
use crate::scheme::{Confidence, Place, Scheme, header};

/// GitLab: the secret token itself stands in `X-Gitlab-Token`. The body is not covered.
/// <https://docs.gitlab.com/user/project/integrations/webhooks/>
pub const GITLAB: Scheme = entry(
    Scheme::token("gitlab", header("x-gitlab-token"))
        .id(Place::Header("idempotency-key"))
        .event_type(Place::Header("x-gitlab-event"))
        .account("x-gitlab-instance")
        .deadline(Duration::from_secs(10))
        .source("docs.gitlab.com, webhooks; go-playground/webhooks, commit 02d182a", Confidence::Documented),
);
