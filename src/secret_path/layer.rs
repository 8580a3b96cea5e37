//! The tokens, and how a request is held against them.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use tower_layer::Layer;

use super::SecretPathService;
use crate::config_error::ConfigError;
use crate::crypto::TokenHash;
use crate::rejection::{Dialect, Reason, Refusals, Rejection};
use crate::secret::Secret;

/// What stands in the place of the token, for everything behind the layer.
pub const MASK: &str = "redacted";

/// 128 bits are 22 characters of base64url, or 32 hex digits.
const SHORTEST: usize = 22;

/// Lets in who knows the last segment of the path, see the [module](super). Cheap to clone.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct SecretPathLayer {
    tokens: Arc<[TokenHash]>,
    refusals: Refusals,
}

impl SecretPathLayer {
    /// For the route of this name, which the log shows; `token` is the last segment of the path.
    ///
    /// # Errors
    /// A token of less than 22 characters, or with others than `A–Z a–z 0–9 - . _ ~`: those that a URL holds as they
    /// are. [`Secret::generate`] makes others; `openssl rand -hex 32` makes these.
    pub fn new(route: &str, token: &Secret) -> Result<Self, ConfigError> {
        Ok(Self { tokens: Arc::new([hash(token)?]), refusals: Refusals::default().for_route(route.into()) })
    }

    /// Takes this token, too: the one before, until the sender calls the new path.
    ///
    /// # Errors
    /// As [`SecretPathLayer::new`].
    pub fn or(mut self, token: &Secret) -> Result<Self, ConfigError> {
        self.tokens = self.tokens.iter().cloned().chain([hash(token)?]).collect();
        Ok(self)
    }

    /// Takes the token out of the path, or refuses.
    pub(super) fn refusal<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        let (rest, segment) = request.uri().path().rsplit_once('/').unwrap_or_default();
        // All of them, so that the time does not tell which.
        let known = self.tokens.iter().fold(false, |known, token| token.matches(segment.as_bytes()) | known);
        let masked = if known { masked(request.uri(), rest) } else { None };
        let Some(masked) = masked else { return Some(self.not_found()) };
        *request.uri_mut() = masked;
        None
    }

    /// What a router answers where there is no route, and nothing that would tell the two apart.
    fn not_found(&self) -> Response<Bytes> {
        let detail = format!("no token of {} is the last segment of the path", self.tokens.len());
        let rejection = Rejection::new(Reason::UnknownKey).with_detail(detail);
        let mut refusal = self.refusals.respond(rejection, Dialect::Http);
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.extensions_mut() = std::mem::take(refusal.extensions_mut());
        response
    }
}

impl<S> Layer<S> for SecretPathLayer {
    type Service = SecretPathService<S>;

    fn layer(&self, inner: S) -> SecretPathService<S> {
        SecretPathService::new(inner, self.clone())
    }
}

fn hash(token: &Secret) -> Result<TokenHash, ConfigError> {
    let bytes = token.expose();
    if bytes.len() < SHORTEST {
        return Err(ConfigError::secret(format!(
            "a path of {} characters can be guessed: it needs {SHORTEST} random ones",
            bytes.len()
        )));
    }
    if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
        return Err(ConfigError::secret("a path of letters, digits and -._~ only is the same however it is written"));
    }
    Ok(TokenHash::of(bytes))
}

/// The same URL with the mask as the last segment of its path.
fn masked(uri: &Uri, rest: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{rest}/{MASK}{query}").try_into().ok()?);
    Uri::from_parts(parts).ok()
}
