//! The word `DAILY`, which stands for a date.
//!
//! Only letters and digits join: `grid_out_DAILY.parquet` has the word. The name of a shell variable has not:
//! `DAILY_LIMIT=5`, `$DAILY_LIMIT`.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;

/// The word that stands for the date of the forecast cycle.
pub(super) const DAILY: &str = "DAILY";

/// The names of variables that have the word in them.
pub(super) struct Variables<'a>(BTreeSet<&'a str>);

impl<'a> Variables<'a> {
    /// The variables that `commands` assign or read, and those that are `declared` elsewhere. Their names stand without a
    /// `$` as well: `export DAILY_LIMIT`.
    pub(super) fn of(commands: &'a [String], declared: impl Iterator<Item = &'a str>) -> Self {
        let used = commands.iter().flat_map(|command| {
            let names = words(command).map(|word| name_around(command, &word));
            names.filter(|name| is_variable(command, name)).map(|name| &command[name])
        });
        // Alone it is the date, even where a variable has this name.
        Self(used.chain(declared).filter(|name| *name != DAILY).collect())
    }

    pub(super) fn none() -> Self {
        Self(BTreeSet::new())
    }
}

/// Replaces the word wherever it is not part of a variable's name.
pub(super) fn replace(text: &str, date: Date, variables: &Variables<'_>) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut copied = 0;
    for word in words(text) {
        let name = name_around(text, &word);
        if is_variable(text, &name) || variables.0.contains(&text[name]) {
            continue;
        }
        out.push_str(&text[copied..word.start]);
        out.push_str(&date.strftime("%Y%m%d").to_string());
        copied = word.end;
    }
    out.push_str(&text[copied..]);
    out
}

/// The positions of the word: no letter or digit precedes or follows it.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let positions = text.match_indices(DAILY).map(|(at, word)| at..at + word.len());
    positions.filter(|word| {
        !text[..word.start].ends_with(char::is_alphanumeric)
            && !text[word.end..].starts_with(char::is_alphanumeric)
    })
}

/// The longest name of a variable around `word`.
fn name_around(text: &str, word: &Range<usize>) -> Range<usize> {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = text.as_bytes();
    let before = bytes[..word.start].iter().rev().take_while(|byte| in_name(byte)).count();
    let after = bytes[word.end..].iter().take_while(|byte| in_name(byte)).count();
    word.start - before..word.end + after
}

/// Whether a variable of this name is read here (`$NAME`, `${NAME}`, `${#NAME}`), or assigned (`NAME=`, `NAME+=`).
fn is_variable(text: &str, name: &Range<usize>) -> bool {
    let (before, after) = (&text[..name.start], &text[name.end..]);
    let read = ["$", "${", "${#", "${!"].iter().any(|dollar| before.ends_with(dollar));
    let begins_word = before.is_empty()
        || before.ends_with(|c: char| {
            c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | '{' | '\'' | '"' | '`')
        });
    read || (begins_word && (after.starts_with('=') || after.starts_with("+=")))
}
