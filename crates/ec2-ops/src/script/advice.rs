//! What commands say that their author may not mean.

use super::Finding;
use super::interpreter::Interpreter;
use super::lexer::{Kind, Token, tokens};

/// What the author of `commands` should know of them.
pub(crate) fn warnings(commands: &[String]) -> Vec<Finding> {
    let interpreter = Interpreter::of(commands);
    let Some(shell) = interpreter.shell() else { return Vec::new() };
    let mut begins = Vec::new();
    let mut text = String::new();
    for entry in commands {
        begins.push(text.len());
        text.extend([entry, "\n"]);
    }
    let entry = |at: usize| begins.partition_point(|begin| *begin <= at).saturating_sub(1);
    let tokens = tokens(&text);
    let simple = simple_commands(&tokens);
    let mut findings = Vec::new();
    if matches!(shell, "sh" | "dash" | "ash") {
        findings.extend(bash_only(&tokens, &simple).into_iter().map(|(at, what)| {
            let advice = "begin the first entry with #!/bin/bash";
            Finding::of(
                entry(at),
                format!("found {what}, which sh of Debian and Ubuntu does not know; {advice}"),
            )
        }));
    }
    let pipefail = interpreter.words().contains(&"pipefail") || simple.iter().any(Simple::sets_pipefail);
    if !pipefail {
        findings.extend(hidden_failures(&simple).into_iter().map(|(at, sink)| {
            let what = format!("found a pipe into {sink}, which hides a failure of what is before the pipe");
            Finding::of(entry(at), format!("{what}; bash reports it after set -o pipefail"))
        }));
    }
    findings.sort_by_key(|finding| finding.entry);
    findings.dedup();
    findings
}

/// The words and operators of bash that dash does not know, or takes for others.
fn bash_only<'a>(tokens: &'a [Token], simple: &[Simple<'a>]) -> Vec<(usize, &'a str)> {
    const WORDS: [&str; 7] = ["[[", "source", "declare", "shopt", "function", "mapfile", "readarray"];
    let operators = tokens.iter().filter_map(|token| match token.kind {
        Kind::Operator("=(") => Some((token.at, "an array")),
        Kind::Operator(word @ ("<(" | ">(" | "<<<" | "&>" | "&>>" | "|&")) => Some((token.at, word)),
        _ => None,
    });
    let words = simple
        .iter()
        .filter(|command| WORDS.contains(&command.name()))
        .map(|command| (command.at, command.name()));
    let pipefail =
        simple.iter().filter(|command| command.sets_pipefail()).map(|command| (command.at, "pipefail"));
    operators.chain(words).chain(pipefail).collect()
}

/// The pipes that end in a program which succeeds whatever it is fed, also those that are handed to another shell.
fn hidden_failures(simple: &[Simple<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for command in simple {
        if command.reads_pipe && !command.feeds_pipe && matches!(command.name(), "tee" | "cat" | "logger") {
            found.push((command.at, command.name().to_owned()));
        }
        for pair in command.words.windows(2).filter(|pair| pair[0].starts_with('-') && pair[0].ends_with('c'))
        {
            let inner = tokens(pair[1]);
            let inner = simple_commands(&inner);
            if !inner.iter().any(Simple::sets_pipefail) {
                found.extend(hidden_failures(&inner).into_iter().map(|(_, sink)| (command.at, sink)));
            }
        }
    }
    found
}

/// A command and its arguments.
struct Simple<'a> {
    at: usize,
    words: Vec<&'a str>,
    reads_pipe: bool,
    feeds_pipe: bool,
}

impl<'a> Simple<'a> {
    /// The name of the program, without its directory; what `sudo` runs and not `sudo` itself.
    fn name(&self) -> &'a str {
        let word = self.words.iter().find(|word| **word != "sudo" && !word.starts_with('-'));
        word.and_then(|word| word.rsplit('/').next()).unwrap_or_default()
    }

    fn sets_pipefail(&self) -> bool {
        self.name() == "set" && self.words.contains(&"pipefail")
    }
}

fn simple_commands(tokens: &[Token]) -> Vec<Simple<'_>> {
    const KEYWORDS: [&str; 14] =
        ["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac", "{", "}", "!", "time"];
    let mut commands: Vec<Simple<'_>> = Vec::new();
    let (mut goes_on, mut reads_pipe, mut is_target) = (false, false, false);
    for token in tokens {
        match &token.kind {
            Kind::Word { .. } if is_target => is_target = false,
            Kind::Word { text, .. } if goes_on => {
                if let Some(command) = commands.last_mut() {
                    command.words.push(text);
                }
            }
            Kind::Word { text, bare }
                if *bare && (KEYWORDS.contains(&text.as_str()) || text.contains('=')) => {}
            Kind::Word { text, .. } => {
                commands.push(Simple { at: token.at, words: vec![text], reads_pipe, feeds_pipe: false });
                goes_on = true;
            }
            Kind::Operator(
                "<" | ">" | ">>" | "<<" | "<<-" | "<<<" | "<&" | ">&" | "<>" | ">|" | "&>" | "&>>",
            ) => {
                is_target = true;
            }
            // A line may end after a pipe.
            Kind::Operator("\n") if reads_pipe && !goes_on => {}
            Kind::Operator(operator) => {
                reads_pipe = matches!(*operator, "|" | "|&");
                if let Some(command) = commands.last_mut().filter(|_| goes_on) {
                    command.feeds_pipe = reads_pipe;
                }
                goes_on = false;
            }
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|&entry| entry.to_owned()).collect()
    }

    /// The entries that are warned of, and the beginning of each warning.
    fn warned(commands: &[&str]) -> Vec<(usize, String)> {
        let findings = warnings(&entries(commands)).into_iter();
        findings
            .map(|finding| (finding.entry.unwrap(), finding.message.split(',').next().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn what_only_bash_knows_is_named_where_the_shell_may_be_another() {
        for (entry, what) in [
            ("if [[ -e x ]]; then", "[["),
            ("a=(1 2)", "an array"),
            ("A=1 source x", "source"),
            ("set -eo pipefail", "pipefail"),
            ("diff <(a) b", "<("),
            ("a | tail >(b)", ">("),
            ("! mapfile x", "mapfile"),
            ("a &> log", "&>"),
        ] {
            assert_eq!(warned(&["echo", entry]), [(1, format!("found {what}"))], "{entry}");
            assert_eq!(warned(&["#!/usr/bin/env bash", entry]), [], "{entry}");
        }
        for fine in [
            "runuser -l ec2-user -c 'source x; [[ -e y ]]'",
            "echo '[[' source",
            "# a=(1 2)",
            "[ a ] && . x",
            "f() { a; }",
        ] {
            assert_eq!(warned(&[fine]), [], "{fine}");
        }
        assert_eq!(warned(&["cat <<EOF", "[[ <(", "EOF", "[[ a ]]"]), [(3, "found [[".to_owned())]);
    }

    #[test]
    fn a_pipe_that_hides_a_failure_is_named() {
        for (entry, sink) in [
            ("a | tee log", "tee"),
            ("a 2>&1 | b |\n sudo tee -a log >/dev/null && c", "tee"),
            ("(a; b) | /usr/bin/logger -t x; c", "logger"),
            ("if a | cat; then b; fi", "cat"),
            ("runuser -l ec2-user -c 'a | tee log'", "tee"),
            ("bash -lc \"a | cat\"", "cat"),
        ] {
            let expected = (0, format!("found a pipe into {sink}"));
            assert_eq!(warned(&[entry, "echo"]), [expected], "{entry}");
            assert_eq!(warned(&["#!/bin/bash", "set -euo pipefail", entry]), [], "{entry}");
            assert_eq!(warned(&["#!/bin/bash -eo pipefail", entry]), [], "{entry}");
        }
        for fine in [
            "a | tee log | grep x",
            "cat x | b",
            "tee x <y",
            "a | head -1",
            "a || tee x",
            "bash -c 'set -o pipefail; a | cat'",
        ] {
            assert_eq!(warned(&[fine]), [], "{fine}");
        }
    }

    #[test]
    fn other_programs_than_shells_are_not_advised() {
        assert_eq!(warned(&["#!/usr/bin/env python3", "a = (1 | 2)\n[[1]]"]), []);
    }
}
