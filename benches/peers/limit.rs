//! The least that SHA-256 takes on this processor.
//!
//! `SHA256RNDS2` does two rounds, 32 of them do a block, and each needs the result of the one before: no program can hash
//! one message faster than this chain runs. The message schedule goes on beside it, at best for nothing.

/// How many blocks of SHA-256 an HMAC of so many bytes takes, with a key that is scheduled already.
#[must_use]
pub const fn blocks_of_hmac(bytes: u64) -> u64 {
    // A bit and eight bytes of length are appended; then the outer hash.
    (bytes + 9).div_ceil(64) + 1
}

/// Runs the chain for so many blocks. False where this processor has no SHA instructions.
#[must_use]
pub fn run(blocks: u64) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("sha") {
        // SAFETY: the processor has them.
        unsafe { chain(blocks) };
        return true;
    }
    std::hint::black_box(blocks);
    false
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sha")]
fn chain(blocks: u64) {
    use std::arch::x86_64::{_mm_set1_epi32, _mm_sha256rnds2_epu32};
    use std::hint::black_box;

    let (mut first, mut second) = black_box((_mm_set1_epi32(1), _mm_set1_epi32(2)));
    let words = black_box(_mm_set1_epi32(3));
    for _ in 0..blocks {
        for _ in 0..16 {
            second = _mm_sha256rnds2_epu32(second, first, words);
            first = _mm_sha256rnds2_epu32(first, second, words);
        }
    }
    black_box((first, second));
}
