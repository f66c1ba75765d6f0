//! The entries of a shell: one that fails fails the run, and those that belong together run together.

use super::{Machine, Shell, comes_to, fails, on_each};

#[test]
fn entries_share_one_shell() {
    comes_to(&["cd /usr", "export A=1", "B=2", "echo $PWD $A $B"], 0, "/usr 1 2\n");
}

#[test]
fn a_failing_entry_ends_the_run_with_its_code() {
    comes_to(&["echo one", "(exit 7)", "echo two"], 7, "one\n");
    comes_to(&["false\necho unreached", "true"], 1, "");
    comes_to(&["nonsense-command", "true"], 127, "");
    fails(&["cd /missing 2>/dev/null && echo in", "echo two"], "", "");
    fails(&["[ -e /missing ] || false || [ -e /missing ]", "echo two"], "", "");
    comes_to(&["! true", "echo two"], 1, "");
}

#[test]
fn the_failed_entry_is_named() {
    fails(&["true", "exit 7", "true"], "", "ec2-ops: command 2 of 3 ended with exit code 7\n");
    fails(
        &["true", "if true; then", "false", "fi", "true"],
        "",
        "ec2-ops: command 2 to 4 of 5 ended with exit code 1\n",
    );
    fails(&["set -C", "true", "exit 7"], "", "ec2-ops: command 3 of 3 ended with exit code 7\n");
    fails(&["true", "false \\", "--now"], "", "ec2-ops: command 2 to 3 of 3 ended with exit code 1\n");
}

/// What decides whether an entry is complete is the shell that runs it, and not another one from PATH.
#[test]
fn a_failing_entry_fails_the_run_where_path_leads_to_no_shell() {
    let commands = ["export PATH=/opt/tool/bin", "cd /missing 2>/dev/null && echo in", "echo after"];
    fails(&commands, "", "command 2 of 3");
    fails(&["unset PATH", "[ -e /missing ] && echo in", "echo after"], "", "command 2 of 3");
}

#[test]
fn words_that_only_this_shell_knows_do_not_join_the_entries() {
    for shell in Shell::installed().into_iter().filter(|shell| shell.is_bash()) {
        let machine = Machine::new(shell);
        let commands = ["shopt -s extglob", "cd /missing 2>/dev/null && echo in", "echo !(a|b)"];
        let ended = machine.run(&commands);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{shell:?}: {ended:?}");
        let ended =
            Machine::new(shell).run(&["shopt -s extglob", "cd /usr", "echo !(a|b) >/dev/null", "echo end"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "end\n"), "{shell:?}: {ended:?}");
    }
}

#[test]
fn an_entry_may_use_the_words_that_it_brings() {
    for shell in Shell::installed().into_iter().filter(|shell| shell.is_bash()) {
        let entry = "shopt -s extglob\ncd $(mktemp -d)\ntouch a b\necho !(a)";
        let ended = Machine::new(shell).run(&[entry, "echo end"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "b\nend\n"), "{shell:?}: {ended:?}");
    }
}

#[test]
fn an_alias_is_known_to_the_entries_after_it() {
    on_each(|machine| {
        let expand = if machine.shell.is_bash() { "shopt -s expand_aliases" } else { ":" };
        let commands =
            [expand, "alias when='if true; then'", "when echo in; fi", "cd /missing && true", "echo after"];
        let ended = machine.run(&commands);
        assert_eq!(
            (ended.code.unwrap_or(0) != 0, ended.stdout.as_str()),
            (true, "in\n"),
            "{:?}: {ended:?}",
            machine.shell
        );
    });
}

#[test]
fn a_here_document_may_span_entries() {
    comes_to(&["cat <<EOF", "exit 7", ")", "EOF", "echo end"], 0, "exit 7\n)\nend\n");
    comes_to(&["cat <<'E O F'", "$HOME \\", "E O F", "echo end"], 0, "$HOME \\\nend\n");
    comes_to(&["cat <<-EOF", "\ta", "", "\tEOF", "echo end"], 0, "a\n\nend\n");
    fails(&["cat <<EOF >/dev/null", "a", "EOF", "cd /missing && true", "echo after"], "", "command 4 of 5");
}

#[test]
fn a_continued_line_may_span_entries() {
    comes_to(&[r"echo a \", "b", r"printf '%s\n' c\\", "echo end"], 0, "a b\nc\\\nend\n");
}

#[test]
fn a_construct_may_span_entries_and_does_not_join_the_others() {
    let commands = [
        "for i in 1 2; do",
        "echo $i",
        "done",
        "if false; then",
        "echo no",
        "fi",
        "f() {",
        "echo $1",
        "}",
        "f end",
    ];
    comes_to(&commands, 0, "1\n2\nend\n");
    comes_to(&["if true; then", "false", "fi", "echo end"], 1, "");
    comes_to(&["true &&", "echo a |", "cat"], 0, "a\n");
    fails(&["cd /missing 2>/dev/null && true", "for i in 1; do", "echo $i", "done"], "", "command 1 of 4");
}

#[test]
fn what_is_never_complete_is_never_evaluated() {
    for (entry, stdout) in [
        ("echo 'abc", "one\n"),
        ("echo \"abc", "one\n"),
        ("if true; then", "one\n"),
        ("cat <<EOF", "one\n"),
        ("fi", "one\n"),
        ("echo )", "one\n"),
        ("touch $(echo here", "one\n"),
    ] {
        let complaint = "ec2-ops: this is no complete command";
        fails(&["echo one", entry, "echo two"], stdout, complaint);
        fails(
            &["echo one", entry, "echo two"],
            stdout,
            "ec2-ops: command 2 to 3 of 3 ended with exit code 2",
        );
    }
}

#[test]
fn an_exit_in_the_middle_is_the_end() {
    comes_to(&["echo one", "exit 0", "echo two"], 0, "one\n");
    comes_to(&["echo one", "exit 3", "echo two"], 3, "one\n");
    comes_to(&["f() { exit 4; }", "f", "echo two"], 4, "");
}

/// bash refuses it outside of a function, the others take it for an exit.
#[test]
fn a_return_at_the_top_runs_nothing_more() {
    fails(&["echo one", "return 3", "echo two"], "one\n", "command 2 of 3");
}

#[test]
fn set_plus_e_is_for_the_inside_of_an_entry() {
    comes_to(&["set +e\nfalse\necho on", "echo end"], 0, "on\nend\n");
    comes_to(&["set +e", "(exit 5)", "echo end"], 5, "");
    comes_to(&["set +e", "false"], 1, "");
}

#[test]
fn the_commands_own_trap_runs_once_and_keeps_the_exit_code() {
    comes_to(&["trap 'echo bye' EXIT", "echo work", "exit 6"], 6, "work\nbye\n");
    comes_to(&["trap 'echo bye' EXIT", "(exit 5)", "echo on"], 5, "bye\n");
}

#[test]
fn options_of_the_shell_do_not_get_in_the_way() {
    for option in ["set -u", "set -f", "set -C", "IFS=1", "umask 777", "set -eu", "set -a"] {
        comes_to(&[option, "echo on", "if true; then", "echo in", "fi"], 0, "on\nin\n");
        comes_to(&[option, "(exit 5)", "echo on"], 5, "");
    }
    comes_to(&["set -x", "echo on"], 0, "on\n");
}

#[test]
fn switching_execution_off_is_no_success() {
    fails(&["set -n", "echo never"], "", "command 1 of 2");
    fails(&["set -o noexec", "echo never"], "", "command 1 of 2");
}

#[test]
fn an_entry_may_be_empty_or_a_comment() {
    comes_to(&["", "# it's a comment", "echo a", "  ", "# ends in \\", "echo b"], 0, "a\nb\n");
}

#[test]
fn quotes_and_unicode_arrive_as_they_are() {
    let odd = r#"printf '%s|' 'a b' "it's" '$HOME' 'çà 🦀' "\"q\"" "#;
    comes_to(&[odd], 0, "a b|it's|$HOME|çà 🦀|\"q\"|");
}

#[test]
fn an_entry_may_be_longer_than_an_argument_of_a_program() {
    let long = format!(": {}", "x".repeat(140 * 1024));
    fails(&[&long, "cd /missing && true", "echo unreached"], "", "command 2 of 3");
}

#[test]
fn a_program_that_closes_a_pipe_early_is_no_failure() {
    comes_to(&["yes | head -1", "echo end"], 0, "y\nend\n");
}
