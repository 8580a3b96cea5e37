//! What is asked of the database. Time is the database's own, and goes on within a transaction.

/// All statements, for tables in one schema.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) claim: String,
    pub(super) find: String,
    pub(super) complete: String,
    pub(super) release: String,
    pub(super) extend: String,
    pub(super) forget: String,
    pub(super) guard: String,
    pub(super) lock_guard: String,
    pub(super) take_guard: String,
    pub(super) keep_guard: String,
    pub(super) drop_guard: String,
    pub(super) purge_deliveries: String,
    pub(super) purge_guards: String,
}

impl Statements {
    pub(super) fn of(schema: &str) -> Self {
        let (deliveries, guards) = (format!("{schema}.webhook_deliveries"), format!("{schema}.webhook_guards"));
        let end = |at: u8| format!("clock_timestamp() + make_interval(secs => ${at})");
        Self {
            // Key, fingerprint, token, seconds. A row comes back for whoever owns it.
            claim: format!(
                "INSERT INTO {deliveries} AS old (key, fp, done, token, attempt, until)
                 VALUES ($1, $2, false, $3, 1, {})
                 ON CONFLICT (key) DO UPDATE SET
                     fp = excluded.fp, done = false, token = excluded.token, until = excluded.until, record = NULL,
                     attempt = CASE WHEN old.done THEN 1 WHEN old.token = excluded.token THEN old.attempt
                                    ELSE old.attempt + 1 END
                 WHERE old.until < clock_timestamp() OR (NOT old.done AND old.token = excluded.token)
                 RETURNING attempt",
                end(4)
            ),
            // Key.
            find: format!(
                "SELECT done, fp, record, extract(epoch FROM until - clock_timestamp())::double precision
                 FROM {deliveries} WHERE key = $1 AND until >= clock_timestamp()"
            ),
            // Key, fingerprint, token, record, seconds.
            complete: format!(
                "INSERT INTO {deliveries} AS old (key, fp, done, token, attempt, until, record)
                 VALUES ($1, $2, true, $3, 1, {}, $4)
                 ON CONFLICT (key) DO UPDATE SET
                     fp = excluded.fp, done = true, token = excluded.token, until = excluded.until,
                     record = excluded.record
                 WHERE old.token = excluded.token OR old.until < clock_timestamp()
                 RETURNING 1",
                end(5)
            ),
            // Key, token. Nothing comes back where nothing stands there.
            release: format!(
                "WITH gone AS (DELETE FROM {deliveries} WHERE key = $1 AND token = $2 AND NOT done RETURNING token)
                 SELECT token = $2 FROM {deliveries} WHERE key = $1 AND until >= clock_timestamp()"
            ),
            // Key, fingerprint, token, seconds. What is done stays as it is.
            extend: format!(
                "INSERT INTO {deliveries} AS old (key, fp, done, token, attempt, until)
                 VALUES ($1, $2, false, $3, 1, {})
                 ON CONFLICT (key) DO UPDATE SET
                     fp = excluded.fp, token = excluded.token,
                     done = old.done AND old.until >= clock_timestamp(),
                     record = CASE WHEN old.done AND old.until >= clock_timestamp() THEN old.record END,
                     until = CASE WHEN old.done AND old.until >= clock_timestamp() THEN old.until
                                  ELSE excluded.until END
                 WHERE old.token = excluded.token OR old.until < clock_timestamp()
                 RETURNING done",
                end(4)
            ),
            // Key.
            forget: format!("DELETE FROM {deliveries} WHERE key = $1 RETURNING until >= clock_timestamp()"),
            // Guard, key, seconds.
            guard: format!(
                "INSERT INTO {guards} AS old (guard, key, until) VALUES ($1, $2, {})
                 ON CONFLICT (guard) DO UPDATE SET until = greatest(old.until, excluded.until)
                 WHERE old.key = excluded.key
                 RETURNING 1",
                end(3)
            ),
            // Guard.
            lock_guard: format!("SELECT key FROM {guards} WHERE guard = $1 FOR UPDATE"),
            // Guard, key, seconds.
            take_guard: format!(
                "INSERT INTO {guards} (guard, key, until) VALUES ($1, $2, {})
                 ON CONFLICT (guard) DO UPDATE SET key = excluded.key, until = excluded.until",
                end(3)
            ),
            // Guard, key, seconds.
            keep_guard: format!("UPDATE {guards} SET until = {} WHERE guard = $1 AND key = $2", end(3)),
            // Guard, key.
            drop_guard: format!(
                "DELETE FROM {guards} WHERE guard = $1 AND key = $2 AND NOT EXISTS
                     (SELECT 1 FROM {deliveries} WHERE key = $2 AND until >= clock_timestamp())"
            ),
            // How many. The attempts of what has lapsed are known for a day.
            purge_deliveries: format!(
                "DELETE FROM {deliveries} WHERE key IN (SELECT key FROM {deliveries}
                     WHERE until < clock_timestamp() - CASE WHEN done THEN interval '0' ELSE interval '1 day' END
                     LIMIT $1 FOR UPDATE SKIP LOCKED)"
            ),
            purge_guards: format!(
                "DELETE FROM {guards} WHERE guard IN
                     (SELECT guard FROM {guards} WHERE until < clock_timestamp() LIMIT $1 FOR UPDATE SKIP LOCKED)"
            ),
        }
    }
}
