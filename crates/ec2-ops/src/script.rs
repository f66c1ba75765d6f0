//! The commands as one shell script, which fails if any of them fails.
//!
//! `AWS-RunShellScript` reports only the exit code of the script's last command. `set -e` alone is not enough: it ignores
//! the failure in `cd missing && ./run`. So the script evaluates each entry on its own, in one shell, under `set -e`: `eval`
//! is a simple command, so an entry that ends with a failure ends the script. Entries that are complete only together
//! (`if …` in one, `fi` in another; a here-document; a line that ends in `\`) are evaluated as one.

mod environment;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use environment::exports;

use crate::document::Secret;
use crate::ids::Region;

/// How long after the limit on the commands the instance shuts itself down, in minutes. The control plane ends it earlier,
/// so this matters only if the control plane is gone.
const DEADLINE_GRACE_MIN: u32 = 30;

/// Runs the commands at most once on an instance: `SendCommand` cannot be made idempotent, so the script is. A second copy
/// waits for the first and exits with its code. After a reboot, which killed the first, it fails and reports that.
const ONCE: &str = r#"claim="${HOME:-/root}/.ec2-ops/$ec2_ops_attempt"
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
mkdir -p "${claim%/*}"
if ! mkdir "$claim" 2>/dev/null && [ -d "$claim" ]; then
  echo "ec2-ops: these commands were started on this instance before; following them" >&2
  until [ -f "$claim/exit" ]; do
    if [ -f "$claim/boot" ] && [ "$boot" != "$(cat "$claim/boot")" ]; then
      echo "ec2-ops: the instance was rebooted before they had ended" >&2
      exit 1
    fi
    sleep 1
  done
  exit "$(cat "$claim/exit")"
fi
echo "$boot" >"$claim/boot"
"#;

/// Whether the piece is complete. Inside an open here-document, a lone `)` is not an error.
const WHOLE: &str = r#"ec2_ops_whole() {
  printf '%s' "$ec2_ops_piece" | sh -n 2>/dev/null && ! printf '%s)\n' "$ec2_ops_piece" | sh -n 2>/dev/null
}
"#;

/// Evaluates the piece once it is complete. The piece is emptied first, since the commands may end the shell.
const EVALUATE: &str = r#"if ec2_ops_whole; then ec2_ops_now=$ec2_ops_piece ec2_ops_piece=; eval "$ec2_ops_now"; fi
"#;

/// Stores the exit code, which a second copy waits for.
///
/// The agent reads two exit codes as orders: 168 means success, 194 means reboot and run the script again. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-reboot.html>.
const EXIT: &str = r#"code=$?
case $code in
168 | 194)
  echo "ec2-ops: the commands ended with exit code $code, which the SSM agent would read as an order; it is reported as 1" >&2
  code=1
  ;;
esac
echo "$code" >"$claim/exit.new" && mv "$claim/exit.new" "$claim/exit"
exit "$code"
"#;

/// What the commands find in their environment.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    /// By name.
    pub(crate) variables: &'a BTreeMap<String, String>,
    /// By name.
    pub(crate) secrets: &'a BTreeMap<String, Secret>,
    /// The region of the instance.
    pub(crate) region: &'a Region,
}

/// The script for the `commands` of the attempt with this fingerprint. It lets the instance shut itself down some time
/// after `timeout_s`.
pub(crate) fn of(commands: &[String], environment: Environment<'_>, attempt: &str, timeout_s: u32) -> String {
    let minutes = timeout_s.div_ceil(60) + DEADLINE_GRACE_MIN;
    let mut script = format!("#!/bin/sh\nec2_ops_attempt={attempt}\n{ONCE}");
    // The fourth safety net: the instance ends even if the control plane is gone. An image without `shutdown` has only
    // the other three.
    let _ = writeln!(script, "shutdown -h +{minutes} >/dev/null 2>&1");
    // The agent starts the script in /usr/bin.
    script.push_str("cd \"${HOME:-/root}\" || cd /\n(\n");
    script.push_str(&exports(environment.variables, environment.secrets, environment.region));
    script.push_str("set -e\nec2_ops_piece=\n");
    script.push_str(WHOLE);
    for command in commands {
        let _ = writeln!(script, "ec2_ops_piece=$ec2_ops_piece{}", quote(&format!("{command}\n")));
        // Otherwise the next entry continues this line.
        if !continues(command) {
            script.push_str(EVALUATE);
        }
    }
    // If a piece is still incomplete, the shell reports why.
    script.push_str("eval \"$ec2_ops_piece\"\n)\n");
    script.push_str(EXIT);
    script
}

/// Whether the next entry continues the last line of `command`: it ends in an odd number of backslashes.
fn continues(command: &str) -> bool {
    command.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// `text` as one word of the shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    fn script(commands: &[String]) -> String {
        let (variables, secrets, region) = (BTreeMap::new(), BTreeMap::new(), Region::new("us-east-1"));
        let environment = Environment { variables: &variables, secrets: &secrets, region: &region };
        of(commands, environment, "f00d", 90)
    }

    /// Runs the script as SSM would, in its own home directory. `shutdown` is a fake, so that the test machine keeps running.
    fn run_in(home: &std::path::Path, commands: &[&str]) -> Output {
        let commands: Vec<_> = commands.iter().map(|&command| command.to_owned()).collect();
        let bin = home.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let shutdown = bin.join("shutdown");
        std::fs::write(&shutdown, "#!/bin/sh\necho \"$@\" >>\"$HOME/shutdown.log\"\n").unwrap();
        std::fs::set_permissions(&shutdown, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell
            .env("HOME", home)
            .env("PATH", path)
            .current_dir("/usr/bin")
            .arg("-c")
            .arg(script(&commands))
            .output()
            .unwrap()
    }

    fn run(commands: &[&str]) -> (Option<i32>, String) {
        let home = tempfile::tempdir().unwrap();
        let output = run_in(home.path(), commands);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn commands_share_one_shell() {
        assert_eq!(
            run(&["cd /usr", "export A=1", "B=2", "echo $PWD $A $B"]),
            (Some(0), "/usr 1 2\n".to_owned())
        );
    }

    #[test]
    fn commands_start_in_the_home_directory() {
        let home = tempfile::tempdir().unwrap().keep().canonicalize().unwrap();
        let output = run_in(&home, &["pwd"]);
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), home.to_str().unwrap());
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn a_failing_command_ends_the_run_with_its_code() {
        assert_eq!(run(&["echo one", "(exit 7)", "echo two"]), (Some(7), "one\n".to_owned()));
        assert_eq!(run(&["cd /missing 2>/dev/null && echo in", "echo two"]).1, "");
        assert_ne!(run(&["cd /missing && echo in", "echo two"]).0, Some(0));
        assert_ne!(run(&["nonsense-command", "true"]).0, Some(0));
        assert_eq!(run(&["false\necho unreached", "true"]), (Some(1), String::new()));
    }

    #[test]
    fn an_exit_code_that_the_agent_would_read_as_an_order_stays_a_failure() {
        for command in ["exit 168", "(exit 194)"] {
            assert_eq!(run(&[command, "echo two"]), (Some(1), String::new()), "{command}");
        }
    }

    #[test]
    fn a_here_document_and_a_continued_line_may_span_entries() {
        let heredoc = ["cat <<EOF", "exit 7", ")", "EOF", "echo end"];
        assert_eq!(run(&heredoc), (Some(0), "exit 7\n)\nend\n".to_owned()));
        let lines = [r"echo a \", "b", r"printf '%s\n' c\\", "echo end"];
        assert_eq!(run(&lines), (Some(0), "a b\nc\\\nend\n".to_owned()));
    }

    #[test]
    fn a_construct_that_spans_entries_does_not_join_the_others() {
        let commands = ["cd /missing 2>/dev/null && true", "for i in 1; do", "echo $i", "done"];
        assert_eq!(run(&commands).1, "");
        assert_ne!(run(&commands).0, Some(0));
        assert_ne!(run(&["echo one", "if true; then"]).0, Some(0));
    }

    #[test]
    fn an_entry_may_be_longer_than_an_argument_of_a_program() {
        let long = format!(": {}", "x".repeat(140 * 1024));
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("script.sh");
        let commands = [long, "cd /missing && true".to_owned(), "echo unreached".to_owned()];
        std::fs::write(&file, script(&commands).replace("shutdown -h", "true")).unwrap();
        let output = Command::new("sh").env("HOME", home.path()).arg(&file).output().unwrap();
        assert_ne!(output.status.code(), Some(0));
        assert_eq!(output.stdout, b"");
    }

    #[test]
    fn a_construct_may_span_entries() {
        let commands = ["for i in 1 2; do", "echo $i", "done", "if false; then", "echo no", "fi", "echo end"];
        assert_eq!(run(&commands), (Some(0), "1\n2\nend\n".to_owned()));
        assert_eq!(run(&["if true; then", "false", "fi", "echo end"]), (Some(1), String::new()));
    }

    #[test]
    fn quotes_and_unicode_arrive_as_they_are() {
        let odd = r#"printf '%s|' 'a b' "it's" '$HOME' 'çà 🦀' "\"q\"" "#;
        assert_eq!(run(&[odd]), (Some(0), "a b|it's|$HOME|çà 🦀|\"q\"|".to_owned()));
    }

    #[test]
    fn a_second_copy_waits_for_the_first_and_runs_nothing() {
        let home = tempfile::tempdir().unwrap();
        let first = run_in(home.path(), &["echo ran >>$HOME/count", "exit 3"]);
        let second = run_in(home.path(), &["echo ran >>$HOME/count", "exit 3"]);
        assert_eq!((first.status.code(), second.status.code()), (Some(3), Some(3)));
        assert_eq!(std::fs::read_to_string(home.path().join("count")).unwrap(), "ran\n");
    }

    #[test]
    fn a_copy_after_a_reboot_does_not_wait_for_the_first() {
        let home = tempfile::tempdir().unwrap();
        let claim = home.path().join(".ec2-ops/f00d");
        std::fs::create_dir_all(&claim).unwrap();
        std::fs::write(claim.join("boot"), "another boot\n").unwrap();
        let output = run_in(home.path(), &["echo ran"]);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    }

    #[test]
    fn the_instance_shuts_itself_down_after_the_limit() {
        let home = tempfile::tempdir().unwrap();
        run_in(home.path(), &["true"]);
        assert_eq!(std::fs::read_to_string(home.path().join("shutdown.log")).unwrap(), "-h +32\n");
    }

    #[test]
    fn an_image_without_shutdown_still_runs_the_commands() {
        let script = script(&["echo ran".to_owned()]).replace("shutdown -h", "no-such-program -h");
        let home = tempfile::tempdir().unwrap();
        let output = Command::new("sh").env("HOME", home.path()).arg("-c").arg(script).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"ran\n"[..]));
    }
}
