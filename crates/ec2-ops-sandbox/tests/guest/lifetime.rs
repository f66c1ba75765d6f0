//! Nothing outlives an instance, however it ends.

use std::process::{Command, Stdio};

use ec2_ops_sandbox::host::{Guest, GuestEvent};

use crate::harness::{Instance, LONG, alive, until};

/// A daemon of the old school: it forks twice, leaves its session, ignores what it can and holds its output open.
const DAEMON: &str =
    "setsid sh -c 'trap \"\" TERM HUP INT; (sh -c \"echo \\$\\$ > daemon; exec sleep 1000\" &) ' &
while [ ! -s daemon ]; do sleep 0.01; done";

#[tokio::test]
async fn a_daemon_does_not_outlive_its_instance() {
    let mut instance = Instance::boot().await;
    instance.prints(DAEMON).await;
    assert_eq!(alive(&instance.marker).len(), 1);
    instance.guest.power_off().await.expect("powers off");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
}

#[tokio::test]
async fn processes_are_asked_before_they_are_killed() {
    let instance = Instance::boot().await;
    let script = "trap 'echo bye > farewell; exit' TERM; touch begun; while :; do sleep 0.01; done";
    instance.start("polite", script, LONG);
    instance.until_exists("root/begun").await;
    instance.guest.power_off().await.expect("powers off");
    assert_eq!(
        std::fs::read_to_string(instance.config.root.join("root/farewell")).expect("a farewell"),
        "bye\n"
    );
}

#[tokio::test]
async fn a_tree_that_keeps_forking_is_killed_too() {
    let instance = Instance::boot().await;
    let script =
        "touch begun; fork() { (sleep 0.001; fork) & (sleep 0.005) & }; fork; fork; fork; wait; sleep 1000";
    instance.start("forking", script, LONG);
    instance.until_exists("root/begun").await;
    instance.guest.power_off().await.expect("powers off");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
}

#[tokio::test]
async fn dropping_the_guest_ends_everything_inside() {
    let mut instance = Instance::boot().await;
    instance.prints(DAEMON).await;
    instance.start("long", "touch begun; sleep 1000", LONG);
    instance.until_exists("root/begun").await;
    drop(instance.guest);
    until("the instance to be gone", || alive(&instance.marker).is_empty()).await;
}

/// The host here is a shell that holds the guest's stdin, and is killed like any process can be.
#[tokio::test]
async fn a_host_that_is_killed_leaves_nothing() {
    let mut instance = Instance::boot().await;
    let init = instance.config.tools.display().to_string();
    let root = instance.home("inner");
    std::fs::create_dir_all(&root).expect("a directory");
    let (name, value) = instance.marker.split_once('=').expect("a pair");
    let value = format!("{value}-inner");
    let boot = serde_json::json!({ "boot": { "tools": init, "root": root, "instance_id": "i-1", "env": [[name, value]] } });
    let run = serde_json::json!({ "run": { "id": "x", "script": DAEMON.to_owned() + "\nsleep 1000", "timeout_ms": 60_000 } });
    let marker = format!("{name}={value}");
    let script = format!(
        "(echo '{boot}'; echo '{}'; exec sleep 1000) | '{init}' guest init",
        run.to_string().replace('\'', r"'\''")
    );
    let script = script.replacen(&boot.to_string(), &boot.to_string().replace('\'', r"'\''"), 1);
    let mut host = Command::new("setsid")
        .args(["sh", "-c", &script])
        .stdout(Stdio::null())
        .spawn()
        .expect("a host");
    until("the daemon", || {
        std::path::Path::new(&root).join("root/daemon").exists()
    })
    .await;
    assert!(alive(&marker).len() >= 2, "{:?}", alive(&marker));
    instance.prints(&format!("kill -9 -- -{}", host.id())).await;
    host.wait().expect("ended");
    until("the instance to be gone", || alive(&marker).is_empty()).await;
}

#[tokio::test]
async fn signals_of_a_terminal_do_not_end_an_instance() {
    let mut instance = Instance::boot().await;
    let init = instance.guest.process_id().expect("a process");
    for signal in ["INT", "TERM", "HUP"] {
        instance.prints(&format!("kill -{signal} {init}")).await;
    }
    assert_eq!(
        instance
            .prints("trap 'echo mine; exit' TERM; kill -TERM $$; sleep 1")
            .await,
        "mine\n"
    );
}

#[tokio::test]
async fn a_guest_that_dies_is_reported() {
    let mut instance = Instance::boot().await;
    let init = instance.guest.process_id().expect("a process");
    instance.start("murder", &format!("kill -9 {init}"), LONG);
    let GuestEvent::Died { reason } = instance.event().await else {
        panic!("it should have died")
    };
    assert!(reason.contains("signal: 9"), "{reason}");
    instance.guest.power_off().await.expect_err("it is dead");
}

#[tokio::test]
async fn a_guest_that_cannot_boot_says_why() {
    let mut instance = Instance::boot().await;
    instance.config.env.push(("A\nB".to_owned(), String::new()));
    let (_guest, mut events) = Guest::boot(instance.config.clone()).expect("starts");
    let Some(GuestEvent::Died { reason }) = events.recv().await else {
        panic!("it should not have booted")
    };
    assert!(reason.contains("does not fit on a line"), "{reason}");
}

#[tokio::test]
async fn a_reboot_keeps_the_files_and_no_process() {
    let mut instance = Instance::boot().await;
    instance
        .prints("echo kept > ~/file; (setsid sleep 1000 > /dev/null 2>&1 &)")
        .await;
    instance.guest.power_off().await.expect("powers off");
    let (guest, events) = Guest::boot(instance.config.clone()).expect("boots");
    (instance.guest, instance.events) = (guest, events);
    assert!(matches!(instance.event().await, GuestEvent::Ready));
    assert_eq!(instance.prints("cat ~/file").await, "kept\n");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
}
