//! What keeps commands from being run as they are meant; known before anything is launched.

use super::Finding;
use super::interpreter::Interpreter;

/// How long the script may be as it is sent, in bytes: SSM takes 64 KB of document and parameters together, and
/// `AWS-RunShellScript` has 1.2 KB of them. See
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html> ("Maximum size of a document").
const MAX_SENT: usize = 62 * 1024;

/// What keeps `commands` from being run as they are meant.
pub(crate) fn problems(commands: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let interpreter = Interpreter::of(commands);
    if interpreter.words().is_empty() {
        findings.push(Finding::of(0, "found #! without a program, expected for example #!/bin/bash"));
    }
    if let Some(option) = interpreter.interactive() {
        let message = format!(
            "found {option}, an interactive shell, which cannot run commands one by one; -l reads the files of a login"
        );
        findings.push(Finding::of(0, message));
    }
    for (i, entry) in commands.iter().enumerate() {
        if entry.contains('\0') {
            findings.push(Finding::of(i, "found a NUL character, expected text that a shell can take"));
        }
        if let Some(reference) = parameter_reference(entry) {
            let message = format!(
                "found {reference}, which SSM would replace by the parameter; name it in secrets instead"
            );
            findings.push(Finding::of(i, message));
        }
    }
    findings
}

/// Says that `script` is longer than SSM accepts, if it is.
pub(crate) fn too_large(script: &str) -> Option<Finding> {
    let sent = sent(script);
    (sent > MAX_SENT).then(|| Finding {
        entry: None,
        message: format!(
            "found {sent} bytes as they are sent, with the variables and what ec2-ops adds; SSM takes {MAX_SENT}. Keep long \
             scripts in S3 or in the image"
        ),
    })
}

/// How many bytes of JSON `script` is in `SendCommand`.
fn sent(script: &str) -> usize {
    // A string can always be written.
    serde_json::to_string(script).map_or(usize::MAX, |json| json.len())
}

/// The first `{{ssm:…}}` in `text`. Run Command resolves these in parameters, and leaves other braces alone. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ssm.html>.
pub(crate) fn parameter_reference(text: &str) -> Option<&str> {
    let names = text.match_indices("ssm:").chain(text.match_indices("ssm-secure:"));
    names.map(|(at, _)| at).find_map(|at| {
        let begin = text[..at].trim_end().strip_suffix("{{")?.len();
        let end = text[at..].find("}}").map_or(text.len(), |length| at + length + 2);
        Some(&text[begin..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|&entry| entry.to_owned()).collect()
    }

    #[test]
    fn what_ssm_would_replace_is_refused() {
        for (entry, reference) in [
            ("echo {{ssm:/prod/db/user}} on", "{{ssm:/prod/db/user}}"),
            ("echo {{{ ssm:name:3 }}", "{{ ssm:name:3 }}"),
            ("echo '{{ssm-secure:x}}'", "{{ssm-secure:x}}"),
        ] {
            let found = problems(&entries(&["echo", entry]));
            assert_eq!(found.len(), 1, "{entry}");
            assert_eq!(found[0].entry, Some(1), "{entry}");
            assert!(found[0].message.starts_with(&format!("found {reference}, ")), "{}", found[0].message);
        }
        for fine in ["docker ps --format '{{.Names}}'", "echo {{ executionTimeout }}", "echo '{{'ssm:x"] {
            assert_eq!(problems(&entries(&[fine])), [], "{fine}");
        }
    }

    fn script(entries: &[String]) -> String {
        crate::script::tests::script_of(entries)
    }

    #[test]
    fn the_size_counts_as_it_is_sent() {
        let script = |entry: &str| script(&entries(&[entry]));
        let sent = |entry: &str| sent(&script(entry));
        assert_eq!(sent("\n\"\\.") - sent(""), 7);
        assert_eq!(sent("'") - sent(""), 5);
        let longest = "x".repeat(MAX_SENT - sent(""));
        assert_eq!(too_large(&script(&longest)), None);
        let found = too_large(&script(&format!("{longest}x"))).unwrap();
        assert!(found.message.starts_with("found 63489 bytes as they are sent, "), "{}", found.message);
        assert_eq!(found.entry, None);
    }

    #[test]
    fn an_entry_is_wrapped_in_less_than_forty_bytes() {
        let of = |count: usize| sent(&script(&vec!["true".to_owned(); count]));
        assert!(of(1000) - of(900) < 100 * ("true".len() + 40), "{}", (of(1000) - of(900)) / 100);
        assert!(of(1) < 8 * 1024, "{}", of(1));
    }

    #[test]
    fn an_interactive_shell_is_refused() {
        for shebang in ["#!/bin/bash -i", "#!/bin/bash -il", "#!/usr/bin/env -S bash -e -i"] {
            let found = problems(&entries(&[shebang, "echo"]));
            assert_eq!(found.len(), 1, "{shebang}");
            assert!(found[0].message.contains("an interactive shell"), "{}", found[0].message);
        }
        for fine in [
            "#!/bin/bash -l",
            "#!/bin/bash -eo pipefail",
            "#!/usr/bin/sudo -i bash",
            "#!/usr/bin/env python3 -i",
            "#!/bin/bash --init-file x",
        ] {
            assert_eq!(problems(&entries(&[fine])), [], "{fine}");
        }
    }

    #[test]
    fn a_shebang_without_a_program_is_refused() {
        assert_eq!(problems(&entries(&["#! ", "echo"]))[0].entry, Some(0));
    }
}
