//! What Redis does in one step of its own. Each script touches one key, so it runs in a cluster as well.

use std::sync::LazyLock;

use redis::Script;

/// `KEYS[1]`, `ARGV`: token, value, milliseconds. Writes where the key is absent or this token's. 1 if it did.
pub(super) static COMPLETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if found and string.sub(found, 20, 35) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// `KEYS[1]`, `ARGV`: token. Removes what is pending and this token's. 0 where another's stands there.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if not found then return 1 end
         if string.sub(found, 20, 35) ~= ARGV[1] then return 0 end
         if string.sub(found, 2, 2) == 'P' then redis.call('DEL', KEYS[1]) end
         return 1",
    )
});

/// `KEYS[1]`, `ARGV`: token, value, milliseconds. Lets the lease of what is this token's begin anew, and writes what is
/// absent. 0 where another's stands there, 2 where it is done.
pub(super) static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if not found then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end
         if string.sub(found, 20, 35) ~= ARGV[1] then return 0 end
         if string.sub(found, 2, 2) ~= 'P' then return 2 end
         redis.call('PEXPIRE', KEYS[1], ARGV[3])
         return 1",
    )
});

/// `KEYS[1]` a guard, `ARGV`: the key that it names now, the key that it is to name, milliseconds. Takes the guard over
/// where it is absent or still names the first. 1 if it did.
pub(super) static TAKE_GUARD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1])
         if found and found ~= ARGV[1] and found ~= ARGV[2] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// `KEYS[1]` a guard, `ARGV`: a key. Removes the guard of that key.
pub(super) static DROP_GUARD: LazyLock<Script> = LazyLock::new(|| {
    Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1")
});
