//! Shutdowns asked for from inside.

use std::time::Duration;

use ec2_ops_guest::host::GuestEvent;

use crate::harness::{Instance, LONG, until};

/// Whether a restart was asked for.
async fn shutdown_requested(instance: &mut Instance, id: &str) -> bool {
    let mut restart = None;
    let mut ended = false;
    while restart.is_none() || !ended {
        match instance.event().await {
            GuestEvent::ShutdownRequested { restart: again } => restart = Some(again),
            GuestEvent::Ended { id: which, result } if which == id => {
                assert_eq!(result.exit_code, 0, "{result:?}");
                ended = true;
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
    restart.expect("a request")
}

#[tokio::test]
async fn every_way_to_shut_down_asks_the_host() {
    let mut instance = Instance::boot().await;
    for (number, (command, restart)) in [
        ("shutdown -h now", false),
        ("sudo shutdown -P +0", false),
        ("poweroff", false),
        ("systemctl poweroff", false),
        ("init 0", false),
        ("env -i \"$(command -v halt)\" -p", false),
        ("shutdown -r now", true),
        ("runuser -l ec2-user -c 'sudo reboot'", true),
        ("systemd-run --on-active=0 --unit=now -q shutdown -h now", false),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("shutdown-{number}");
        instance.start(&id, command, LONG);
        assert_eq!(shutdown_requested(&mut instance, &id).await, restart, "{command}");
    }
}

#[tokio::test]
async fn a_cancelled_shutdown_is_no_longer_pending() {
    let mut instance = Instance::boot().await;
    let result = instance.run("shutdown -h +1").await;
    assert_eq!(result.stderr, "Shutdown scheduled in 60 seconds, use 'shutdown -c' to cancel.\n");
    instance.prints("shutdown -c").await;
    // A later one takes the place of an earlier one; were the first still there, it would be the next event.
    instance.start("reboot", "reboot", Duration::from_secs(5));
    assert!(shutdown_requested(&mut instance, "reboot").await);
}

#[tokio::test]
async fn a_timer_runs_its_command_in_the_instance_unless_it_is_stopped() {
    let mut instance = Instance::boot().await;
    let script = "systemd-run -q --collect --on-active=1s --unit=fires sh -c 'echo $HOME > fired'
        systemd-run -q --on-active=1 --unit=stopped touch never
        systemctl stop stopped.timer";
    instance.prints(script).await;
    let taken = instance.run("systemd-run --on-active=9 --unit=fires true").await;
    assert!(taken.stderr.contains("Unit fires.timer was already loaded"), "{}", taken.stderr);
    instance.until_exists("root/fired").await;
    assert!(!instance.config.root.join("root/never").exists());
}

/// Two units that write down when they run. They run only while the file `armed` exists.
const UNITS: &str = r#"touch armed
for unit in boot:multi-user off:poweroff; do
name=${unit%:*}
echo "echo $name >>\"\${0%/*}/log\"" >$name.sh
cat >$name.service <<EOF
[Unit]
ConditionPathExists=$PWD/armed
[Service]
Type=oneshot
ExecStart=/bin/sh "$PWD/$name.sh"
[Install]
WantedBy=${unit#*:}.target
EOF
done
systemctl -q enable "$PWD/boot.service" "$PWD/off.service""#;

#[tokio::test]
async fn enabled_units_run_at_boot_and_at_a_power_off_but_not_before_a_reboot() {
    let mut instance = Instance::boot().await;
    instance.prints(UNITS).await;
    let path = instance.config.root.join("root/log");
    let log = || std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(log(), "");
    instance = instance.again(true).await;
    until("the unit to have run", || log() == "boot\n").await;
    instance = instance.again(false).await;
    until("the units to have run", || log() == "boot\noff\nboot\n").await;
    instance.prints("rm armed").await;
    instance = instance.again(false).await;
    instance.prints("sleep 0.1").await;
    assert_eq!(log(), "boot\noff\nboot\n");
}

#[tokio::test]
async fn a_unit_that_is_not_modelled_is_refused() {
    let mut instance = Instance::boot().await;
    let script = "printf '[Unit]\\nRequires=x\\n' >x.service; systemctl enable \"$PWD/x.service\"";
    let refused = instance.run(script).await;
    assert_eq!(refused.exit_code, 1);
    let expected = "systemctl: x.service: the ec2-ops sandbox does not model 'Requires=x' in [Unit]";
    assert_eq!(refused.stderr.lines().next(), Some(expected));
}

#[tokio::test]
async fn a_halt_is_refused_with_the_reason() {
    let mut instance = Instance::boot().await;
    for command in ["halt", "shutdown -H now", "systemctl halt"] {
        let result = instance.run(command).await;
        assert_eq!(result.exit_code, 1, "{command}");
        assert!(result.stderr.contains("a halted instance does not stop"), "{command}: {}", result.stderr);
    }
}
