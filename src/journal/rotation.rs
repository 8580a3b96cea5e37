//! The file, and the files before it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that only grows, by whole lines, and makes room for another when it is large.
#[derive(Debug)]
pub(super) struct Rotating {
    path: PathBuf,
    file: File,
    length: u64,
    largest: u64,
    files: u32,
}

impl Rotating {
    pub(super) fn open(path: PathBuf, largest: u64, files: u32) -> io::Result<Self> {
        let file = open(&path)?;
        let length = file.metadata()?.len();
        let mut rotating = Self { path, file, length, largest, files };
        if length > 0 && !rotating.ends_with_a_line()? {
            // The machine stopped in the middle of a line: it ends here, and is no delivery.
            rotating.write(b"\n")?;
        }
        Ok(rotating)
    }

    fn ends_with_a_line(&self) -> io::Result<bool> {
        use std::io::{Read, Seek, SeekFrom};
        let mut last = [0];
        let mut reading = File::open(&self.path)?;
        reading.seek(SeekFrom::End(-1))?;
        reading.read_exact(&mut last)?;
        Ok(last == *b"\n")
    }

    /// Writes a line with its end, as a whole or not at all.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let size = line.len() as u64;
        if self.length > 0 && self.length.saturating_add(size) > self.largest {
            self.rotate()?;
        }
        match self.file.write_all(line) {
            Ok(()) => {
                self.length = self.length.saturating_add(size);
                Ok(())
            }
            Err(error) => {
                // A part of it may be there. To make a file shorter needs no room on the disk.
                drop(self.file.set_len(self.length));
                Err(error)
            }
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// `deliveries.jsonl` becomes `deliveries.jsonl.1`, that one `.2`, and the oldest goes.
    fn rotate(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        // It is not there where an earlier attempt could move it and then not open another, or somebody has taken it away:
        // what is kept stays where it is.
        if self.path.exists() {
            for number in (1..self.files).rev() {
                let older = numbered(&self.path, number);
                if older.exists() {
                    std::fs::rename(older, numbered(&self.path, number + 1))?;
                }
            }
            if self.files == 0 {
                std::fs::remove_file(&self.path)?;
            } else {
                std::fs::rename(&self.path, numbered(&self.path, 1))?;
            }
        }
        self.file = open(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
