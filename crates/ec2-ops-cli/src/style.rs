//! What the terminal can show.

use std::io::IsTerminal as _;

/// Whether lines are coloured, and whether the last one may be written anew.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    colours: bool,
    rewrites: bool,
}

/// What a line means to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Waiting,
    Good,
    Bad,
}

impl Style {
    /// What standard error can show: nothing special on a dumb terminal and into a file, and no colours where
    /// <https://no-color.org> says so.
    pub(crate) fn of_stderr() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let rewrites = std::io::stderr().is_terminal() && !dumb;
        Self { colours: rewrites && !set("NO_COLOR"), rewrites }
    }

    /// Whether the last line may be written anew.
    pub(crate) fn rewrites(self) -> bool {
        self.rewrites
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            _ if !self.colours => text.to_owned(),
            Tone::Waiting => format!("\x1b[2m{text}\x1b[0m"),
            Tone::Good => format!("\x1b[32m{text}\x1b[0m"),
            Tone::Bad => format!("\x1b[31m{text}\x1b[0m"),
        }
    }
}
