//! Takes an input apart.

/// Bytes from which choices are taken, front first. Where there are none left, every choice is the first one.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    /// Two bytes as an index below `below`, which is not 0.
    pub fn index(&mut self, below: usize) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()])) % below
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.index(from.len())]
    }

    /// What is left.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At most this many bytes.
    pub fn take(&mut self, most: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        front
    }

    /// Changes `bytes` here and there: replaces, takes away, puts in.
    pub fn edit(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.byte() % 4 {
            let at = self.index(bytes.len() + 1);
            match self.byte() % 4 {
                0 if at < bytes.len() => bytes[at] = self.byte(),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.insert(at, self.byte()),
                3 => bytes.truncate(at),
                _ => {}
            }
        }
    }
}
