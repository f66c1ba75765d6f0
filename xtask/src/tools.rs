//! The tools that a build needs, and how it stays the same on every machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cargo_ops::cargo;

use crate::files;

/// An extension of cargo.
pub(crate) struct Tool {
    subcommand: &'static str,
    install: &'static str,
}

pub(crate) const LAMBDA: Tool = Tool {
    subcommand: "lambda",
    install: "\
cargo-lambda is not installed. It brings the cross compiler and links against the C library of Amazon Linux.
Install it with one of:
  python3 -m venv ~/.cargo-lambda && ~/.cargo-lambda/bin/pip install cargo-lambda && export PATH=~/.cargo-lambda/bin:$PATH
  brew install cargo-lambda/tap/cargo-lambda",
};

pub(crate) const AUDITABLE: Tool = Tool {
    subcommand: "auditable",
    install: "\
cargo-auditable is not installed. It writes the list of dependencies into each executable, for scanners and for the SBOM.
Install it with: cargo install cargo-auditable --locked",
};

impl Tool {
    /// An error that says how to install the tool if it is missing.
    pub(crate) fn require(&self) -> Result<(), String> {
        let installed =
            cargo().args([self.subcommand, "--help"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if installed.is_ok_and(|status| status.success()) { Ok(()) } else { Err(self.install.to_owned()) }
    }
}

/// The environment in which a build leaves no trace of where it was made: panics name the files of dependencies, which are
/// in the home directory, and the asserts of C code name absolute paths.
pub(crate) fn without_paths() -> Result<[(&'static str, OsString); 2], String> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    let root = files::root();
    let flags = |option: &str| {
        let [home, root] = [mapping(option, &home, "=/cargo"), mapping(option, &root, "=/ec2-ops")];
        [home, root].join(" ".as_ref())
    };
    Ok([("RUSTFLAGS", flags("--remap-path-prefix=")), ("CFLAGS", flags("-ffile-prefix-map="))])
}

fn mapping(option: &str, from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from(option);
    flag.push(from);
    flag.push(to);
    flag
}
