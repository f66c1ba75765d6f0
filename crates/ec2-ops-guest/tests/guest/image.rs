//! What a script finds in an instance: environment, homes, users.

use crate::harness::Instance;

/// The variables that the sandbox adds to those of the agent; docs/sandbox.md explains each.
const OF_THE_SANDBOX: [&str; 3] = ["DBUS_SYSTEM_BUS_ADDRESS", "EC2_OPS_INSTANCE_ROOT", "TMPDIR"];

#[tokio::test]
async fn a_script_has_the_agents_variables_and_starts_where_the_agent_does() {
    let mut instance = Instance::boot_with(&[("AWS_REGION", "us-west-2")]).await;
    let names = instance
        .run_as_sent("env | cut -d= -f1 | grep -vx '_\\|OLDPWD\\|EC2_OPS_TEST_MARKER' | sort")
        .await
        .stdout;
    let mut expected = vec![
        "AWS_REGION",
        "AWS_SSM_INSTANCE_ID",
        "AWS_SSM_PLATFORM_NAME",
        "AWS_SSM_PLATFORM_VERSION",
        "AWS_SSM_REGION_NAME",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "LANG",
        "PATH",
        "PWD",
        "SHLVL",
        "SSM_COMMAND_ID",
    ];
    expected.extend(OF_THE_SANDBOX);
    expected.sort_unstable();
    assert_eq!(names.lines().collect::<Vec<_>>(), expected);
    let values = "pwd; echo $AWS_SSM_INSTANCE_ID $AWS_SSM_REGION_NAME $AWS_REGION ${HOME-no home}";
    assert_eq!(
        instance.run_as_sent(values).await.stdout,
        "/usr/bin\ni-0123456789abcdef0 us-west-2 us-west-2 no home\n"
    );
    assert_eq!(instance.prints("dirname \"$(mktemp)\"").await, format!("{}\n", instance.home("tmp")));
    assert_eq!(instance.prints("command -v shutdown").await, format!("{}\n", instance.home("bin/shutdown")));
}

#[tokio::test]
async fn getent_knows_the_users_of_the_image() {
    let mut instance = Instance::boot().await;
    let (root, user) = (instance.home("root"), instance.home("home/ec2-user"));
    let script = "getent passwd root; getent passwd 1000 | cut -d: -f1,6; getent passwd nobody || echo $?";
    let printed = instance.prints(script).await;
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].starts_with(&format!("root:x:0:0:root:{root}:/")), "{printed}");
    assert_eq!(lines[1..], [format!("ec2-user:{user}"), "2".to_owned()]);
    // Other databases are those of the machine.
    assert!(instance.prints("getent group root").await.starts_with("root:"));
}

#[tokio::test]
async fn ec2_user_logs_in_to_a_home_of_its_own() {
    let mut instance = Instance::boot_with(&[("AWS_REGION", "us-west-2")]).await;
    let home = instance.home("home/ec2-user");
    let expected = format!("{home} {home} ec2-user ec2-user us-west-2\n");
    for login in ["runuser -l ec2-user -c", "su - ec2-user -c", "su -l ec2-user -c", "sudo su - ec2-user -c"]
    {
        let script = format!("{login} 'echo $(pwd) $HOME $USER $LOGNAME $AWS_REGION'");
        assert_eq!(instance.prints(&script).await, expected, "{login}");
    }
    assert_eq!(
        instance.prints("export LEAK=1; runuser -l ec2-user -c 'echo ${LEAK-clean}'").await,
        "clean\n"
    );
}

#[tokio::test]
async fn other_ways_to_become_a_user_stay_where_they_are() {
    let mut instance = Instance::boot().await;
    let (here, home) = (instance.home("root"), instance.home("home/ec2-user"));
    let expected = format!("{here} {home} ec2-user kept\n");
    let show = "echo $(pwd) $HOME $USER $KEPT";
    for command in [
        "runuser -u ec2-user -- sh -c",
        "sudo -n -E -u ec2-user sh -c",
        "sudo -nu ec2-user sh -c",
        "su ec2-user -c",
    ] {
        assert_eq!(
            instance.prints(&format!("export KEPT=kept; {command} '{show}'")).await,
            expected,
            "{command}"
        );
    }
    assert_eq!(instance.prints("sudo A=1 printenv A").await, "1\n");
}

#[tokio::test]
async fn words_reach_the_command_as_they_were_quoted() {
    let mut instance = Instance::boot().await;
    let script = r#"runuser -l ec2-user -c 'printf "[%s]" "a  b" "it'"'"'s" "\$HOME" "grüße 😀" "$(echo "nested \"quotes\"")"'"#;
    assert_eq!(instance.prints(script).await, r#"[a  b][it's][$HOME][grüße 😀][nested "quotes"]"#);
    let script = r#"sudo -- printf '[%s]' 'a  b' "it's" '$HOME' -n '' '*' 'ü"ü'"#;
    assert_eq!(instance.prints(script).await, r#"[a  b][it's][$HOME][-n][][*][ü"ü]"#);
    let script = r#"runuser -l ec2-user -c "su - root -c 'runuser -u ec2-user -- echo \"three   deep\"'""#;
    assert_eq!(instance.prints(script).await, "three   deep\n");
}

#[tokio::test]
async fn a_login_reads_the_instances_profile() {
    let mut instance = Instance::boot().await;
    let script = "runuser -l ec2-user -c 'echo export TOOL=installed > ~/.profile'
        runuser -l ec2-user -c 'echo $TOOL'";
    assert_eq!(instance.prints(script).await, "installed\n");
}

#[tokio::test]
async fn what_is_not_modelled_is_refused_by_name() {
    let mut instance = Instance::boot().await;
    for (command, complaint) in [
        (
            "runuser -l nobody -c true",
            "runuser: user nobody does not exist; the sandbox image has root and ec2-user",
        ),
        ("su - ec2-user", "su: the ec2-ops sandbox has no interactive shells: give the command with -c"),
        ("sudo -i", "sudo: the ec2-ops sandbox does not model '-i'"),
        ("systemctl restart sshd", "systemctl: the ec2-ops sandbox does not model 'restart sshd'"),
        (
            "systemctl enable sshd",
            "systemctl: the ec2-ops sandbox enables services by their absolute path, not 'sshd'",
        ),
        ("systemd-run --on-boot=5 true", "systemd-run: the ec2-ops sandbox does not model '--on-boot'"),
        ("sudo", "sudo: no command was specified"),
    ] {
        let result = instance.run(command).await;
        assert_eq!(result.exit_code, 1, "{command}");
        assert_eq!(result.stderr.lines().next(), Some(complaint), "{command}");
    }
}

#[tokio::test]
async fn the_exit_code_passes_through_every_user() {
    let mut instance = Instance::boot().await;
    let script = "sudo runuser -l ec2-user -c 'su - root -c \"exit 7\"'";
    assert_eq!(instance.run(script).await.exit_code, 7);
}

#[tokio::test]
async fn logger_writes_into_the_instance() {
    let mut instance = Instance::boot().await;
    assert_eq!(instance.prints("logger -t job hello there; echo piped | logger").await, "");
    let log = std::fs::read_to_string(instance.config.root.join("var/log/messages")).expect("a log");
    assert_eq!(log, "job: hello there\nroot: piped\n");
}
