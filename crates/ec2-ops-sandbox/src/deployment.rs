//! The deployment: provisions in the sandbox what `terraform apply` provisions, from the same files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

pub use crate::trigger::Trigger;

use crate::lambda::Runtime;
use crate::logs::api::CreateLogGroupRequest;
use crate::rules::{self, put_rule, put_schedule};
use crate::stepfunctions::api::CreateStateMachineRequest;
use crate::{Account, AwsError};

/// A function of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name that users see.
    pub name: &'static str,
    /// The package that it is built from; its binary has the same name.
    pub package: &'static str,
}

/// The five functions.
pub const FUNCTIONS: [Function; 5] = [
    Function { name: "EC2StarterFromAMI", package: "ec2-starter-from-ami" },
    Function { name: "Commander", package: "commander" },
    Function { name: "EC2Poller", package: "ec2-poller" },
    Function { name: "RunChecker", package: "run-checker" },
    Function { name: "EC2Stopper", package: "ec2-stopper" },
];

/// The function that the sweeper's schedule invokes.
const SWEEPER: &str = "EC2Stopper";

/// How often the sweeper runs. Terraform reads the same file.
pub const SWEEP_EVERY: Duration = Duration::from_mins(
    match u64::from_str_radix(include_str!("../../../state_machine/sweep_minutes").trim_ascii(), 10) {
        Ok(minutes) => minutes,
        Err(_) => panic!("state_machine/sweep_minutes does not hold a number"),
    },
);

/// The regions beside the deployment's own in which documents may run.
const ADDITIONAL_REGIONS: [&str; 4] = ["us-east-2", "us-west-2", "eu-central-1", "eu-west-1"];

/// The names and settings of what is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The deployment.
    pub deployment: String,
    /// Its region.
    pub region: String,
    /// The bucket for the commands' output.
    pub log_bucket: String,
    /// The log group for the commands' output.
    pub log_group: String,
    /// The table of task tokens.
    pub wake_table: String,
    /// Further regions in which executions may run.
    pub additional_regions: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            deployment: "ec2-ops".to_owned(),
            region: "us-east-1".to_owned(),
            log_bucket: "ec2-ops-logs".to_owned(),
            log_group: "/ec2-ops/commands".to_owned(),
            wake_table: "ec2-ops-wake".to_owned(),
            additional_regions: ADDITIONAL_REGIONS.map(str::to_owned).into(),
        }
    }
}

impl Names {
    /// The name of a function in Lambda.
    pub fn function(&self, function: Function) -> String {
        format!("{}-{}", self.deployment, function.name)
    }

    /// The log group of a function.
    pub fn function_log_group(&self, function: Function) -> String {
        format!("/aws/lambda/{}", self.function(function))
    }

    /// The state machine of fleets.
    pub fn fleet(&self) -> String {
        format!("{}-fleet", self.deployment)
    }

    /// The environment variables of the functions.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_REGION", &self.region),
            ("EC2_OPS_DEPLOYMENT", &self.deployment),
            ("EC2_OPS_LOG_BUCKET", &self.log_bucket),
            ("EC2_OPS_LOG_GROUP", &self.log_group),
            ("EC2_OPS_WAKE_TABLE", &self.wake_table),
            ("EC2_OPS_ADDITIONAL_REGIONS", &self.additional_regions.join(",")),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into()
    }
}

/// The files that are deployed, the sweeper's schedule, and the functions' limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The state machine's definition, with `${…}` where the functions' ARNs belong.
    pub definition: String,
    /// The definition of the state machine of fleets, with `${…}` for the other one, its function and the log bucket.
    pub fleet_definition: String,
    /// The event patterns of the rules, by function.
    pub event_patterns: String,
    /// How often the sweeper runs.
    pub sweep_every: Option<Duration>,
    /// How long each function may run.
    pub function_timeout: Duration,
    /// The documents that new objects start, by name.
    pub triggers: BTreeMap<String, Trigger>,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            definition: include_str!("../../../state_machine/run_commands.asl.json").to_owned(),
            fleet_definition: include_str!("../../../state_machine/fleet.asl.json").to_owned(),
            event_patterns: include_str!("../../../state_machine/event_patterns.json").to_owned(),
            sweep_every: Some(SWEEP_EVERY),
            function_timeout: Duration::from_mins(1),
            triggers: BTreeMap::new(),
        }
    }
}

/// Provisions everything. Returns the ARN of the state machine that runs documents.
pub fn deploy(
    account: &Account,
    names: &Names,
    template: &Template,
    runtime_of: impl Fn(Function) -> Arc<dyn Runtime>,
) -> Result<String, AwsError> {
    let region = names.region.as_str();
    account.s3.create_bucket(&names.log_bucket, region)?;
    create_log_groups(account, names)?;
    account.dynamodb.call(region, "CreateTable", wake_table(&names.wake_table).to_string().as_bytes())?;
    let create = |function: Function| {
        let (runtime, timeout) = (runtime_of(function), template.function_timeout);
        let name = names.function(function);
        (function.name, account.lambda.create_function(region, &name, timeout, runtime))
    };
    let functions = BTreeMap::from(FUNCTIONS.map(create));
    let state_machine_arn =
        create_state_machine(account, region, &names.deployment, fill(&template.definition, &functions))?;
    let mut values = functions.clone();
    values.insert("run_commands", state_machine_arn.clone());
    values.insert("log_bucket", names.log_bucket.clone());
    create_state_machine(account, region, &names.fleet(), fill(&template.fleet_definition, &values))?;
    for (function, patterns) in event_patterns(&template.event_patterns, &state_machine_arn)? {
        let target = functions.get(function.as_str()).unwrap_or(&function);
        for pattern in patterns {
            put_rule(&account.platform, pattern, rules::function(&account.lambda, region, target))?;
        }
    }
    for (name, trigger) in &template.triggers {
        trigger.deploy(name, account, names, &state_machine_arn)?;
    }
    if let Some(every) = template.sweep_every {
        put_schedule(&account.platform, &account.lambda, every, (region, &functions[SWEEPER]));
    }
    Ok(state_machine_arn)
}

fn create_state_machine(
    account: &Account,
    region: &str,
    name: &str,
    definition: String,
) -> Result<String, AwsError> {
    let role_arn = format!("arn:aws:iam::{}:role/{name}", account.platform.account_id);
    let request = CreateStateMachineRequest { name: name.to_owned(), definition, role_arn, r#type: None };
    account.stepfunctions.create_state_machine(region, request).map(|created| created.state_machine_arn)
}

/// The functions' groups, and the one of the commands in each region.
fn create_log_groups(account: &Account, names: &Names) -> Result<(), AwsError> {
    let create = |region: &str, log_group_name: String| {
        account.logs.create_log_group(region, &CreateLogGroupRequest { log_group_name })
    };
    for function in FUNCTIONS {
        create(&names.region, names.function_log_group(function))?;
    }
    for region in std::iter::once(&names.region).chain(&names.additional_regions) {
        create(region, names.log_group.clone())?;
    }
    Ok(())
}

fn wake_table(name: &str) -> Value {
    json!({
        "TableName": name,
        "AttributeDefinitions": [{ "AttributeName": "instance_id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "instance_id", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
    })
}

/// Puts values in place of `${name}`, as Terraform's `templatefile` does.
fn fill(template: &str, values: &BTreeMap<&str, String>) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}

fn event_patterns(template: &str, state_machine_arn: &str) -> Result<BTreeMap<String, Vec<Value>>, AwsError> {
    let text = fill(template, &BTreeMap::from([("state_machine_arn", state_machine_arn.to_owned())]));
    serde_json::from_str(&text)
        .map_err(|error| AwsError::client("InvalidEventPatternException", error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ec2_ops::ErrorKind;
    use ec2_ops_asl::{StateMachine, lint};

    use super::*;

    fn definition() -> StateMachine {
        parsed(&Template::default().definition)
    }

    fn parsed(template: &str) -> StateMachine {
        let mut values = BTreeMap::from(FUNCTIONS.map(|function| (function.name, function.name.to_owned())));
        values.insert("run_commands", "arn:run-commands".to_owned());
        values.insert("log_bucket", "logs".to_owned());
        let text = fill(template, &values);
        assert!(!text.contains("${"), "a placeholder is left");
        StateMachine::parse(&text).unwrap()
    }

    #[test]
    fn the_definition_of_fleets_is_valid_and_invokes_one_function() {
        let fleet = parsed(&Template::default().fleet_definition);
        assert_eq!(fleet.function_names(), ["RunChecker"].into());
    }

    #[test]
    fn the_definition_keeps_the_house_rules() {
        assert_eq!(lint(&definition(), "EC2Stopper"), []);
    }

    #[test]
    fn the_definition_invokes_the_five_functions_and_no_others() {
        let definition = definition();
        assert_eq!(definition.function_names(), FUNCTIONS.map(|function| function.name).into());
    }

    /// What the steps call retryable is what the definition retries by name, and the other way round. Beside that it names
    /// what leads to another candidate.
    #[test]
    fn the_definition_retries_exactly_the_errors_that_are_retryable() {
        let retryable = ErrorKind::ALL.iter().filter(|kind| kind.retryable());
        let expected = retryable.chain([&ErrorKind::CandidateUnavailable]).map(|kind| kind.name());
        let definition = definition();
        let foreign =
            |name: &&str| !["States.", "Lambda.", "Runtime.", "Sandbox."].iter().any(|p| name.starts_with(p));
        let named: BTreeSet<_> = definition.error_names().into_iter().filter(foreign).collect();
        assert_eq!(named, expected.collect());
    }
}
