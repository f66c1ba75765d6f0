//! Scripts run as AWS-RunShellScript runs them.

use std::time::{Duration, Instant};

use ec2_ops_guest::CommandStatus;

use crate::harness::{Instance, LONG, alive, until};

#[tokio::test]
async fn the_exit_code_is_that_of_the_script() {
    let mut instance = Instance::boot().await;
    let result = instance.run("echo fine; echo bad >&2").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Success, 0));
    assert_eq!((result.stdout.as_str(), result.stderr.as_str()), ("fine\n", "bad\n"));
    let result = instance.run("echo bad >&2\nexit 3").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Failed, 3));
    assert_eq!(result.stderr, "bad\n\nfailed to run commands: exit status 3");
    let result = instance.run("no-such-command").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Failed, 127));
}

#[tokio::test]
async fn the_agent_takes_137_for_a_timeout_and_168_for_a_success_and_194_is_refused() {
    let mut instance = Instance::boot().await;
    let result = instance.run("sh -c 'kill -9 $$'").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::TimedOut, 137));
    let result = instance.run("exit 168").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Success, 168));
    let result = instance.run("exit 194").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Failed, 194));
    assert!(result.stderr.contains("does not model"), "{}", result.stderr);
}

#[tokio::test]
async fn a_first_line_chooses_the_interpreter() {
    let mut instance = Instance::boot().await;
    assert_eq!(
        instance.run_as_sent("#!/usr/bin/env bash\nwords=(a b c); echo ${#words[@]}").await.stdout,
        "3\n"
    );
    assert_eq!(instance.run_as_sent("#!/bin/cat").await.stdout, "#!/bin/cat\n");
}

#[tokio::test]
async fn ten_megabytes_of_output_are_kept_in_the_file_and_cut_in_the_result() {
    let mut instance = Instance::boot().await;
    let result = instance.run("yes 0123456789 | head -c 10000000; yes error | head -c 9000 >&2").await;
    assert_eq!(result.stdout.len(), 24_000);
    assert!(result.stdout.starts_with("0123456789\n") && result.stdout.ends_with("--output truncated--"));
    assert_eq!(result.stderr.len(), 8_000);
    assert!(result.stderr.ends_with("--output truncated--"));
    assert_eq!(std::fs::metadata(&result.stdout_path).expect("a file").len(), 10_000_000);
    assert_eq!(std::fs::metadata(&result.stderr_path).expect("a file").len(), 9_000);
}

#[tokio::test]
async fn output_that_is_not_utf8_is_replaced() {
    let mut instance = Instance::boot().await;
    assert_eq!(instance.prints(r"printf 'gr\303\274n \377\n'").await, "grün \u{fffd}\n");
}

#[tokio::test]
async fn dev_stderr_can_be_opened_again_without_losing_what_came_before() {
    let mut instance = Instance::boot().await;
    let result = instance.run("echo one >&2; echo two > /dev/stderr; echo three >&2").await;
    assert_eq!(result.stderr, "one\ntwo\nthree\n");
}

#[tokio::test]
async fn a_script_that_kills_its_parent_fails_and_the_instance_lives() {
    let mut instance = Instance::boot().await;
    let result = instance.run("echo before; kill -9 $PPID; sleep 0.1").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Failed, -1));
    assert_eq!(result.stderr, "failed to run commands: signal: killed");
    assert_eq!(result.stdout, "before\n");
    assert_eq!(instance.prints("echo alive").await, "alive\n");
}

/// The agent waits for the output, and not only for the script.
#[tokio::test]
async fn a_process_that_holds_the_output_holds_up_the_run() {
    let mut instance = Instance::boot().await;
    let started = Instant::now();
    assert_eq!(instance.prints("(setsid sh -c 'sleep 0.5; echo late' &); echo soon").await, "soon\nlate\n");
    assert!(started.elapsed() >= Duration::from_millis(500));
    instance.prints("setsid sleep 1000 >/dev/null 2>&1 &").await;
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_run_whose_output_is_held_times_out_although_its_script_has_ended() {
    let mut instance = Instance::boot().await;
    instance.start("held", "echo done; sleep 1000 &", Duration::from_millis(300));
    let result = instance.end_of("held").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::TimedOut, 137));
    assert_eq!((result.stdout.as_str(), result.stderr.as_str()), ("done\n", ""));
    until("the process group to be gone", || alive(&instance.marker).is_empty()).await;
}

/// The agent kills the process group, and waits for nothing that has left it.
#[tokio::test]
async fn a_script_that_never_ends_times_out_with_its_process_group() {
    let mut instance = Instance::boot().await;
    let script = "echo begun; sleep 1000 & setsid sleep 999 & sleep 1000";
    instance.start("endless", script, Duration::from_millis(300));
    let result = instance.end_of("endless").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::TimedOut, 137));
    assert_eq!((result.stdout.as_str(), result.stderr.as_str()), ("begun\n", ""));
    until("the process group to be gone", || alive(&instance.marker) == ["sleep\0999\0"]).await;
}

#[tokio::test]
async fn a_cancelled_script_ends_at_once_and_leaves_nothing() {
    let mut instance = Instance::boot().await;
    instance.start("long", "trap '' TERM INT HUP; touch begun; sleep 1000; sleep 1000", LONG);
    instance.until_exists("root/begun").await;
    instance.guest.cancel("long");
    let result = instance.end_of("long").await;
    assert_eq!((result.status, result.exit_code), (CommandStatus::Cancelled, 137));
    until("the process group to be gone", || alive(&instance.marker).is_empty()).await;
}

#[tokio::test]
async fn scripts_run_side_by_side() {
    let mut instance = Instance::boot().await;
    instance.start("first", "while [ ! -e go ]; do sleep 0.01; done; echo first", LONG);
    assert_eq!(instance.prints("echo second").await, "second\n");
    std::fs::write(instance.config.root.join("root/go"), "").expect("a file");
    assert_eq!(instance.end_of("first").await.stdout, "first\n");
}

#[tokio::test]
async fn an_id_that_is_no_id_is_refused_and_one_id_runs_once() {
    let mut instance = Instance::boot().await;
    instance.start("../escape", "touch escaped", LONG);
    let result = instance.end_of("../escape").await;
    assert_eq!(result.status, CommandStatus::Failed);
    assert!(result.stderr.contains("is not a command id"), "{}", result.stderr);
    instance.start("same", "echo once", LONG);
    assert_eq!(instance.end_of("same").await.status, CommandStatus::Success);
    instance.start("same", "echo twice", LONG);
    let again = instance.end_of("same").await;
    assert_eq!((again.status, again.stdout.as_str()), (CommandStatus::Failed, "once\n"));
}
