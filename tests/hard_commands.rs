//! Commands with unusual effects: large output, daemons, signals, shutdowns.

use ec2_ops::Status;

use crate::harness::{TestSandbox, document};

/// Runs one command, and asserts its status and an empty account.
fn ends_in(command: &str, status: Status) {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&document(&[command])).await;
        assert_eq!(outcome.status, status, "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}

#[test]
fn ten_megabytes_of_output_are_kept_whole() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&document(&["head -c 10000000 /dev/zero | tr '\\0' x"])).await;
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:#?}");
        let log = outcome.attempts[0].logs[0].clone();
        let prefix = log.strip_prefix("s3://ec2-ops-logs/").unwrap();
        let instance = &outcome.attempts[0].instances[0];
        let key = format!("{prefix}{instance}/awsrunShellScript/0.awsrunShellScript/stdout");
        let kept = sandbox.account().s3.get_object("ec2-ops-logs", &key).unwrap();
        assert_eq!(kept.body.len(), 10_000_000);
        sandbox.assert_empty().await;
    });
}

#[test]
fn an_exit_code_that_the_agent_interprets_is_a_failure() {
    for command in ["exit 168", "exit 194"] {
        TestSandbox::with(async |sandbox| {
            let outcome = sandbox.run(&document(&[command])).await;
            assert_eq!(outcome.status, Status::CommandFailed, "{outcome:#?}");
            assert_eq!(outcome.attempts[0].exit_code, Some(1), "{outcome:#?}");
            sandbox.assert_empty().await;
        });
    }
}

#[test]
fn a_daemon_that_left_its_session_and_its_parent_ends_with_the_instance() {
    ends_in(
        "setsid sh -c 'sh -c \"sleep 3600\" >/dev/null 2>&1 &' >/dev/null 2>&1 </dev/null",
        Status::Succeeded,
    );
}

#[test]
fn a_daemon_that_ignores_signals_ends_with_the_instance() {
    ends_in("(trap '' TERM INT HUP; while :; do sleep 1; done) >/dev/null 2>&1 &", Status::Succeeded);
}

#[test]
fn commands_that_kill_their_own_shell_have_failed() {
    ends_in("kill -9 $$; sleep 5", Status::CommandFailed);
}

#[test]
fn commands_that_kill_all_their_ancestors_within_the_instance_have_not_succeeded() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&document(&["kill -9 $PPID; sleep 5"])).await;
        assert!(matches!(outcome.status, Status::CommandFailed | Status::InstanceLost), "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}

#[test]
fn commands_that_never_end_and_ignore_signals_time_out() {
    TestSandbox::with(async |sandbox| {
        let mut endless = document(&["trap '' TERM INT HUP; while :; do sleep 1; done"]);
        endless["run_options"]["timeout_s"] = 30.into();
        let outcome = sandbox.run(&endless).await;
        assert_eq!(outcome.status, Status::CommandTimedOut, "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}

#[test]
fn an_instance_that_its_commands_power_off_is_lost() {
    ends_in("poweroff; sleep 30", Status::InstanceLost);
}

#[test]
fn a_document_of_nearly_the_allowed_size_runs_and_leaves_nothing() {
    let padding = format!("# {}", "x".repeat(150 * 1024));
    ends_in(&padding, Status::Succeeded);
}

#[test]
fn unicode_and_quotes_reach_the_shell_unchanged() {
    TestSandbox::with(async |sandbox| {
        let text = r#"it's "çà" $HOME 🦀 \n `x`"#;
        let quoted = text.replace('\'', r"'\''");
        let command = format!("printf '%s' '{quoted}' | aws s3 cp - s3://sandbox-output/odd");
        let outcome = sandbox.run(&document(&[&command])).await;
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:#?}");
        let object = sandbox.account().s3.get_object("sandbox-output", "odd").unwrap();
        assert_eq!(String::from_utf8_lossy(&object.body), text);
        sandbox.assert_empty().await;
    });
}
