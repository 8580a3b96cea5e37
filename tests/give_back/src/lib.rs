//! Gives memory back to the system that the C library keeps.
//!
//! glibc returns what was freed from the upper end of its heap alone: one small piece in use there, and everything beneath
//! stays with the process. After ten thousand slow connections that is all that they ever held. jemalloc and mimalloc, as
//! they come, keep it as well while nothing goes on. It is no leak, the next burst gets it; where it should go back all the
//! same, glibc does so when told. There is no safe call for that, so it stands here, apart from the crate, which has none
//! that is not.

use std::time::Duration;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(5);
/// What may be kept.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: usize = 2 * 1024 * 1024;

/// Starts a thread that looks every five seconds whether the process is more than 2 MiB larger than it ever was at its smallest, and
/// has glibc give back what is free. Elsewhere than on Linux with glibc it does nothing.
///
/// # Errors
/// No thread could be started.
pub fn from_time_to_time() -> std::io::Result<()> {
    let mut least = resident();
    let look = move || {
        loop {
            std::thread::sleep(EVERY);
            least = least.min(give_back(least));
        }
    };
    std::thread::Builder::new().name("give-back".to_owned()).spawn(look).map(drop)
}

/// How much memory there is in use afterwards.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back(least: usize) -> usize {
    let now = resident();
    if now <= least.saturating_add(KEPT) {
        return now;
    }
    // SAFETY: takes no pointer, and locks what it touches.
    unsafe { libc::malloc_trim(0) };
    resident()
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(usize::MAX).saturating_mul(4096)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
const fn give_back(_: usize) -> usize {
    0
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
const fn resident() -> usize {
    0
}
