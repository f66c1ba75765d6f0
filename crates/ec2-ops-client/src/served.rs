//! The sandboxes that run on this machine: each says in a file how to reach it, as long as it runs.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use serde::{Deserialize, Serialize};

/// A sandbox that runs, and how to reach it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its endpoint, `http://127.0.0.1:4566`.
    pub endpoint_url: String,
    /// The region of its deployment.
    pub region: String,
    /// The access key that it accepts.
    pub access_key_id: String,
    /// The secret of that key.
    pub secret_access_key: String,
    /// The state machine of its deployment.
    pub state_machine_arn: String,
    /// The URL of its console, with the token that opens it.
    #[serde(default)]
    pub console_url: Option<String>,
}

/// The key stays out of debug output.
impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served")
            .field("endpoint_url", &self.endpoint_url)
            .field("state_machine_arn", &self.state_machine_arn)
            .finish_non_exhaustive()
    }
}

/// The file of a sandbox. Dropping it removes the file.
///
/// The file is locked while its process lives: the file of one that was killed is recognised by the missing lock.
#[derive(Debug)]
pub struct Announcement {
    path: PathBuf,
    _locked: File,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A file that stays is not locked, so the next reader removes it.
        let _ = fs::remove_file(&self.path);
        if let Some(directory) = self.path.parent() {
            // Fails where another sandbox has its file there.
            let _ = fs::remove_dir(directory);
        }
    }
}

impl Served {
    /// Announces the sandbox to the commands of this user.
    ///
    /// # Errors
    /// If the file cannot be written, or the directory is another user's.
    pub fn announce(&self) -> io::Result<Announcement> {
        self.announce_in(&directory())
    }

    /// The sandboxes that run.
    pub fn all() -> Vec<Self> {
        Self::all_in(&directory())
    }

    fn announce_in(&self, directory: &Path) -> io::Result<Announcement> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        if !is_ours(directory) {
            let message = format!("{} must be yours alone (mode 0700)", directory.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        let (_, address) = self.endpoint_url.rsplit_once('/').unwrap_or(("", &self.endpoint_url));
        let path = directory.join(format!("{address}.json"));
        // Written under another name and locked before it has its own: a reader never finds half of it.
        let new = directory.join(format!("{address}.new"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.lock()?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        fs::rename(&new, &path)?;
        Ok(Announcement { path, _locked: file })
    }

    fn all_in(directory: &Path) -> Vec<Self> {
        if !is_ours(directory) {
            return Vec::new();
        }
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path());
        let mut served: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter_map(|path| read(&path))
            .collect();
        served.sort_by(|a, b| a.endpoint_url.cmp(&b.endpoint_url));
        served
    }
}

/// The sandbox that `path` announces, if it still runs.
fn read(path: &Path) -> Option<Served> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) => {
            // Its process is gone without having removed it.
            let _ = fs::remove_file(path);
            return None;
        }
        Err(TryLockError::Error(_)) => return None,
    }
    serde_json::from_reader(file).ok()
}

/// Below `XDG_RUNTIME_DIR`, which is the user's alone, or else a directory for each user in that of temporary files.
fn directory() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|directory| !directory.is_empty()) {
        Some(directory) => Path::new(&directory).join("ec2-ops"),
        None => std::env::temp_dir().join(format!("ec2-ops-{}", Uid::current())),
    }
}

/// Whether only this user can have written there: a file of another user would lead documents to that user's endpoint.
fn is_ours(directory: &Path) -> bool {
    let metadata = fs::symlink_metadata(directory);
    metadata.is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == Uid::current().as_raw()
            && metadata.permissions().mode() & 0o777 == 0o700
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(port: u16) -> Served {
        Served {
            endpoint_url: format!("http://127.0.0.1:{port}"),
            region: "us-east-1".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "secret".to_owned(),
            state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:ec2-ops".to_owned(),
            console_url: None,
        }
    }

    /// A directory that only this user can enter.
    fn private() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        directory
    }

    #[test]
    fn a_sandbox_is_found_while_it_runs_and_leaves_no_file() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("ec2-ops");
        assert_eq!(Served::all_in(&directory), []);
        let second = served(2).announce_in(&directory).unwrap();
        let first = served(1).announce_in(&directory).unwrap();
        assert_eq!(Served::all_in(&directory), [served(1), served(2)]);
        drop(first);
        assert_eq!(Served::all_in(&directory), [served(2)]);
        drop(second);
        assert!(!directory.exists());
    }

    #[test]
    fn a_file_whose_process_was_killed_is_not_believed_and_removed() {
        let home = private();
        let path = home.path().join("127.0.0.1:1.json");
        fs::write(&path, serde_json::to_string(&served(1)).unwrap()).unwrap();
        assert_eq!(Served::all_in(home.path()), []);
        assert!(!path.exists());
    }

    #[test]
    fn only_its_user_reads_the_key_and_a_directory_that_others_can_write_to_is_not_believed() {
        let home = private();
        let _running = served(1).announce_in(home.path()).unwrap();
        let mode = fs::metadata(home.path().join("127.0.0.1:1.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(Served::all_in(home.path()), []);
        assert!(served(2).announce_in(home.path()).is_err());
    }
}
