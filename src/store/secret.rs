//! Keys that stand for chats and updates: without the secret nobody can tell from a key whose it is.

use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::open::OpenError;

/// Shorter secrets could be guessed.
const SHORTEST: usize = 32;

/// Stands for a chat, a thread or an update: a keyed hash, from which nobody learns the id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// As it stands in the database: 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What keys are made with. All replicas share one; whoever changes it forgets all conversations.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// Reads a file of at least 32 bytes; white space at its end does not count.
    ///
    /// # Errors
    /// If it cannot be read or is too short; in German, naming `store.secret_file`.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        let bytes = fs::read(path).map_err(|cause| secret_error(path, &cause))?;
        let secret = bytes.trim_ascii_end();
        let too_short = || OpenError::ShortSecret { path: path.to_owned(), length: secret.len() };
        if secret.len() < SHORTEST {
            return Err(too_short());
        }
        Hmac::new_from_slice(secret).map(Self).map_err(|_| too_short())
    }

    /// Reads the file, or first creates it with a random secret that only its owner may read.
    /// Of several processes that start at once all get the same.
    ///
    /// # Errors
    /// If it can be neither read nor created; in German, naming `store.secret_file`.
    pub fn read_or_create(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            create(path).map_err(|cause| secret_error(path, &cause))?;
        }
        Self::read(path)
    }

    /// The key of something that `parts` name together. The first part should say what it is
    /// ("chat", "update"), so that the same id in another role gets another key.
    pub fn key(&self, parts: &[&str]) -> Key {
        let mut hash = self.0.clone();
        for part in parts {
            // With its length, so that ["ab", "c"] and ["a", "bc"] differ.
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize().into_bytes();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Key(key)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn secret_error(path: &Path, cause: &io::Error) -> OpenError {
    OpenError::Secret { path: path.to_owned(), cause: cause.to_string() }
}

/// Writes beside the file first and then links it in place: the file is either whole or not there,
/// and an existing one is never replaced.
fn create(path: &Path) -> io::Result<()> {
    let mut random = [0; SHORTEST + 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let (secret, name) = random.split_at(SHORTEST);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", hex(name)));
    let draft = PathBuf::from(draft);
    let written = write_private(&draft, &hex(secret)).and_then(|()| fs::hard_link(&draft, path));
    // The draft goes in any case; if it was never written there is nothing to remove.
    let _ = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.exists() => Ok(()),
        other => other,
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, text).unwrap();
        Secret::read(&path).unwrap()
    }

    #[test]
    fn a_key_depends_on_the_secret_and_on_every_part() {
        let one = secret(&"a".repeat(32));
        let keys = [
            one.key(&["chat", "telegram", "12"]),
            one.key(&["chat", "telegram1", "2"]),
            one.key(&["chat", "telegram", "12", ""]),
            one.key(&["update", "telegram", "12"]),
            secret(&"b".repeat(32)).key(&["chat", "telegram", "12"]),
        ];
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
        assert_eq!(one.key(&["chat", "telegram", "12"]), keys[0]);
    }

    #[test]
    fn a_key_is_half_of_the_hmac() {
        // printf '\0\0\0\0\0\0\0\1x' | openssl dgst -sha256 -hmac aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        let key = secret(&"a".repeat(32)).key(&["x"]);
        assert_eq!(key.hex(), "49576117ea6d961ef0cf65e0bb1b2384");
    }

    #[test]
    fn nothing_of_key_and_secret_is_printed() {
        let secret = secret(&"a".repeat(40));
        assert_eq!(format!("{secret:?} {:?}", secret.key(&["x"])), "Secret(..) Key(..)");
    }

    #[test]
    fn line_ends_do_not_count_and_a_short_secret_is_refused() {
        assert_eq!(
            secret(&"a".repeat(32)).key(&[]),
            secret(&format!("{}\r\n", "a".repeat(32))).key(&[])
        );
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, format!("{}\n", "a".repeat(31))).unwrap();
        let message = Secret::read(&path).unwrap_err().to_string();
        assert!(message.contains("store.secret_file") && message.contains("31"), "{message}");
        assert!(!message.contains("aaa"), "{message}");
    }

    #[test]
    fn a_missing_file_is_created_once_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        assert!(Secret::read(&path).is_err());
        let keys: Vec<Key> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Secret::read_or_create(&path).unwrap().key(&["x"])))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a draft was left behind");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &fs::metadata(&path).unwrap().permissions(),
            );
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_secret_that_cannot_be_created_names_its_key() {
        let message = Secret::read_or_create(Path::new("/nowhere/secret")).unwrap_err().to_string();
        assert!(message.contains("store.secret_file") && message.contains("/nowhere/secret"));
    }
}
