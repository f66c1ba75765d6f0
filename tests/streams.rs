//! The command and its streams: a reader that goes, a disk that is full, a terminal that hangs up.

use std::fs::File;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::harness::{Ops, document, workspace};

fn examples() -> String {
    workspace().join("examples/hello.json").display().to_string()
}

#[test]
fn a_reader_that_goes_changes_nothing() {
    for arguments in
        [&["run", &examples()][..], &["validate", &examples()], &["schema"], &["simulate", "--seeds", "1"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let finished = Ops::start_into(arguments, Stdio::from(writer)).finish();
        assert_eq!(finished.code(), Some(0), "{arguments:?}: {}", finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    }
}

#[test]
fn a_failed_execution_is_one_without_a_reader_too() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let file = workspace().join("examples/failing-command.json").display().to_string();
    assert_eq!(Ops::start_into(&["run", &file], Stdio::from(writer)).finish().code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_is_a_failure() {
    for arguments in [&["run", &examples()][..], &["validate", &examples()], &["schema"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let finished = Ops::start_into(arguments, Stdio::from(full)).finish();
        assert_eq!(finished.code(), Some(3), "{arguments:?}: {}", finished.stderr);
        assert!(finished.stderr.ends_with("No space left on device (os error 28)\n"), "{}", finished.stderr);
    }
}

#[test]
fn a_terminal_that_goes_away_leaves_nothing_behind() {
    for signal in [Signal::SIGHUP, Signal::SIGQUIT] {
        let ops = Ops::run(&document(&["sleep 3603"]));
        ops.until_a_process_runs("sleep 3603");
        ops.signal(signal);
        assert_eq!(ops.finish().code(), Some(130), "{signal}");
    }
}

#[test]
fn on_a_terminal_the_last_line_says_what_an_execution_waits_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("slow.json");
    std::fs::write(&file, document(&["true", "sleep 13"]).to_string()).unwrap();
    let finished = Ops::start_on_a_terminal(&["run", &file.display().to_string()]).finish();
    assert_eq!(finished.code(), Some(0), "{}", finished.stdout);
    // What replaces the last line begins like this.
    let beats: Vec<_> = finished.stdout.split("\r\x1b[K").collect();
    let expected = "of at most 1 m 0 s, now command 2 of 2";
    assert!(beats.iter().any(|beat| beat.contains(expected)), "{beats:#?}");
    assert!(finished.stdout.ends_with("}\r\n"), "the outcome is the last: {beats:#?}");
}
