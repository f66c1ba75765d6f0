//! `logger`, into the instance's `var/log/messages` and not into the machine's journal.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use super::arguments::{Argument, Arguments};
use super::{Outcome, unmodelled};
use crate::layout::Root;

/// `logger [-t TAG] [-p PRIORITY] [MESSAGE…]`; without a message, the lines of stdin.
pub(super) fn log(args: &[String]) -> Outcome {
    let mut tag = "root".to_owned();
    let mut words = Vec::new();
    let mut arguments = Arguments::new(args);
    while let Some(argument) = arguments.next()? {
        match argument {
            Argument::Option(option) => match option.as_str() {
                "-t" | "--tag" => tag = arguments.value(&option)?,
                "-p" | "--priority" => drop(arguments.value(&option)?),
                other => return unmodelled(other),
            },
            Argument::Operand(word) => words.push(word),
            Argument::End => break,
        }
    }
    words.extend(arguments.rest().iter().cloned());
    write(&tag, &words).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn write(tag: &str, words: &[String]) -> io::Result<()> {
    let mut message = words.join(" ");
    if words.is_empty() {
        io::stdin().read_to_string(&mut message)?;
    }
    let lines: String = message.lines().flat_map(|line| [tag, ": ", line, "\n"]).collect();
    let path = Root::of_caller()?.path("var/log/messages");
    // One write, so that the lines of two callers do not mix.
    OpenOptions::new().append(true).create(true).open(path)?.write_all(lines.as_bytes())
}
