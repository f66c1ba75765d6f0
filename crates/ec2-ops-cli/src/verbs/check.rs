//! `check`: what would keep an execution from its end, before anything is paid.

mod quota;

use std::path::PathBuf;

use clap::Args;
use ec2_ops_client::{Client, Invoked, Machine};
use serde_json::{Value, json};

use super::DeploymentArgs;
use crate::documents;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::words::table;

/// What is checked.
#[derive(Args)]
pub(crate) struct CheckArgs {
    /// An execution document, or - for standard input. Without one, only the deployment is checked
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// JSON in the place of lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// The function that checks a document, with the rights that it launches with.
const STARTER: &str = "EC2StarterFromAMI";

/// Checks the deployment, and a document if there is one: a line for each thing that was looked at.
pub(crate) async fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let files: Vec<_> = args.file.iter().cloned().collect();
    let Some(documents) = documents::valid(&files, &[])? else { return Ok(Exit::Usage) };
    let client = args.deployment.connect().await?;
    let machine = client.machine().await?;
    let mut findings = of_deployment(&client, &machine).await?;
    if let Some(document) = documents.first() {
        findings.extend(of_document(&client, &machine, document).await?);
    }
    if args.json {
        output::json(&findings)?;
    } else {
        show(&findings)?;
    }
    let wrong = findings.iter().any(|finding| finding["verdict"] == "wrong");
    Ok(if wrong { Exit::Unsuccessful } else { Exit::Success })
}

/// Who asks, and what is deployed.
async fn of_deployment(client: &Client, machine: &Machine) -> Result<Vec<Value>, Failure> {
    let caller = client.caller().await?;
    let name = client.state_machine_arn().rsplit(':').next().unwrap_or_default();
    let state = if machine.active { "active" } else { "being deleted" };
    let versions: Vec<_> = machine.functions.iter().filter_map(|arn| version_of(arn)).collect();
    // A change of the code must not reach the executions that run. In a sandbox the code is that of this command.
    let versioned = client.sandbox().is_some() || versions.len() == machine.functions.len();
    let says = match versions.as_slice() {
        [] if versioned => "those of this command".to_owned(),
        [] => "no versions: a change of their code reaches executions that run".to_owned(),
        versions => format!("versions {}", versions.join(", ")),
    };
    Ok(vec![
        finding("you", true, &format!("{caller}, in {}", client.region())),
        finding(&format!("state machine {name}"), machine.active, state),
        finding("functions", versioned, &says),
    ])
}

/// The version or the alias in the ARN of a function.
fn version_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(7)
}

/// What the deployment itself finds.
async fn of_document(client: &Client, machine: &Machine, document: &Value) -> Result<Vec<Value>, Failure> {
    let starter = machine
        .functions
        .iter()
        .find(|arn| arn.contains(STARTER))
        .ok_or_else(|| Failure::failed(format!("{} invokes no {STARTER}", client.state_machine_arn())))?;
    match client.invoke(starter, &json!({ "check": document })).await? {
        Invoked::Answered(answer) => {
            let mut findings = answer["findings"].as_array().cloned().unwrap_or_default();
            findings.extend(quota::findings(client, &answer).await);
            Ok(findings)
        }
        Invoked::Failed { message, .. } if message.contains("missing field `step`") => {
            Err(Failure::failed(format!(
                "the {STARTER} of this deployment is older than `check`: `terraform apply` a newer version"
            )))
        }
        Invoked::Failed { error, message } => Err(Failure::failed(format!("{STARTER}: {error}: {message}"))),
    }
}

fn finding(about: &str, ok: bool, says: &str) -> Value {
    json!({ "about": about, "verdict": if ok { "ok" } else { "wrong" }, "says": says })
}

fn show(findings: &[Value]) -> Result<(), Failure> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let rows = findings.iter().flat_map(|finding| {
        let row = vec![text(finding, "verdict"), text(finding, "about"), text(finding, "says")];
        let todo =
            finding["todo"].as_str().map(|todo| vec![String::new(), String::new(), format!("→ {todo}")]);
        std::iter::once(row).chain(todo)
    });
    output::line(table(&["", "ABOUT", "FOUND"], rows))
}
