//! A sandbox on this machine, for `run` and for `serve`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use clap::Args;
use ec2_ops_client::Served;
use ec2_ops_sandbox::deployment::{Template, Trigger};
use ec2_ops_sandbox::fault_plan::FaultPlan;
use ec2_ops_sandbox::ssm::api::PutParameterRequest;
use ec2_ops_sandbox::{AccessKeys, Conditions, Sandbox, SandboxConfig};

use crate::exit::Failure;
use crate::output;

/// The options of the sandbox.
#[derive(Args)]
pub(crate) struct SandboxArgs {
    /// A bucket to create in the sandbox; may be repeated. `sandbox-output` always exists
    #[arg(long = "bucket", value_name = "NAME")]
    pub(crate) buckets: Vec<String>,
    /// Keep the directory with the instances' files, the functions' logs and the objects of S3, and say where it is
    #[arg(long)]
    pub(crate) keep: bool,
}

/// The bucket for the output of examples. Every sandbox has it.
pub(crate) const OUTPUT_BUCKET: &str = "sandbox-output";

/// The secret of examples. Every sandbox has it.
const SECRET: (&str, &str) = ("/sandbox/token", "a secret of the sandbox");

/// A sandbox below `root`, with the Lambda binaries from the directory of this executable, whose access key id is `key`
/// or a random one, under a plan of faults. New objects start the documents of `triggers`.
pub(crate) async fn start(
    port: u16,
    root: &Path,
    key: Option<&str>,
    buckets: &[String],
    triggers: BTreeMap<String, Trigger>,
    faults: FaultPlan,
) -> Result<Sandbox, Failure> {
    let tools = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("cannot find this executable: {error}")))?;
    let lambdas = tools.parent().unwrap_or(Path::new(".")).to_owned();
    let mut buckets = buckets.to_owned();
    buckets.push(OUTPUT_BUCKET.to_owned());
    let keys = key.map_or_else(AccessKeys::random, AccessKeys::fixed);
    let keys = keys.map_err(|error| Failure::Usage(format!("--key: {error}")))?;
    let config = SandboxConfig { port, root: root.to_owned(), tools, lambdas, buckets, keys };
    let template = Template { triggers, ..Template::default() };
    let conditions = Conditions { template, faults, ..Conditions::default() };
    let sandbox = Sandbox::start_under(config, conditions).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => {
                format!(
                    "port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one"
                )
            }
            _ => error.to_string(),
        };
        Failure::failed(format!("cannot start the sandbox: {why}"))
    })?;
    let (name, value) = SECRET;
    let secret = PutParameterRequest {
        name: name.to_owned(),
        value: value.to_owned(),
        r#type: Some("SecureString".to_owned()),
        ..PutParameterRequest::default()
    };
    sandbox.account().ssm.put_parameter(&sandbox.names().region, &secret).map_err(Failure::failed)?;
    Ok(sandbox)
}

/// How clients reach `sandbox`.
pub(crate) fn served(sandbox: &Sandbox) -> Served {
    Served {
        endpoint_url: sandbox.url().to_owned(),
        region: sandbox.names().region.clone(),
        access_key_id: sandbox.keys().owner().to_owned(),
        secret_access_key: "sandbox".to_owned(),
        state_machine_arn: sandbox.state_machine_arn().to_owned(),
        console_url: None,
    }
}

/// The directory of the sandbox. Its path is short, because the paths of sockets below it have a limit.
pub(crate) fn directory() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("ec2-ops-")
        .tempdir()
        .map_err(|error| Failure::failed(format!("cannot create a directory: {error}")))
}

/// Keeps `directory`, if `--keep` is given.
pub(crate) fn keep(directory: tempfile::TempDir, args: &SandboxArgs) {
    if args.keep {
        output::say(format!("kept: {}", directory.keep().display()));
    }
}
