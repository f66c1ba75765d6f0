//! Options and their values in shell commands, found without being a shell.

use std::ops::Range;

/// The characters that end a word, besides white space: quotes, so that options inside `runuser -c '…'` are words too, and
/// operators, which separate commands.
const QUOTES: &[char] = &['\'', '"', '\\'];
const OPERATORS: &[char] = &[';', '|', '&', '<', '>', '(', ')', '`'];

/// Matches `--NAME` in any case.
pub(super) fn long(name: &'static str) -> impl Fn(&str) -> bool {
    move |word| word.strip_prefix("--").is_some_and(|option| option.eq_ignore_ascii_case(name))
}

/// Matches `-F`, and not `-f`.
pub(super) fn short(name: &'static str) -> impl Fn(&str) -> bool {
    move |word| word == name
}

/// The value of the last option in `commands` that `wanted` accepts.
pub(super) fn last_value(commands: &[String], wanted: impl Fn(&str) -> bool) -> Option<&str> {
    let last = |command: &String| value_spans(command, &wanted).pop();
    commands.iter().rev().find_map(|command| last(command).map(|span| &command[span]))
}

/// Rewrites the value of every option that `wanted` accepts, and nothing else.
pub(super) fn rewrite_values(
    command: &str,
    wanted: impl Fn(&str) -> bool,
    rewrite: impl Fn(&str) -> String,
) -> String {
    let mut out = String::with_capacity(command.len());
    let mut copied = 0;
    for span in value_spans(command, wanted) {
        out.push_str(&command[copied..span.start]);
        out.push_str(&rewrite(&command[span.clone()]));
        copied = span.end;
    }
    out.push_str(&command[copied..]);
    out
}

/// The positions of the values of the options that `wanted` accepts: the next word, or the text after `=`.
fn value_spans(command: &str, wanted: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut value_is_next = false;
    let mut end = 0;
    for word in words(command) {
        if word.start < end {
            continue; // inside a quoted value
        }
        let gap = &command[end..word.start];
        end = word.end;
        let text = &command[word.clone()];
        if value_is_next && !text.starts_with('-') && !ends_command(gap) {
            let span = quoted(command, gap, &word).unwrap_or(word);
            end = span.end;
            value_is_next = false;
            spans.push(span);
            continue;
        }
        value_is_next = match text.split_once('=') {
            Some((name, "")) => wanted(name),
            Some((name, value)) if wanted(name) => {
                spans.push(word.end - value.len()..word.end);
                false
            }
            _ => wanted(text),
        };
    }
    spans
}

/// The words of `command`.
fn words(command: &str) -> impl Iterator<Item = Range<usize>> {
    let separates = |c: char| c.is_whitespace() || QUOTES.contains(&c) || OPERATORS.contains(&c);
    let words = command.split(separates).filter(|word| !word.is_empty());
    words.map(|word| {
        let start = word.as_ptr().addr() - command.as_ptr().addr();
        start..start + word.len()
    })
}

/// Whether the command ends within `gap`: at an operator, or at a line end without a backslash.
fn ends_command(gap: &str) -> bool {
    gap.contains(OPERATORS) || gap.replace("\\\n", "").contains('\n')
}

/// A value in quotes, which may contain white space.
fn quoted(command: &str, gap: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let quote = gap.chars().next_back().filter(|last| matches!(last, '\'' | '"'))?;
    let length = command[word.start..].find(quote)?;
    // Quotes inside quotes are escaped: `\"a b\"`.
    let value = command[word.start..word.start + length].trim_end_matches('\\');
    Some(word.start..word.start + value.len())
}
