//! What the server is set to, read once at the start: what it loses, and what it cannot do.

use std::collections::HashMap;

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{InfoDict, RedisResult, Value};

use super::connection::Connection;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::idempotency::store::{Guarantees, Survives};

/// What was found out.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) guarantees: Guarantees,
    /// What an operator should know, in sentences.
    pub(super) warnings: Vec<String>,
}

/// `SET … NX GET` came with 7.0.
const OLDEST: (u32, u32) = (7, 0);

/// What each server that takes claims says of itself.
pub(super) async fn read(connection: &Connection) -> RedisResult<Vec<InfoDict>> {
    // Everybody may ask, unlike `CONFIG GET`, which access lists often forbid.
    let ask = redis::cmd("INFO");
    let texts: Vec<String> = match connection {
        Connection::Cluster(cluster) => {
            let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            let texts = cluster.clone().route_command(ask, masters).await?;
            redis::from_redis_value::<HashMap<String, String>>(texts)?.into_values().collect()
        }
        Connection::Server(_) => redis::from_redis_value(Value::Array(connection.run(|| vec![ask.clone()]).await?))?,
    };
    Ok(texts.iter().map(|text| InfoDict::new(text)).collect())
}

/// Judges all of them: together they are worth what the least of them is.
pub(super) fn judge(servers: &[InfoDict], may_evict: bool) -> Result<Settings, ConfigError> {
    let guarantees = Guarantees::IN_PROCESS.shared().surviving(Survives::Host);
    let mut all = Settings { guarantees, warnings: Vec::new() };
    for server in servers {
        let one = judge_one(server, may_evict)?;
        all.guarantees.evicts |= one.guarantees.evicts;
        all.guarantees.survives = all.guarantees.survives.min(one.guarantees.survives);
        for warning in one.warnings {
            if !all.warnings.contains(&warning) {
                all.warnings.push(warning);
            }
        }
    }
    Ok(all)
}

/// A server that may evict claims at any time is refused, unless that was asked for.
fn judge_one(info: &InfoDict, may_evict: bool) -> Result<Settings, ConfigError> {
    let wrong = |text: String| Err(ConfigError::new(ConfigErrorKind::Store, text));
    let version: String = info.get("redis_version").unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < OLDEST {
        return wrong(format!("Redis {version} is too old: `SET … NX GET` came with 7.0"));
    }
    if info.get::<String>("role").is_some_and(|role| role == "slave") {
        let text = "this server is a replica, which takes no claims: name the master";
        return Err(ConfigError::new(ConfigErrorKind::StoreUnreachable, String::from(text)));
    }
    let mut warnings = Vec::new();
    let policy: String = info.get("maxmemory_policy").unwrap_or_default();
    let bounded = info.get::<u64>("maxmemory").unwrap_or(0) > 0;
    let evicts = policy != "noeviction";
    if evicts && bounded && !may_evict {
        return wrong(format!(
            "`maxmemory-policy {policy}` drops claims when memory is short, and their deliveries run twice: set \
             `noeviction`, or call `.may_evict()`"
        ));
    }
    if evicts {
        warnings.push(format!("`maxmemory-policy` is `{policy}`: set `noeviction`, so that no claim is ever dropped"));
    }
    let append_only = info.get::<u8>("aof_enabled").unwrap_or(0) == 1;
    if !append_only {
        warnings.push(String::from("`appendonly` is off: a restart forgets what was written since the last snapshot"));
    }
    let mut guarantees = Guarantees::IN_PROCESS.shared().surviving(Survives::Process);
    if evicts {
        guarantees = guarantees.evicting();
    }
    if append_only {
        // How often it is written to disk, `appendfsync`, is not told to everybody.
        guarantees = guarantees.surviving(Survives::Host);
    }
    Ok(Settings { guarantees, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, policy: &str, maxmemory: u64, append_only: u8) -> InfoDict {
        InfoDict::new(&format!(
            "# Server\r\nredis_version:{version}\r\n# Memory\r\nmaxmemory:{maxmemory}\r\nmaxmemory_policy:{policy}\r\n\
             # Persistence\r\naof_enabled:{append_only}\r\n"
        ))
    }

    #[test]
    fn a_server_that_is_set_right_has_no_warnings() {
        let settings = judge_one(&info("7.0.15", "noeviction", 1 << 30, 1), false).unwrap();
        assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
        assert!(settings.guarantees.shared && !settings.guarantees.evicts);
        assert_eq!(settings.guarantees.survives, Survives::Host);
    }

    #[test]
    fn a_server_that_drops_claims_is_refused_unless_that_was_asked_for() {
        for policy in ["allkeys-lru", "volatile-ttl"] {
            let info = info("7.2.4", policy, 1 << 30, 1);
            let error = judge_one(&info, false).unwrap_err();
            assert!(error.to_string().contains(policy), "{error}");
            assert!(judge_one(&info, true).unwrap().guarantees.evicts);
        }
        assert_eq!(judge_one(&info("8.0.0", "allkeys-lru", 0, 1), false).unwrap().warnings.len(), 1);
    }

    #[test]
    fn a_server_that_is_too_old_is_refused_by_name() {
        for version in ["6.2.14", "5.0.0", "", "x"] {
            assert!(judge_one(&info(version, "noeviction", 0, 1), false).is_err(), "{version}");
        }
    }

    #[test]
    fn a_server_that_writes_nothing_down_is_warned_about() {
        let settings = judge_one(&info("7.0.15", "noeviction", 0, 0), false).unwrap();
        assert!(settings.warnings[0].contains("appendonly"));
        assert_eq!(settings.guarantees.survives, Survives::Process);
    }

    #[test]
    fn servers_together_are_worth_what_the_least_of_them_is() {
        let (good, forgets) = (info("7.0.15", "noeviction", 0, 1), info("7.0.15", "noeviction", 0, 0));
        let evicts = info("7.0.15", "allkeys-lru", 1 << 30, 1);
        let settings = judge(&[forgets, good.clone(), evicts.clone(), evicts.clone()], true).unwrap();
        assert_eq!(settings.guarantees.survives, Survives::Process);
        assert!(settings.guarantees.evicts && settings.guarantees.shared);
        assert_eq!(settings.warnings.len(), 2, "{:?}", settings.warnings);
        assert!(judge(&[good, evicts], false).is_err());
    }
}
