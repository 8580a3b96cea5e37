//! Secrets out of files, as orchestrators and secret managers mount them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::{Secret, Secrets, log};
use crate::config_error::{ConfigError, ConfigErrorKind};

/// The largest file that is taken for a secret, in bytes.
const LARGEST: u64 = 64 * 1024;
/// How often files are read again that change while they are read.
const TRIES: u32 = 5;

impl Secret {
    /// From a file. One line end at its end is taken off, as editors and shells leave it, and the log says so; all other
    /// white space belongs to the secret, and is warned about at its ends.
    ///
    /// # Errors
    /// A file that cannot be read or is larger than 64 KiB; one that holds what [`Secret::new`] refuses, an empty one
    /// above all. The text names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let mut bytes = Zeroizing::new(Vec::new());
        let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        read.map_err(|error| unreadable(path, &error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(ConfigError::secret(format!("{} is larger than {LARGEST} bytes", path.display())));
        }
        let line = bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        if line.is_some() {
            log::line_end(path);
        }
        let secret = line.unwrap_or(&bytes);
        if secret.trim_ascii().len() != secret.len() {
            log::white_space(path);
        }
        Self::new(secret).map_err(|error| ConfigError::secret(format!("{}: {error}", path.display())))
    }
}

impl Secrets {
    /// One key a file, each with an id of your own, the likeliest first.
    ///
    /// # Errors
    /// No file at all, or any that [`Secret::from_file`] refuses: a ring is whole or it is not there.
    pub fn from_files<I, N, P>(files: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item = (N, P)>,
        N: AsRef<str>,
        P: AsRef<Path>,
    {
        let mut ring: Option<Self> = None;
        for (id, path) in files {
            let secret = Secret::from_file(path)?;
            ring = Some(match ring {
                Some(ring) => ring.and(id.as_ref(), secret),
                None => Self::named(id.as_ref(), secret),
            });
        }
        ring.ok_or_else(|| ConfigError::secret("there is no file with a secret"))
    }

    /// One key a file of this directory, its name the id of the key, in the order of the names. Names that begin with a
    /// dot are none of ours (Kubernetes keeps its versions there), nor are directories.
    ///
    /// # Errors
    /// A directory that cannot be read or has no file in it; any file that [`Secret::from_file`] refuses.
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let files = names(path).map_err(|error| unreadable(path, &error))?;
        if files.is_empty() {
            return Err(ConfigError::secret(format!("{} has no file with a secret in it", path.display())));
        }
        Self::from_files(files)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Secret, format!("{} cannot be read: {error}", path.display()))
}

/// The files of a directory by name, sorted.
fn names(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Behind a symbolic link, as Kubernetes mounts them.
        if !name.starts_with('.') && fs::metadata(entry.path())?.is_file() {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// Files that hold a ring, to be read again and again.
#[derive(Clone, Debug)]
pub(crate) enum SecretPaths {
    Directory(Arc<Path>),
    Files(Arc<[(String, PathBuf)]>),
}

/// What changes when a file is written or replaced.
type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl SecretPaths {
    /// The ring, as it stood at one moment.
    pub(crate) fn read(&self) -> Result<Secrets, ConfigError> {
        for _ in 0..TRIES {
            let before = self.stamp();
            let ring = match self {
                Self::Directory(path) => Secrets::from_directory(path),
                Self::Files(files) => Secrets::from_files(files.iter().map(|(id, path)| (id, path))),
            };
            if before.is_ok() && before.ok() == self.stamp().ok() {
                return ring;
            }
        }
        Err(ConfigError::secret(format!("{} changes while it is read, or cannot be read", self.name())))
    }

    fn name(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Files(files) => files.first().map(|(_, path)| path.display().to_string()).unwrap_or_default(),
        }
    }

    fn stamp(&self) -> io::Result<Stamp> {
        let files = match self {
            Self::Directory(path) => names(path)?,
            Self::Files(files) => files.to_vec(),
        };
        let of = |(_, path): (String, PathBuf)| {
            let path = fs::canonicalize(path)?;
            let data = fs::metadata(&path)?;
            Ok((path, data.len(), data.modified().ok()))
        };
        files.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tower-webhook-secrets-{name}-{}", std::process::id()));
            drop(fs::remove_dir_all(&path));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            fs::write(self.0.join(name), content).unwrap();
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn one_line_end_is_taken_off_and_nothing_else() {
        let folder = Folder::new("line");
        let read = |content: &str| Secret::from_file(folder.write("s", content)).unwrap().expose().to_vec();
        for content in ["a secret of 16 by", "a secret of 16 by\n", "a secret of 16 by\r\n"] {
            assert_eq!(read(content), b"a secret of 16 by", "{content:?}");
        }
        assert_eq!(read("a secret of 16 by\n\n"), b"a secret of 16 by\n");
        assert_eq!(read(" a secret of 16 by "), b" a secret of 16 by ");
    }

    #[test]
    fn what_protects_nothing_is_refused_and_the_error_names_the_file_but_not_the_secret() {
        let folder = Folder::new("weak");
        for content in ["", "\n", "hunter2", "changeme\n", &"x".repeat(70_000), &"ab".repeat(40_000)] {
            let error = Secret::from_file(folder.write("weak", content)).unwrap_err();
            assert!(error.to_string().contains("weak") && !error.to_string().contains("hunter2"), "{error}");
            assert_eq!(error.kind(), ConfigErrorKind::Secret);
        }
        assert!(Secret::from_file(folder.0.join("nowhere")).is_err());
        assert!(Secret::from_file(&folder.0).is_err(), "a directory is no secret");
    }

    #[test]
    fn a_directory_is_a_ring_whose_ids_are_the_names_of_its_files() {
        let folder = Folder::new("ring");
        assert!(Secrets::from_directory(&folder.0).is_err(), "nothing in it");
        folder.write("2026-11", "the new one, of 16 bytes\n");
        folder.write("2026-10", "the old one, of 16 bytes");
        folder.write(".hidden", "");
        fs::create_dir(folder.0.join("..2026_11_29")).unwrap();
        let ring = Secrets::from_directory(&folder.0).unwrap();
        assert_eq!(ring.ids().collect::<Vec<_>>(), ["2026-10", "2026-11"]);
        folder.write("2026-12", "");
        assert!(Secrets::from_directory(&folder.0).is_err(), "a ring is whole or it is not there");
    }

    #[test]
    fn files_that_stand_still_are_read_as_they_are() {
        let folder = Folder::new("still");
        let path = folder.write("a", "the only one, of 16 bytes");
        let files = SecretPaths::Files([("only".to_owned(), path)].into());
        assert_eq!(files.read().unwrap().ids().collect::<Vec<_>>(), ["only"]);
        drop(fs::remove_file(folder.0.join("a")));
        assert!(files.read().is_err());
    }
}
