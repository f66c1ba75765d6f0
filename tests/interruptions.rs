//! Whatever ends `ec2-ops run` ends everything that it had started.

use nix::sys::signal::Signal;

use crate::harness::{Ops, document};

/// A command that is running, with a daemon beside it.
fn in_the_middle_of_a_command() -> Ops {
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
    let ops = in_the_middle_of_a_command();
    ops.signal(Signal::SIGINT);
    let finished = ops.finish();
    assert_eq!(finished.code(), Some(130));
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.ends_with("interrupted: ending everything\n"), "{}", finished.stderr);
}

#[test]
fn a_polite_kill_ends_the_commands_and_everything_else() {
    let ops = in_the_middle_of_a_command();
    ops.signal(Signal::SIGTERM);
    assert_eq!(ops.finish().code(), Some(130));
}

#[test]
fn a_hard_kill_leaves_no_process_behind() {
    let ops = in_the_middle_of_a_command();
    ops.signal(Signal::SIGKILL);
    ops.finish_killed();
}
