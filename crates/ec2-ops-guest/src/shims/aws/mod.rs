//! `aws`, as far as typical documents need it when the machine has no AWS CLI: `s3 cp`, `ls`, `mb` and `rm` against
//! the sandbox's own S3, and what reads a document's secrets. Everything else goes to the machine's AWS CLI, which speaks to the sandbox just as well.

mod call;
mod endpoint;
mod list;
mod parameter;
mod s3;
mod transfer;
mod xml;

use std::io::{self, Write as _};
use std::process::ExitCode;

use call::{Call, Verb};
use parameter::GetParameter;
use s3::S3;

/// What the AWS CLI exits with for a command that it cannot parse.
/// See <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html>.
const INVALID: u8 = 252;

/// What the image brings, for those who ask for more.
const BROUGHT: &str = "aws: the ec2-ops sandbox image brings 's3 cp', 's3 ls', 's3 mb' and 's3 rm' with --recursive, \
                       --quiet, --only-show-errors, --no-progress and --region. With the AWS CLI installed on this \
                       machine, every other command runs too: https://aws.amazon.com/cli/";

/// Why a call failed: a line for stderr and the CLI's exit code for it.
struct Failure {
    text: String,
    code: u8,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { text: error.to_string(), code: 1 }
    }
}

/// Runs one command line.
pub(super) fn main(args: &[String]) -> ExitCode {
    if let Some(call) = GetParameter::parse(args) {
        return exit(call.run(), false);
    }
    let Some(call) = Call::parse(args) else {
        return delegate(args);
    };
    let done = S3::from_environment(call.region.as_deref()).and_then(|s3| match call.verb {
        Verb::Cp => transfer::copy(&s3, &call),
        Verb::Rm => transfer::remove(&s3, &call),
        Verb::Ls => list::list(&s3, &call),
        Verb::Mb => list::make_bucket(&s3, &call),
    });
    exit(done, call.quiet)
}

fn exit(done: Result<(), Failure>, quiet: bool) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !quiet && !failure.text.is_empty() {
                complain(&failure.text);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Becomes the machine's own AWS CLI, if there is one.
fn delegate(args: &[String]) -> ExitCode {
    match super::machine_program("aws") {
        Some(_) => {
            let args = with_endpoint(args, std::env::var("AWS_ENDPOINT_URL").ok());
            complain(&format!("aws: {}", super::delegate("aws", &args)));
        }
        None => complain(BROUGHT),
    }
    ExitCode::from(INVALID)
}

/// The same arguments with the sandbox's endpoint as an option, unless they have another: before its versions 2.13 and 1.29, the
/// AWS CLI does not read the variable, and goes to the real AWS.
fn with_endpoint(args: &[String], endpoint_url: Option<String>) -> Vec<String> {
    const OPTION: &str = "--endpoint-url";
    let is_given = args.iter().any(|arg| arg == OPTION || arg.starts_with("--endpoint-url="));
    let option = endpoint_url.filter(|_| !is_given).map(|url| [OPTION.to_owned(), url]);
    option.into_iter().flatten().chain(args.iter().cloned()).collect()
}

fn complain(text: &str) {
    // Without a stderr the message is lost; the exit code still reports the failure.
    let _ = writeln!(io::stderr(), "{text}");
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

#[cfg(test)]
mod tests {
    use super::with_endpoint;

    #[test]
    fn the_machines_own_cli_gets_the_endpoint_unless_it_has_one() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let given = |line: &str| with_endpoint(&words(line), Some("http://sandbox".to_owned())).join(" ");
        assert_eq!(given("sts get-caller-identity"), "--endpoint-url http://sandbox sts get-caller-identity");
        for own in ["s3 ls --endpoint-url http://own", "--endpoint-url=http://own s3 ls"] {
            assert_eq!(given(own), own);
        }
        assert_eq!(with_endpoint(&words("s3 ls"), None), words("s3 ls"));
    }
}
