//! The program that runs the commands: the document's first line chooses it, as in any script.

use std::fmt::Write as _;

/// The part of the commands' file before its entries, where a shell runs it.
const ENTRIES: &str = include_str!("entries.sh");

/// The shells that evaluate the entries one by one.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "mksh"];

/// The program that runs the commands, with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Interpreter<'a>(Vec<&'a str>);

impl<'a> Interpreter<'a> {
    /// The program that the first line of `commands` names with `#!`; `sh` if it names none.
    ///
    /// The kernel passes everything after the program as one argument. Here it is split at white space, so that
    /// `#!/bin/bash -eo pipefail` works.
    pub(super) fn of(commands: &'a [String]) -> Self {
        let line = commands.first().and_then(|entry| entry.lines().next()).unwrap_or_default();
        let words: Vec<_> = line.strip_prefix("#!").unwrap_or("sh").split_whitespace().collect();
        Self(words)
    }

    /// The program and its arguments.
    pub(super) fn words(&self) -> &[&'a str] {
        &self.0
    }

    /// The name of the shell that evaluates the entries one by one; `None` if the program is not such a shell and gets them as
    /// one text. Programs such as `env`, `sudo` and `busybox` may stand before the shell.
    pub(super) fn shell(&self) -> Option<&'a str> {
        self.0.iter().map(|word| file_name(word)).find(|name| SHELLS.contains(name))
    }

    /// The option that makes the shell interactive, if there is one, such as `-il`.
    pub(super) fn interactive(&self) -> Option<&'a str> {
        let of_shell = self.0.iter().skip_while(|word| !SHELLS.contains(&file_name(word))).copied();
        of_shell
            .filter(|word| !word.starts_with("--"))
            .find(|word| word.starts_with('-') && word.contains('i'))
    }

    /// The file that the program runs.
    pub(super) fn file(&self, commands: &[String]) -> String {
        if self.shell().is_none() {
            return commands.iter().flat_map(|entry| [entry, "\n"]).collect();
        }
        let mut file = ENTRIES.to_owned();
        for entry in commands {
            // Otherwise the next entry continues this line.
            let then = if continues(entry) { "take" } else { "run" };
            let _ = write!(file, "ec2_ops={}\neval \"$ec2_ops_{then}\"\n", quote(entry));
        }
        file.push_str("eval \"$ec2_ops_end\"\n)\n");
        file
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether the next entry continues the last line of `entry`: it ends in an odd number of backslashes.
fn continues(entry: &str) -> bool {
    entry.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// `text` as one word of the shell.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
