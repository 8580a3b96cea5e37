//! Public URLs that are configured otherwise than the sender knows them.

use http::Uri;
use http::header::HOST;

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;

/// Where a proxy says the name that the client called.
const FORWARDED_HOST: &str = "x-forwarded-host";

/// A URL in its parts, as text.
#[derive(Clone, PartialEq, Eq)]
struct Url {
    scheme: String,
    authority: String,
    path: String,
    /// With its question mark, or empty.
    query: String,
}

impl Url {
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (before, query) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
        let (authority, path) = before.find('/').map_or((before, ""), |at| before.split_at(at));
        Some(Self { scheme: scheme.into(), authority: authority.into(), path: path.into(), query: query.into() })
    }

    fn text(&self) -> String {
        format!("{}://{}{}{}", self.scheme, self.authority, self.path, self.query)
    }

    /// In how many parts it differs, and the first of them.
    fn differs(&self, other: &Self) -> (usize, Option<Cause>) {
        let differs = [
            (self.scheme != other.scheme, Cause::UrlScheme),
            (self.authority != other.authority, Cause::UrlHost),
            (self.path != other.path, Cause::UrlPath),
            (self.query != other.query, Cause::UrlQuery),
        ];
        let mut causes = differs.into_iter().filter(|(differs, _)| *differs).map(|(_, cause)| cause);
        let first = causes.next();
        (usize::from(first.is_some()) + causes.count(), first)
    }
}

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    let sender = search.route.sender().clone();
    let configured = Url::parse(sender.public_url().filter(|_| search.scheme().signs_url())?)?;
    let mut urls = others(search, &configured);
    // Those that differ least come first.
    urls.sort_by_key(|url| url.differs(&configured).0);
    urls.dedup();
    for url in urls {
        let Some(cause) = url.differs(&configured).1 else { continue };
        if search.fits(&sender.moved_to(&url.text()), search.route.keys()) {
            let what = match cause {
                Cause::UrlScheme => "with the other of `http` and `https`",
                Cause::UrlHost => "with another host name or port",
                Cause::UrlPath => "with another path",
                _ => "with another query",
            };
            return Some(Explanation::proven(cause, format!("the sender signs the public URL {what}")));
        }
    }
    None
}

fn others(search: &Search<'_>, url: &Url) -> Vec<Url> {
    let head = search.head;
    let schemes = [url.scheme.as_str(), if url.scheme == "https" { "http" } else { "https" }];
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let host = url.authority.rsplit_once(':').map_or(url.authority.as_str(), |(host, _)| host).to_owned();
    let mut hosts = vec![url.authority.clone(), host.clone()];
    hosts.extend(header(HOST.as_str()).into_iter().chain(header(FORWARDED_HOST)));
    hosts.extend(head.uri.authority().map(|authority| authority.as_str().to_owned()));
    hosts.extend([format!("{host}:443"), format!("{host}:80")]);
    hosts.push(match host.strip_prefix("www.") {
        Some(rest) => rest.to_owned(),
        None => format!("www.{host}"),
    });
    let came = |uri: &Uri| uri.path().to_owned();
    let mut paths = vec![url.path.clone(), came(&head.uri)];
    paths.push(match url.path.strip_suffix('/') {
        Some(rest) => rest.to_owned(),
        None => format!("{}/", url.path),
    });
    let mut queries = vec![url.query.clone(), String::new()];
    if let Some(query) = head.uri.query() {
        queries.push(format!("?{query}"));
    }
    for query in queries.clone() {
        let mut pairs: Vec<&str> = query.trim_start_matches('?').split('&').collect();
        pairs.sort_unstable();
        queries.push(if query.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) });
        pairs.reverse();
        queries.push(if query.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) });
    }
    for list in [&mut hosts, &mut paths, &mut queries] {
        let mut seen = std::collections::HashSet::new();
        list.retain(|item| seen.insert(item.clone()));
    }
    let mut found = Vec::new();
    for scheme in schemes {
        for authority in &hosts {
            for path in &paths {
                for query in &queries {
                    let (path, query) = (path.clone(), query.clone());
                    found.push(Url { scheme: scheme.to_owned(), authority: authority.clone(), path, query });
                }
            }
        }
    }
    found
}
