//! `functions.json`: the functions' zips in a directory, by name, architecture and hash. Terraform checks the zips against it.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::files;
use crate::lambda::Architecture;

/// The file's name.
pub(crate) const NAME: &str = "functions.json";

/// The file's content.
#[derive(Serialize)]
pub(crate) struct Manifest {
    /// The version of the functions, as `v0.1.0`.
    release: String,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Function {
    name: String,
    architecture: &'static str,
    file: String,
    /// In lowercase hexadecimal digits.
    sha256: String,
}

impl Manifest {
    /// The zips that `directory` has of the functions `names`.
    pub(crate) fn of(directory: &Path, names: &[&str]) -> Result<Self, String> {
        let there = files::names(directory)?;
        let mut functions = Vec::new();
        for name in names {
            for architecture in Architecture::ALL {
                let file = architecture.zip_name(name);
                if there.contains(&file) {
                    let sha256 = sha256(&files::read(&directory.join(&file))?);
                    let name = (*name).to_owned();
                    functions.push(Function { name, architecture: architecture.name(), file, sha256 });
                }
            }
        }
        Ok(Self { release: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(), functions })
    }

    /// The names of the zips in it.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|function| function.file.as_str())
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<(), String> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        text.push('\n');
        files::write(&directory.join(NAME), text.as_bytes())
    }
}

/// In lowercase hexadecimal digits.
pub(crate) fn sha256(content: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(content).iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_one_that_sha256sum_prints() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
