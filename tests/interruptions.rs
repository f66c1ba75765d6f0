//! If `ec2-ops run` ends by a signal, everything that it started ends too.

use nix::sys::signal::Signal;

use crate::harness::{Ops, document};

/// A run whose command and daemon are running.
fn with_running_commands() -> Ops {
    let ops = Ops::run(&document(&[
        "setsid sh -c 'sleep 3601' >/dev/null 2>&1 </dev/null &",
        "trap '' TERM INT HUP",
        "sleep 3602",
    ]));
    ops.until_a_process_runs("sleep 3601");
    ops.until_a_process_runs("sleep 3602");
    ops
}

#[test]
fn ctrl_c_ends_the_commands_and_everything_else() {
    let ops = with_running_commands();
    ops.signal(Signal::SIGINT);
    let finished = ops.finish();
    assert_eq!(finished.code(), Some(130));
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.ends_with("interrupted: ending everything\n"), "{}", finished.stderr);
}

#[test]
fn sigterm_ends_the_commands_and_everything_else() {
    let ops = with_running_commands();
    ops.signal(Signal::SIGTERM);
    assert_eq!(ops.finish().code(), Some(130));
}

#[test]
fn sigkill_leaves_no_process() {
    let ops = with_running_commands();
    ops.signal(Signal::SIGKILL);
    ops.finish_killed();
}
