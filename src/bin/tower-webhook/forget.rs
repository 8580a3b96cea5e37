//! `tower-webhook forget`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use tower_webhook::ConfigError;
#[cfg(feature = "postgres")]
use tower_webhook::idempotency::PostgresStore;
#[cfg(feature = "redis")]
use tower_webhook::idempotency::RedisStore;
use tower_webhook::idempotency::{DeliveryName, Key, Store};

use crate::{Failure, secret_from_env};

const EXAMPLES: &str = r#"Examples:
  REDIS_URL=redis://127.0.0.1:6379/ tower-webhook forget --provider stripe --id evt_1
  tower-webhook forget --provider github --route hooks --tenant acme --id 72d3162e-cc78-11e3-81ab-4c9367dc0958
  tower-webhook forget --key 1f0c…   (64 hexadecimal digits, as `IdempotencyContext` has it)
  REDIS_URL=redis://10.0.0.1:26379/,redis://10.0.0.2:26379/ tower-webhook forget --sentinel webhooks --provider stripe --id evt_1
  DATABASE_URL=postgres://hooks@10.0.0.3/shop tower-webhook forget --postgres-env DATABASE_URL --provider stripe --id evt_1

Output:
  {"key":"1f0c…","forgotten":true}      false: nothing was known of it

Then ask the sender to deliver again. A receiver that keeps finished deliveries in memory goes on to answer for them for
as long as it was told to. A delivery that is being worked on runs a second time beside the first: forget it later.

Exit codes: 0 done, 1 the store failed, 2 the command line is wrong."#;

/// Makes a store in Redis or PostgreSQL forget a delivery, so that it runs when its sender delivers it again.
///
/// Takes the delivery by what its key is made of, or by its key.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Forget {
    /// The sender, as the receiver names it
    #[arg(long, value_name = "NAME", required_unless_present = "key", requires = "id")]
    provider: Option<String>,
    /// The sender's id of the delivery
    #[arg(long, value_name = "ID", requires = "provider")]
    id: Option<String>,
    /// The name of the route; the sender's where the receiver gives it none
    #[arg(long, value_name = "NAME", requires = "provider")]
    route: Option<String>,
    /// The tenant, where the receiver has tenants
    #[arg(long, value_name = "NAME", requires = "provider")]
    tenant: Option<String>,
    /// The account at the sender, where the sender or the receiver makes a header with it part of the key
    #[arg(long, value_name = "VALUE", requires = "provider")]
    account: Option<String>,
    /// The key itself, in hexadecimal
    #[arg(long, value_name = "HEX", conflicts_with = "provider")]
    key: Option<String>,
    /// The environment variable with the URL of a PostgreSQL database: the receiver keeps its records there
    #[cfg(feature = "postgres")]
    #[arg(long, value_name = "NAME")]
    #[cfg_attr(feature = "redis", arg(conflicts_with_all = ["redis_env", "sentinel", "cluster", "prefix"]))]
    #[cfg_attr(not(feature = "redis"), arg(required = true))]
    postgres_env: Option<String>,
    /// The schema in that database, where the receiver has changed it
    #[cfg(feature = "postgres")]
    #[arg(long, value_name = "NAME", requires = "postgres_env")]
    schema: Option<String>,
    /// The environment variable with the URL of the Redis server, or several with commas between them
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "NAME", default_value = "REDIS_URL")]
    redis_env: String,
    /// The URLs are those of sentinels, which know the master by this name
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "MASTER", conflicts_with = "cluster")]
    sentinel: Option<String>,
    /// The URLs are those of servers of a cluster
    #[cfg(feature = "redis")]
    #[arg(long)]
    cluster: bool,
    /// What stands before each key, where the receiver has changed it
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Store(error.to_string())
}

impl Forget {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let key = self.key()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let forgotten = runtime.block_on(self.forget(&key))?;
        let hex = base16ct::lower::encode_string(key.as_bytes());
        writeln!(std::io::stdout(), r#"{{"key":"{hex}","forgotten":{forgotten}}}"#)?;
        Ok(ExitCode::SUCCESS)
    }

    fn key(&self) -> Result<Key, Failure> {
        if let Some(hex) = &self.key {
            let mut key = [0; 32];
            let read = base16ct::mixed::decode(hex, &mut key).is_ok_and(|key| key.len() == 32);
            let wrong = || Failure::Usage(String::from("`--key` is 64 hexadecimal digits"));
            return if read { Ok(Key::from_bytes(key)) } else { Err(wrong()) };
        }
        let (Some(provider), Some(id)) = (&self.provider, &self.id) else {
            return Err(Failure::Usage(String::from("`--provider` and `--id`, or `--key`, are missing")));
        };
        let mut name = DeliveryName::new(provider, id);
        if let Some(route) = &self.route {
            name = name.route(route);
        }
        if let Some(tenant) = &self.tenant {
            name = name.tenant(tenant);
        }
        if let Some(account) = &self.account {
            name = name.account(account.as_bytes());
        }
        Ok(name.key())
    }

    async fn forget(&self, key: &Key) -> Result<bool, Failure> {
        #[cfg(feature = "postgres")]
        if let Some(name) = &self.postgres_env {
            return self.postgres(name).await?.forget(key).await.map_err(failed);
        }
        #[cfg(feature = "redis")]
        return self.redis().await?.forget(key).await.map_err(failed);
        #[cfg(not(feature = "redis"))]
        Err(Failure::Usage(String::from("`--postgres-env` is missing")))
    }

    #[cfg(feature = "postgres")]
    async fn postgres(&self, name: &str) -> Result<PostgresStore, Failure> {
        let url = secret_from_env(name)?;
        let mut options = PostgresStore::options();
        if let Some(schema) = &self.schema {
            options = options.schema(schema).map_err(|error: ConfigError| Failure::Usage(error.to_string()))?;
        }
        options.connect(&url).await.map_err(failed)
    }

    #[cfg(feature = "redis")]
    async fn redis(&self) -> Result<RedisStore, Failure> {
        let urls = secret_from_env(&self.redis_env)?;
        let usage = |error: ConfigError| Failure::Usage(error.to_string());
        // Whether it may drop claims is the receiver's matter.
        let mut options = RedisStore::options().may_evict();
        if let Some(prefix) = &self.prefix {
            options = options.prefix(prefix).map_err(usage)?;
        }
        let several = urls.split(',').map(str::trim);
        match &self.sentinel {
            Some(master) => options.connect_sentinel(several, master).await,
            None if self.cluster => options.connect_cluster(several).await,
            None => options.connect(&urls).await,
        }
        .map_err(failed)
    }
}
