//! Lines of standard input, one captured delivery each.

use std::io::{self, BufRead, Read};

/// No line is longer: the largest bodies that senders send, in base64, have room.
pub(crate) const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// A buffer of this many bytes is kept from line to line; what a longer line needed is given back.
pub(crate) const KEPT: usize = 1024 * 1024;

/// What was read.
pub(crate) enum Line {
    End,
    TooLong,
    Whole,
}

/// Reads up to the next line end, which is taken off. Of a line that is too long nothing is kept.
pub(crate) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let most = LONGEST_LINE as u64;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Line::Whole);
    }
    if line.len() < LONGEST_LINE {
        return Ok(Line::Whole);
    }
    line.clear();
    input.skip_until(b'\n')?;
    Ok(Line::TooLong)
}
