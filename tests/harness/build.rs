//! The binaries under test, built as a user builds them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is inside the workspace")
}

/// The directory of the `ec2-ops` command and the Lambdas. The first call in a test run builds them.
pub(super) fn binaries() -> &'static Path {
    static BINARIES: OnceLock<PathBuf> = OnceLock::new();
    BINARIES.get_or_init(|| {
        let built = Command::new(env!("CARGO")).args(["ops", "--version"]).current_dir(workspace()).output();
        let built = built.expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        // target/debug/deps/end_to_end-…
        let test = std::env::current_exe().expect("a path");
        test.ancestors().nth(2).expect("a directory of binaries").to_owned()
    })
}
