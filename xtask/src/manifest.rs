//! `functions.json`: the functions' zips in a directory, by name, architecture and hash. Terraform checks the zips against it.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::files;
use crate::lambda::{Architecture, Lambda};

/// The file's name.
pub(crate) const NAME: &str = "functions.json";

/// The file's content.
#[derive(Serialize)]
pub(crate) struct Manifest {
    /// The version of the functions, as `v0.1.0`.
    release: &'static str,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Function {
    name: &'static str,
    architecture: &'static str,
    /// As Lambda gives it: the zip's SHA-256 in base64.
    code_sha256: String,
    /// Follows from name and architecture, so Terraform composes it, too.
    #[serde(skip)]
    zip: String,
}

impl Manifest {
    /// The zips of `lambdas` that are in `directory`, for these architectures.
    pub(crate) fn of<'a>(
        directory: &Path,
        architectures: &[Architecture],
        lambdas: impl IntoIterator<Item = &'a Lambda>,
    ) -> Result<Self, String> {
        let there = files::names(directory)?;
        let mut functions = Vec::new();
        for Lambda { name, .. } in lambdas {
            for architecture in architectures {
                let zip = architecture.zip_name(name);
                if there.contains(&zip) {
                    let hash = Sha256::digest(files::read(&directory.join(&zip))?);
                    functions.push(Function {
                        name,
                        architecture: architecture.name(),
                        code_sha256: base64_simd::STANDARD.encode_to_string(hash),
                        zip,
                    });
                }
            }
        }
        Ok(Self { release: concat!("v", env!("CARGO_PKG_VERSION")), functions })
    }

    /// The names of the zips.
    pub(crate) fn zips(&self) -> Vec<&str> {
        self.functions.iter().map(|function| function.zip.as_str()).collect()
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
