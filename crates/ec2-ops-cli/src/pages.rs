//! Completions and manual pages, from the definitions of the command line.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the completions for `shell`.
pub(crate) fn completions(command: &mut Command, shell: Shell) -> Result<Exit, Failure> {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, command, name, &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Success)
}

/// Writes a page for the command and one for each verb.
pub(crate) fn manual(command: Command, directory: &Path) -> Result<Exit, Failure> {
    let written = fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory));
    written
        .map_err(|error| Failure::failed(format!("cannot write into {}: {error}", directory.display())))?;
    Ok(Exit::Success)
}
