//! `SHA256SUMS`, as `sha256sum --check` reads it.

use std::fmt::Write as _;
use std::path::Path;

use crate::files;
use crate::manifest::sha256;

const NAME: &str = "SHA256SUMS";

pub(super) fn write(out: &Path) -> Result<(), String> {
    let mut sums = String::new();
    for name in files::names(out)? {
        if name != NAME {
            // Writing to a string does not fail.
            let _ = writeln!(sums, "{}  {name}", sha256(&files::read(&out.join(&name))?));
        }
    }
    files::write(&out.join(NAME), sums.as_bytes())
}
