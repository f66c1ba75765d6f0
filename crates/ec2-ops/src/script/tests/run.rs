//! What stands around the commands: the claim, the environment, the deadline, the end.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Machine, Shell, comes_to, on_each, script_with};

#[test]
fn commands_have_the_environment_of_a_login_and_start_in_the_home_directory() {
    on_each(|machine| {
        // bash knows the login shell of its user by itself.
        let shell = "[ -x \"$SHELL\" ] && env | grep -q ^SHELL=";
        let ended = machine.run(&[
            "set -u",
            "echo $HOME $USER $LOGNAME $TMPDIR",
            shell,
            "pwd",
            "cd; pwd",
            "cd ~; pwd",
        ]);
        let home = machine.home().display().to_string();
        let expected = format!("{home} root root /tmp\n{home}\n{home}\n{home}\n");
        assert_eq!((ended.code, ended.stdout), (Some(0), expected), "{:?}", machine.shell);
    });
}

/// Also where the commands send their stderr elsewhere. The ten seconds, and the one, are short here.
#[test]
fn an_entry_that_takes_long_is_named_and_the_one_who_names_it_does_not_stay() {
    on_each(|machine| {
        machine.brings("sleep", "exec /bin/sleep 0.2");
        let long = ["exec 2>said", "if true; then", "/bin/sleep 0.7", "fi", "cat said", "/bin/sleep 0.7"];
        let ended = machine.run(&long);
        let named = "ec2-ops: command 2 to 4 of 6 runs\nec2-ops: command 6 of 6 runs\n";
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", named), "{:?}", machine.shell);
    });
    on_each(|machine| {
        machine.brings("sleep", "exec /bin/sleep 0.2");
        let many = [&["/bin/sleep 0.7"][..], &["true"; 50]].concat();
        assert_eq!(machine.run(&many).stderr, "", "{:?}", machine.shell);
    });
}

#[test]
fn variables_that_are_set_stay() {
    on_each(|machine| {
        let mut agent = machine.agent(&["echo $HOME $USER $LOGNAME $SHELL $TMPDIR"]);
        let home = machine.path("bin").display().to_string();
        for (name, value) in
            [("HOME", &*home), ("USER", "u"), ("LOGNAME", "l"), ("SHELL", "/s"), ("TMPDIR", "/t")]
        {
            agent.env(name, value);
        }
        let printed = String::from_utf8(agent.output().unwrap().stdout).unwrap();
        assert_eq!(printed, format!("{home} u l /s /t\n"), "{:?}", machine.shell);
    });
}

/// `HOME` is set here, because root's real home is none of the test's business.
#[test]
fn an_image_without_getent_has_its_passwd() {
    on_each(|machine| {
        machine.brings("getent", "exit 127");
        let expected = fs::read_to_string("/etc/passwd").unwrap();
        let shell = expected.lines().find_map(|line| line.strip_prefix("root:")?.rsplit(':').next()).unwrap();
        let output = machine.agent(&["echo $SHELL"]).env("HOME", machine.home()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), shell, "{:?}", machine.shell);
    });
}

#[test]
fn what_the_script_needs_for_itself_is_not_in_the_commands_environment() {
    on_each(|machine| {
        let ended = machine.run(&["env | cut -d= -f1 | grep -v '^_$' | sort | tr '\\n' ' '"]);
        let names = ended.stdout.trim().replace("OLDPWD ", "");
        let names = names.split(' ').filter(|name| !matches!(*name, "PWD" | "SHLVL")).collect::<Vec<_>>();
        assert_eq!(
            names,
            ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "USER"],
            "{:?}",
            machine.shell
        );
    });
}

#[test]
fn a_variable_may_have_a_name_that_the_script_uses() {
    let names = [
        "attempt",
        "boot",
        "claim",
        "code",
        "commands",
        "deadline",
        "home",
        "leftovers",
        "pid",
        "shell",
        "since",
        "start",
    ];
    let variables = names.map(|name| (name.to_owned(), format!("/{name}"))).into();
    on_each(|machine| {
        let mut agent = machine.agent(&[]);
        let script = script_with(&["echo $claim $code".to_owned(), "exit 3".to_owned()], &variables);
        fs::write(machine.path("script.sh"), script).unwrap();
        let output = agent.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), printed.as_str()),
            (Some(3), "/claim /code\n"),
            "{:?}",
            machine.shell
        );
        assert_eq!(fs::read_to_string(machine.claim().join("exit")).unwrap(), "3\n", "{:?}", machine.shell);
    });
}

#[test]
fn an_exit_code_that_the_agent_would_read_as_an_order_stays_a_failure() {
    for command in ["exit 168", "(exit 194)"] {
        comes_to(&[command, "echo two"], 1, "");
    }
}

#[test]
fn a_second_copy_waits_for_the_first_and_runs_nothing() {
    on_each(|machine| {
        let [first, second] = [(); 2].map(|()| machine.run(&["echo ran >>count", "exit 3"]));
        assert_eq!((first.code, second.code), (Some(3), Some(3)), "{:?}: {second:?}", machine.shell);
        assert_eq!(fs::read_to_string(machine.path("root/count")).unwrap(), "ran\n", "{:?}", machine.shell);
    });
}

#[test]
fn a_copy_waits_for_the_first_to_end() {
    on_each(|machine| {
        let commands = ["touch begun", "until [ -e go ]; do sleep 1; done", "exit 4"];
        let mut first =
            machine.agent(&commands).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !machine.path("root/begun").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut second =
            machine.agent(&commands).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        fs::write(machine.path("root/go"), "").unwrap();
        let codes = [first.wait().unwrap().code(), second.wait().unwrap().code()];
        assert_eq!(codes, [Some(4), Some(4)], "{:?}", machine.shell);
    });
}

/// The agent kills a script that is cancelled, or that reaches its limit.
#[test]
fn a_copy_does_not_wait_for_a_first_one_that_was_killed() {
    on_each(|machine| {
        machine.brings("sleep", "exec /bin/sleep 0.01");
        let commands = ["touch begun", "exec /bin/sleep 60"];
        let mut first = machine.agent(&commands).process_group(0).stdout(Stdio::null()).spawn().unwrap();
        while !machine.path("root/begun").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = machine.agent(&commands).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let killed =
            std::process::Command::new("kill").args(["-9", "--", &format!("-{}", first.id())]).status();
        assert!(killed.unwrap().success());
        first.wait().unwrap();
        let second = second.wait_with_output().unwrap();
        let said = String::from_utf8(second.stderr).unwrap();
        assert_eq!(second.status.code(), Some(1), "{:?}: {said}", machine.shell);
        assert!(said.contains("they were killed"), "{:?}: {said}", machine.shell);
    });
}

#[test]
fn a_copy_after_a_reboot_does_not_wait_for_the_first() {
    on_each(|machine| {
        machine.brings("sleep", "exec /bin/sleep 0.01");
        fs::create_dir_all(machine.claim()).unwrap();
        fs::write(machine.claim().join("boot"), "another boot\n").unwrap();
        let ended = machine.run(&["echo ran"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{:?}", machine.shell);
    });
}

#[test]
fn commands_that_could_run_twice_are_not_started() {
    on_each(|machine| {
        fs::write(machine.path("root/.ec2-ops"), "no directory").unwrap();
        let ended = machine.run(&["echo ran"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{:?}: {ended:?}", machine.shell);
        assert!(ended.stderr.contains("cannot be created"), "{:?}: {}", machine.shell, ended.stderr);
    });
}

/// The usual guards, and what else starts the script again.
#[test]
fn commands_that_start_themselves_again_are_no_second_copy() {
    let guard = "if [ -z \"${AGAIN:-}\" ]; then export AGAIN=1; exec sh \"$0\" \"$@\"; fi";
    comes_to(&[guard, "echo again $AGAIN"], 0, "again 1\n");
    let child = "if [ -z \"${AGAIN:-}\" ]; then AGAIN=1 sh \"$0\"; exit; fi";
    comes_to(&[child, "echo again; exit 3"], 3, "again\n");
    for shell in Shell::installed().into_iter().filter(|_| super::program("bash").is_some()) {
        let machine = Machine::new(shell);
        let guard = "if [ -z \"${BASH_VERSION:-}\" ]; then exec bash \"$0\" \"$@\"; fi";
        let ended =
            machine.run(&[guard, "set -o pipefail", "a=(b c)", "echo ${a[1]}", "false | cat", "echo on"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), "c\n"), "{shell:?}: {ended:?}");
    }
}

#[test]
fn the_instance_shuts_itself_down_after_the_limit_and_after_a_reboot() {
    on_each(|machine| {
        machine.run(&["true"]);
        let claim = machine.claim().canonicalize().unwrap();
        let (claim, bin) = (claim.display(), machine.path("bin"));
        let expected = format!(
            "systemd-run --unit=ec2-ops-f00d --on-active=1890 poweroff\n\
             systemctl -q enable {claim}/ec2-ops-f00d-reboot.service {claim}/ec2-ops-f00d-poweroff.service\n"
        );
        assert_eq!(machine.calls(), expected, "{:?}", machine.shell);
        let unit = fs::read_to_string(machine.claim().join("ec2-ops-f00d-reboot.service")).unwrap();
        assert!(unit.contains(&format!("\nConditionPathExists={claim}/armed\n")), "{unit}");
        assert!(unit.contains(&format!("\nExecStart=\"{}/poweroff\"\n", bin.display())), "{unit}");
        let unit = fs::read_to_string(machine.claim().join("ec2-ops-f00d-poweroff.service")).unwrap();
        assert!(unit.contains(&format!("/rm\" -f \"{claim}/armed\"\n")), "{unit}");
        assert!(machine.claim().join("armed").exists(), "{:?}", machine.shell);
    });
}

#[test]
fn an_image_without_systemd_sleeps_until_its_deadline_and_says_what_it_lacks() {
    on_each(|machine| {
        machine.brings("systemd-run", "echo System has not been booted with systemd >&2; exit 1");
        let ended = machine.run(&["echo ran"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "ran\n"), "{:?}", machine.shell);
        assert!(ended.stderr.contains("without systemd, a reboot"), "{:?}: {}", machine.shell, ended.stderr);
        let deadline = Instant::now() + Duration::from_secs(5);
        while machine.calls().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(machine.calls(), "setsid sh -c sleep 1890; poweroff\n", "{:?}", machine.shell);
    });
}

/// The agent would wait for it until the limit: it holds the output.
#[test]
fn what_commands_leave_in_the_background_ends_with_them() {
    on_each(|machine| {
        let leave =
            "sh -c 'trap \"\" TERM HUP; echo $$ >pid; exec /bin/sleep 60' & until [ -s pid ]; do :; done";
        let started = Instant::now();
        let ended = machine.run(&[leave, "echo started"]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "started\n"),
            "{:?}: {ended:?}",
            machine.shell
        );
        assert!(
            ended.stderr.contains("ending what the commands left"),
            "{:?}: {}",
            machine.shell,
            ended.stderr
        );
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", machine.shell);
        let pid = fs::read_to_string(machine.path("root/pid")).unwrap();
        assert!(!Path::new(&format!("/proc/{}/fd/1", pid.trim())).exists(), "{:?}", machine.shell);
    });
}

#[test]
fn every_process_that_holds_the_output_ends_with_the_commands() {
    on_each(|machine| {
        for leave in [
            "setsid_really /bin/sleep 60 &",
            "exec 3>&1; /bin/sleep 60 >/dev/null 2>&1 &",
            "(/bin/sleep 60 &)",
        ] {
            machine.brings("setsid_really", "exec /usr/bin/setsid \"$@\"");
            fs::remove_dir_all(machine.path("root/.ec2-ops")).ok();
            let started = Instant::now();
            let ended = machine.run(&[leave]);
            assert_eq!(ended.code, Some(0), "{:?}: {ended:?}", machine.shell);
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}: {leave}", machine.shell);
        }
    });
}

/// It has the same pipe open, and may have started at the same time.
#[test]
fn the_reader_of_the_output_is_left_alone() {
    on_each(|machine| {
        machine.agent(&["/bin/sleep 60 & echo one"]);
        let mut shell = machine.program(Path::new("/bin/sh"));
        let output =
            shell.args(["-c", "sh \"$0\" 2>&1 | cat"]).arg(machine.path("script.sh")).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{:?}: {printed}", machine.shell);
        assert!(printed.starts_with("one\nec2-ops: ending what"), "{:?}: {printed}", machine.shell);
    });
}

#[test]
fn a_daemon_with_an_output_of_its_own_is_left_alone() {
    on_each(|machine| {
        let leave = "/bin/sleep 60 >/dev/null 2>&1 & echo $! >pid";
        assert_eq!(machine.run(&[leave]).code, Some(0));
        let pid = fs::read_to_string(machine.path("root/pid")).unwrap();
        let killed = std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
        assert!(killed.success(), "{:?}", machine.shell);
    });
}

/// A `tee` that the commands write to, for example.
#[test]
fn what_is_still_writing_at_the_end_has_five_seconds() {
    on_each(|machine| {
        let slept = machine.path("slept");
        machine.brings("sleep", &format!("echo >>'{}'; exec /bin/sleep 0.01", slept.display()));
        let writer =
            format!("(until [ \"$(wc -l <'{0}')\" -ge 4 ]; do :; done; echo late) &", slept.display());
        let ended = machine.run(&[&format!(": >'{}'", slept.display()), &writer, "echo soon"]);
        let expected = (Some(0), "soon\nlate\n");
        assert_eq!((ended.code, ended.stdout.as_str()), expected, "{:?}: {ended:?}", machine.shell);
    });
}
