//! The document's first line chooses who runs the commands.

use super::{Machine, Shell, on_each, program};
use crate::script::interpreter::Interpreter;

#[test]
fn the_first_line_names_the_program_and_its_arguments() {
    for (first, words, shell) in [
        ("echo hi", "sh", Some("sh")),
        (" #!/bin/bash", "sh", Some("sh")),
        ("#!/bin/bash", "/bin/bash", Some("bash")),
        ("#! /bin/bash -eo pipefail\necho hi", "/bin/bash -eo pipefail", Some("bash")),
        ("#!/usr/bin/env -S A=1 bash -e", "/usr/bin/env -S A=1 bash -e", Some("bash")),
        ("#!/bin/busybox ash", "/bin/busybox ash", Some("ash")),
        ("#!/usr/bin/sudo -u ec2-user bash", "/usr/bin/sudo -u ec2-user bash", Some("bash")),
        ("#!/usr/bin/env python3", "/usr/bin/env python3", None),
        ("#!/usr/bin/perl -w", "/usr/bin/perl -w", None),
    ] {
        let commands = [first.to_owned()];
        let interpreter = Interpreter::of(&commands);
        assert_eq!(interpreter.words().join(" "), words, "{first}");
        assert_eq!(interpreter.shell(), shell, "{first}");
    }
}

#[test]
fn a_shebang_of_bash_runs_the_entries_under_bash() {
    for shell in Shell::installed().into_iter().filter(|_| program("bash").is_some()) {
        let commands = [
            "#!/bin/bash",
            "set -euo pipefail",
            "parts=(a b c)",
            "[[ ${#parts[@]} -eq 3 ]]",
            "echo \"${parts[1]}\"",
        ];
        let ended = Machine::new(shell).run(&commands);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "b\n"), "{shell:?}: {ended:?}");
        let commands = ["#!/usr/bin/env -S bash -eo pipefail", "false | cat", "echo on"];
        let ended = Machine::new(shell).run(&commands);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{shell:?}: {ended:?}");
        assert!(ended.stderr.contains("command 2 of 3"), "{shell:?}: {ended:?}");
        let ended = Machine::new(shell).run(&["#!/bin/bash\n[[ a = b ]] && echo in", "echo after"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{shell:?}: {ended:?}");
    }
}

#[test]
fn any_other_program_gets_the_entries_as_one_text() {
    on_each(|machine| {
        machine.brings("interpreter", "echo \"$1\"; grep -v '^#!' \"$2\"; exit 3");
        let ended = machine.run(&["#!/usr/bin/env interpreter -x", "it's", "", "exit 7"]);
        let expected = (Some(3), "-x\nit's\n\nexit 7\n");
        assert_eq!((ended.code, ended.stdout.as_str()), expected, "{:?}: {ended:?}", machine.shell);
    });
}

#[test]
fn an_interpreter_that_is_not_there_fails_the_run() {
    on_each(|machine| {
        let ended = machine.run(&["#!/missing/interpreter", "echo on"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(127), ""), "{:?}: {ended:?}", machine.shell);
        assert!(ended.stderr.contains("/missing/interpreter"), "{:?}: {ended:?}", machine.shell);
    });
}

/// It ignores `set -n`, and would run each entry where it only checks whether that is complete.
#[test]
fn an_interactive_shell_runs_nothing() {
    for restart in ["#!/bin/bash -i", "#!/bin/sh", "#!/bin/bash"] {
        let again = format!(
            "[ -n \"$AGAIN\" ] || AGAIN=1 exec {} -i \"$0\" \"$@\"",
            program("bash").unwrap().display()
        );
        let ended = Machine::new(Shell::installed()[0]).run(&[restart, &again, "echo ran"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{restart}: {ended:?}");
        assert!(ended.stderr.contains("an interactive shell (-i) cannot run the commands"), "{ended:?}");
    }
}

/// Shells that no image has as `sh`, where they are installed.
#[test]
fn other_shells_keep_the_promise_too() {
    for name in ["ksh", "mksh"].into_iter().filter(|name| program(name).is_some()) {
        let shebang = format!("#!/usr/bin/env {name}");
        for (commands, stdout) in [
            (&["cd /missing 2>/dev/null && echo in", "echo after"][..], ""),
            (
                &[
                    "for i in 1 2; do",
                    "echo $i",
                    "done",
                    "cat <<EOF",
                    "text",
                    "EOF",
                    "(exit 5)",
                    "echo after",
                ],
                "1\n2\ntext\n",
            ),
            (&["echo 'abc", "echo on"], ""),
            (&["set -n", "echo on"], ""),
        ] {
            let commands: Vec<_> =
                std::iter::once(shebang.as_str()).chain(commands.iter().copied()).collect();
            let ended = Machine::new(Shell::installed()[0]).run(&commands);
            assert_ne!(ended.code, Some(0), "{name}: {ended:?}");
            assert_eq!(ended.stdout, stdout, "{name}: {ended:?}");
        }
    }
}
