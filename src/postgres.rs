//! How a PostgreSQL database is reached: from a URL to a pool, and what its errors say.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::{Config, NoTls};

/// How long making a connection may take, and looking whether one still stands.
const CONNECT: Duration = Duration::from_secs(1);
const RECYCLE: Duration = Duration::from_millis(250);
/// How long the server works on one statement, so that what was given up ends, too.
const STATEMENT_TIMEOUT: &str = "-c statement_timeout=2000 -c lock_timeout=1000";

/// What the URL says, with limits of time; those of the URL's own `options` come last, and hold.
pub(crate) fn config(url: &str) -> Result<Config, &'static str> {
    let mut config: Config = url.parse().map_err(|_| "this is no URL of a PostgreSQL database")?;
    if config.get_hosts().is_empty() {
        return Err("the URL names no host");
    }
    config.connect_timeout(CONNECT);
    let options = config.get_options().map(|own| format!("{STATEMENT_TIMEOUT} {own}"));
    config.options(options.unwrap_or_else(|| STATEMENT_TIMEOUT.to_owned()));
    Ok(config)
}

/// A pool without TLS, of at most so many connections, for one of which a caller waits at most so long. Nothing is
/// connected yet.
pub(crate) fn pool(config: Config, connections: usize, wait: Duration) -> Result<Pool, &'static str> {
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let timeouts = Timeouts { wait: Some(wait), create: Some(CONNECT), recycle: Some(RECYCLE) };
    Pool::builder(Manager::from_config(config, NoTls, manager))
        .max_size(connections)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| "no pool of connections can be made")
}

/// What the database said, without address and password. Its own text says only that there was an error.
pub(crate) fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("the database refused: {} ({})", said.message(), said.code().code()),
        None => "the database cannot be asked".to_owned(),
    }
}
