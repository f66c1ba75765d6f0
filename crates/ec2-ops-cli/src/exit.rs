//! How the command ends: its exit codes, and the failures that lead to them.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use ec2_ops_client::{Error, Standing};

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// What was asked for is done, and every execution that was waited for succeeded.
    Success = 0,
    /// An execution ended with another outcome; a simulation broke a promise; a check failed.
    Unsuccessful = 1,
    /// The command line or a document is wrong.
    Usage = 2,
    /// AWS could not be asked or refused, or something of this machine failed.
    Failed = 3,
    /// The time to wait is over, and the execution still runs.
    StillRunning = 4,
    /// Ctrl-C, or another signal to end.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The exit code of an execution that ended so.
    pub(crate) fn of(standing: &Standing) -> Self {
        if standing.is_success() { Self::Success } else { Self::Unsuccessful }
    }
}

/// What the help says about the exit codes.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done; every execution that was waited for succeeded
  1    an execution ended with another outcome, a simulation broke a promise, or a check failed
  2    the command line or a document is wrong
  3    AWS could not be asked or refused, or something on this machine failed
  4    the time of --timeout is over, and the execution still runs
  130  interrupted";

/// Why a command stopped before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or a document is wrong.
    Usage(String),
    /// AWS could not be asked or refused, or something of this machine failed.
    Failed(String),
    /// The reader of standard output has gone: the rest is of use to no one.
    Closed,
}

impl Failure {
    /// A failure of this machine or of AWS.
    pub(crate) fn failed(what: impl Display) -> Self {
        Self::Failed(what.to_string())
    }

    /// The failure to write to standard output.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(format!("cannot write to standard output: {error}")),
        }
    }

    /// The exit code, and what to say about it.
    pub(crate) fn exit(&self) -> (Exit, Option<&str>) {
        match self {
            Self::Usage(message) => (Exit::Usage, Some(message)),
            Self::Failed(message) => (Exit::Failed, Some(message)),
            Self::Closed => (Exit::Success, None),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Usage(message) => Self::Usage(message),
            other => Self::Failed(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_exit_code() {
        let all = [
            Exit::Success,
            Exit::Unsuccessful,
            Exit::Usage,
            Exit::Failed,
            Exit::StillRunning,
            Exit::Interrupted,
        ];
        let named: Vec<_> =
            EXIT_CODES.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(named, all.map(|exit| (exit as u8).to_string()));
    }

    #[test]
    fn the_page_explains_the_exit_codes_as_the_help_does() {
        let page = include_str!("../../../docs/command.md");
        for line in EXIT_CODES.lines().skip(1) {
            let (code, meaning) = line.trim().split_once(' ').unwrap();
            assert!(page.contains(&format!("| {code} | {} |", meaning.trim())), "{line}");
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure_and_a_full_disk_is_one() {
        let closed = Failure::of_output(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(closed.exit(), (Exit::Success, None));
        let full = Failure::of_output(&io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.exit().0, Exit::Failed);
    }
}
