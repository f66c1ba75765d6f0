//! Variables and secrets: their names, and how a `$NAME` outside of the commands gets its value.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ec2_ops_limits::ssm::is_parameter_name;
use jiff::Timestamp;

use super::path::Path;
use super::problem::{Problem, quoted};
use crate::script;

/// The name of the execution, which every document may use without naming it.
pub(super) const EXECUTION: &str = "EC2_OPS_EXECUTION";

/// The number of the row, which the document of a fleet may use.
pub(super) const ROW: &str = "EC2_OPS_ROW";

/// Names of ours, in any case: this one, and those that continue it with `_`.
const OURS: &str = "EC2_OPS";

/// Names that a shell keeps for itself or cannot assign, or without which our script does not run.
const RESERVED: &[&str] = &[
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_ARGV0",
    "BASH_COMMAND",
    "BASH_ENV",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "COMP_WORDBREAKS",
    "ENV",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "GROUPS",
    "HISTCMD",
    "IFS",
    "LINENO",
    "OLDPWD",
    "OPTIND",
    "PATH",
    "PPID",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
    "_",
];

/// Values by the name of the variable.
pub(super) type Named = BTreeMap<String, String>;

/// Checks the names and the values of variables and secrets.
pub(super) fn check(variables: &Named, secrets: &Named, problems: &mut Vec<Problem>) {
    for (section, names) in [("variables", variables), ("secrets", secrets)] {
        for name in names.keys() {
            let message = match name.as_str() {
                name if !is_name(name) => {
                    "expected a name of letters, digits and _, which does not begin with a digit"
                }
                name if is_reserved(name) => "expected another name: the shell or ec2-ops sets this one",
                name if section == "secrets" && variables.contains_key(name) => {
                    "found the name of a variable, expected another one"
                }
                _ => continue,
            };
            problems.push(Problem::new(path(section, name), message));
        }
    }
    for (name, _) in variables.iter().filter(|(_, value)| value.contains('\0')) {
        let message = "found a NUL character, expected text that an environment variable can hold";
        problems.push(Problem::new(path("variables", name), message));
    }
    for (name, value) in variables {
        if let Some(reference) = script::parameter_reference(value) {
            let message = format!(
                "found {reference}, which SSM would replace by the parameter; name it in secrets instead"
            );
            problems.push(Problem::new(path("variables", name), message));
        }
    }
    for (name, source) in secrets.iter().filter(|(_, source)| Secret::parse(source).is_none()) {
        let message = format!(
            "found {}, expected the name of a parameter such as /my/parameter, or the ARN of a secret of Secrets Manager",
            quoted(source)
        );
        problems.push(Problem::new(path("secrets", name), message));
    }
}

fn path(section: &str, name: &str) -> String {
    Path::Field(&Path::Field(&Path::Root, section), name).to_string()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
        || name.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS))
            && matches!(name.as_bytes().get(OURS.len()), None | Some(b'_'))
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In Parameter Store, under this name.
    Parameter(String),
    /// In Secrets Manager, under this ARN.
    SecretsManager(String),
}

impl Secret {
    /// Parses what a document has: the name of a parameter, or the ARN of a secret.
    pub(super) fn parse(source: &str) -> Option<Self> {
        match source.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", partition, "secretsmanager", region, account, "secret", name] => {
                let complete = [partition, region, account, name].into_iter().all(|part| !part.is_empty());
                complete.then(|| Self::SecretsManager(source.to_owned()))
            }
            _ => is_parameter_name(source).then(|| Self::Parameter(source.to_owned())),
        }
    }
}

/// What `DAILY` and `$NAME` stand for outside of the commands.
pub(super) struct Values<'a> {
    pub(super) variables: &'a Named,
    /// The name of the execution.
    pub(super) execution: &'a str,
    /// The number of the row of a fleet.
    pub(super) row: Option<u32>,
    /// When the execution started.
    pub(super) started: Timestamp,
}

impl Values<'_> {
    /// Fills in each `$NAME` and `${NAME}` in `text`. A `$` that begins no name stays as it is.
    ///
    /// # Errors
    /// What is wrong with the first one that has no value.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, tail) = match after.strip_prefix('{').map(|after| after.split_once('}')) {
                Some(Some(braced)) => braced,
                Some(None) => return Err("it has ${ without }".to_owned()),
                None => after.split_at(name_length(after)),
            };
            if name.is_empty() && !after.starts_with('{') {
                if after.is_empty() || after.starts_with('(') {
                    return Err("no shell fills in a $ here".to_owned());
                }
                out.push('$');
            } else {
                out.push_str(&self.value(name)?);
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, name: &str) -> Result<Cow<'_, str>, String> {
        let value = match (name, self.row) {
            (EXECUTION, _) => Some(self.execution.into()),
            (ROW, Some(row)) => Some(row.to_string().into()),
            _ => self.variables.get(name).map(Into::into),
        };
        value.ok_or_else(|| format!("no shell fills in a $ here, and {name:?} is not one of variables"))
    }
}

/// How much of the beginning of `text` is a name.
fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}
