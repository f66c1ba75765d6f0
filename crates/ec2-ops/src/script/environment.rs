//! The variables and secrets that the commands find in their environment.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::quote;
use crate::document::Secret;
use crate::ids::Region;

/// Reads a secret for the variable `$1` from `$2` by the arguments of `aws` that follow. The script has only the names of
/// secrets, because the agent and SSM keep the text of a script. Nothing is exported before all are read, because the AWS CLI
/// takes variables such as `AWS_ACCESS_KEY_ID` for its own.
const READ: &str = r#"ec2_ops_secret() {
  ec2_ops_name=$1 ec2_ops_source=$2
  shift 2
  if ! command -v aws >/dev/null 2>&1; then
    echo "ec2-ops: the secret $ec2_ops_name cannot be read: this image has no AWS CLI (the program aws)" >&2
    return 1
  fi
  if ! ec2_ops_value=$(aws "$@" --output text); then
    echo "ec2-ops: the secret $ec2_ops_name cannot be read from $ec2_ops_source: is it a text, and in instances.secrets of the deployment?" >&2
    return 1
  fi
  eval "ec2_ops_secret_$ec2_ops_name=\$ec2_ops_value"
  unset ec2_ops_name ec2_ops_source ec2_ops_value
}
"#;

/// What the commands find in their environment.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    /// Values by name.
    pub(crate) variables: &'a BTreeMap<String, String>,
    /// Where to read each secret, by its name.
    pub(crate) secrets: &'a BTreeMap<String, Secret>,
    /// The region of the instance.
    pub(crate) region: &'a Region,
}

/// The shell function `export_environment`. It fails if a secret cannot be read.
pub(super) fn exports(Environment { variables, secrets, region }: Environment<'_>) -> String {
    let mut text = if secrets.is_empty() { String::new() } else { READ.to_owned() };
    text.push_str("export_environment() {\n:\n");
    for (name, secret) in secrets {
        let (source, call) = match secret {
            Secret::Parameter(parameter) => {
                let parameter = quote(parameter);
                let call = format!(
                    "ssm get-parameter --with-decryption --query Parameter.Value --region {region} --name {parameter}"
                );
                (parameter, call)
            }
            Secret::SecretsManager(arn) => {
                // The secret may be in another region than the instance: the fourth part of an ARN.
                let region = arn.split(':').nth(3).unwrap_or(region.as_str());
                let (arn, region) = (quote(arn), quote(region));
                // `SecretString` alone is the text `None` where the secret is binary; `join` fails.
                let call = format!(
                    "secretsmanager get-secret-value --query \"join('', [SecretString])\" --region {region} --secret-id {arn}"
                );
                (arn, call)
            }
        };
        let _ = writeln!(text, "ec2_ops_secret {name} {source} {call} || return");
    }
    for (name, value) in variables {
        let _ = writeln!(text, "export {name}={}", quote(value));
    }
    for name in secrets.keys() {
        let _ = writeln!(text, "export {name}=\"$ec2_ops_secret_{name}\"\nunset ec2_ops_secret_{name}");
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::{Command, Output};

    fn named<T: Clone>(entries: &[(&str, T)]) -> BTreeMap<String, T> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn exports_of(variables: &[(&str, String)], secrets: &[(&str, Secret)]) -> String {
        let (variables, secrets) = (named(variables), named(secrets));
        exports(Environment { variables: &variables, secrets: &secrets, region: &Region::new("us-east-1") })
    }

    /// Runs `commands` after the exports, with only the programs in `path`.
    fn run(text: &str, commands: &str, path: &Path) -> Output {
        let script = format!("{text}export_environment || exit\n{commands}\n");
        Command::new("/bin/sh").env_clear().env("PATH", path).arg("-c").arg(script).output().unwrap()
    }

    /// A directory with an `aws` that answers `answer`, and notes its arguments.
    fn image(answer: &str) -> tempfile::TempDir {
        let path = tempfile::tempdir().unwrap();
        let aws = path.path().join("aws");
        let log = path.path().join("log");
        std::fs::write(&aws, format!("#!/bin/sh\necho \"$*\" >>'{}'\n{answer}\n", log.display())).unwrap();
        std::fs::set_permissions(&aws, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_value_arrives_as_it_is() {
        let odd = "a'b\"c $(touch /tmp/x) `id` $HOME \\ \n EOF é🦀 -n";
        let text = exports_of(&[("ODD", odd.to_owned())], &[]);
        let output = run(&text, r#"printf '%s' "$ODD""#, Path::new("/nowhere"));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), odd);
    }

    #[test]
    fn a_secret_is_read_where_it_is_kept_and_is_not_in_the_script() {
        let image = image("printf 'it'\\''s $(secret)\\nof two lines\\n'");
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:b-AbCdEf";
        let secrets =
            [("A", Secret::Parameter("/my/a".to_owned())), ("B", Secret::SecretsManager(arn.to_owned()))];
        let text = exports_of(&[], &secrets);
        let output = run(&text, r#"printf '%s|%s' "$A" "$B""#, image.path());
        let value = "it's $(secret)\nof two lines";
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{value}|{value}"));
        assert_eq!(output.stderr, b"");
        let calls = std::fs::read_to_string(image.path().join("log")).unwrap();
        let expected = [
            "ssm get-parameter --with-decryption --query Parameter.Value --region us-east-1 --name /my/a --output text"
                .to_owned(),
            format!(
                "secretsmanager get-secret-value --query join('', [SecretString]) --region eu-west-1 --secret-id {arn} --output text"
            ),
        ];
        assert_eq!(calls.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_credentials_of_another_account_may_be_secrets() {
        let image = image("printf '%s' \"key-$AWS_ACCESS_KEY_ID$AWS_SECRET_ACCESS_KEY$AWS_PROFILE\"");
        let secret = |name: &'static str| (name, Secret::Parameter(format!("/other/{name}")));
        let text = exports_of(
            &[("AWS_PROFILE", "other".to_owned())],
            &[secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY")],
        );
        let output = run(
            &text,
            r#"printf '%s|%s|%s' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_PROFILE""#,
            image.path(),
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "key-|key-|other");
    }

    #[test]
    fn nothing_runs_if_a_secret_cannot_be_read() {
        let text = exports_of(&[], &[("TOKEN", Secret::Parameter("/my/token".to_owned()))]);
        let denied = image("echo AccessDenied >&2; exit 254");
        for (path, reason) in [
            (denied.path(), "cannot be read from /my/token"),
            (Path::new("/nowhere"), "this image has no AWS CLI"),
        ] {
            let output = run(&text, "echo ran", path);
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains("the secret TOKEN") && stderr.contains(reason), "{stderr}");
        }
    }
}
