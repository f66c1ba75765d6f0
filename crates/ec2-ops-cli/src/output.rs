//! Where the command writes: results to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, Write as _};

use serde::Serialize;

use crate::exit::Failure;

/// Writes a line of the result.
///
/// # Errors
/// If the reader has gone, or the line cannot be written.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|error| Failure::of_output(&error))
}

/// Writes the result as JSON.
///
/// # Errors
/// As [`line`].
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(serde_json::to_string_pretty(value).map_err(Failure::failed)?)
}

/// Says something to the person at the terminal. Nothing depends on it, so a terminal that has gone changes nothing.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says what the command waits for, but only when that has changed.
#[derive(Default)]
pub(crate) struct News(String);

impl News {
    /// Says `text` about `name`.
    pub(crate) fn say(&mut self, name: &str, text: String) {
        if text != self.0 {
            say(format!("{name}: {text}"));
            self.0 = text;
        }
    }
}

/// The same as [`say`] without an end of line.
pub(crate) fn say_part(text: impl Display) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}
