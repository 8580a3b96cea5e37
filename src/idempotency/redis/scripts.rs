//! What Redis does in one step of its own. Each script touches one key, so it runs in a cluster as well.

use std::sync::LazyLock;

use redis::Cmd;
use sha1::{Digest, Sha1};

/// A script, and the name under which the server keeps it after its first run.
pub(super) struct Script {
    text: &'static str,
    hash: LazyLock<String>,
}

macro_rules! script {
    ($text:literal) => {
        Script { text: $text, hash: LazyLock::new(|| base16ct::lower::encode_string(&Sha1::digest($text))) }
    };
}

/// `KEYS[1]`, `ARGV`: token, value, milliseconds. Writes where the key is absent or this token's. 1 if it did.
pub(super) static COMPLETE: Script = script!(
    "local found = redis.call('GET', KEYS[1])
     if found and string.sub(found, 20, 35) ~= ARGV[1] then return 0 end
     redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
     return 1"
);

/// `KEYS[1]`, `ARGV`: token. Removes what is pending and this token's. 0 where another's stands there.
pub(super) static RELEASE: Script = script!(
    "local found = redis.call('GET', KEYS[1])
     if not found then return 1 end
     if string.sub(found, 20, 35) ~= ARGV[1] then return 0 end
     if string.sub(found, 2, 2) == 'P' then redis.call('DEL', KEYS[1]) end
     return 1"
);

/// `KEYS[1]`, `ARGV`: token, value, milliseconds. Lets the lease of what is this token's begin anew, and writes what is
/// absent. 0 where another's stands there, 2 where it is done.
pub(super) static EXTEND: Script = script!(
    "local found = redis.call('GET', KEYS[1])
     if not found then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end
     if string.sub(found, 20, 35) ~= ARGV[1] then return 0 end
     if string.sub(found, 2, 2) ~= 'P' then return 2 end
     redis.call('PEXPIRE', KEYS[1], ARGV[3])
     return 1"
);

/// `KEYS[1]` a guard, `ARGV`: the key that it names now, the key that it is to name, milliseconds. Takes the guard over
/// where it is absent or still names the first. 1 if it did.
pub(super) static TAKE_GUARD: Script = script!(
    "local found = redis.call('GET', KEYS[1])
     if found and found ~= ARGV[1] and found ~= ARGV[2] then return 0 end
     redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
     return 1"
);

/// `KEYS[1]` a guard, `ARGV`: a key. Removes the guard of that key.
pub(super) static DROP_GUARD: Script =
    script!("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1");

impl Script {
    /// The call for a server that has run it before.
    pub(super) fn by_name(&self, key: &str, args: &[&[u8]]) -> Cmd {
        call("EVALSHA", &self.hash, key, args)
    }

    /// The call that teaches a server its name as well.
    pub(super) fn by_text(&self, key: &str, args: &[&[u8]]) -> Cmd {
        call("EVAL", self.text, key, args)
    }
}

fn call(command: &str, script: &str, key: &str, args: &[&[u8]]) -> Cmd {
    let mut call = redis::cmd(command);
    call.arg(script).arg(1).arg(key).arg(args);
    call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_named_by_the_hash_of_its_text() {
        static EMPTY: Script = script!("");
        assert_eq!(*EMPTY.hash, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
