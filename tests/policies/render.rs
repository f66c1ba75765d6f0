//! Renders the policies as Terraform does, with the values and the functions that they use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ec2_ops_sandbox::deployment::{FUNCTIONS, Names};
use hcl::eval::{Context, Evaluate};
use hcl::{Body, Expression, Value};
use serde_json::json;

use crate::functions;

/// The account in the examples of AWS's documentation.
pub(crate) const ACCOUNT: &str = "111122223333";

/// Policy documents by role.
pub(crate) type Documents = BTreeMap<String, serde_json::Value>;

/// The values that the policies refer to.
#[derive(Clone)]
pub(crate) struct Values {
    pub(crate) names: Names,
    pub(crate) output_buckets: Vec<String>,
    pub(crate) input_buckets: Vec<String>,
    pub(crate) bucket_keys: Vec<String>,
    pub(crate) secret_keys: Vec<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) image_parameters: Vec<String>,
    /// `var.allowed`.
    pub(crate) allowed: serde_json::Value,
    pub(crate) log_bucket: bool,
    pub(crate) log_group: bool,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            names: Names::default(),
            output_buckets: vec!["output".to_owned()],
            input_buckets: vec!["input".to_owned()],
            bucket_keys: vec![key("0")],
            secret_keys: vec![key("1")],
            secrets: [
                "/my/token".to_owned(),
                format!("arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:token-AbCdEf"),
            ]
            .into(),
            image_parameters: vec!["/my/image".to_owned()],
            allowed: allowed(&json!({})),
            log_bucket: true,
            log_group: true,
        }
    }
}

/// `var.allowed` with these attributes; Terraform sets the others to null.
fn allowed(own: &serde_json::Value) -> serde_json::Value {
    let kinds = ["instance_types", "image_owners", "subnet_ids", "security_group_ids", "snapshot_ids"];
    kinds.map(|kind| (kind.to_owned(), own[kind].clone())).into_iter().collect()
}

/// The ARN of a KMS key whose id ends so.
pub(crate) fn key(id: &str) -> String {
    format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id:0>36}")
}

impl Values {
    /// The same deployment, which allows documents only some things.
    pub(crate) fn narrowed() -> Self {
        let own = json!({
            "instance_types": ["m8g.*", "t4g.nano"],
            "image_owners": [ACCOUNT, "amazon"],
            "subnet_ids": ["subnet-0123456789abcdef0"],
            "security_group_ids": ["sg-0123456789abcdef0"],
            "snapshot_ids": [],
        });
        Self { allowed: allowed(&own), ..Self::default() }
    }

    fn variables(&self) -> Value {
        let own = format!("arn:aws:iam::{ACCOUNT}:role/document-1-instances");
        value(&json!({
            "prefix": self.names.deployment,
            "allowed": self.allowed,
            "instances": {
                "additional_role_arns": [own],
                "output_buckets": self.output_buckets,
                "input_buckets": self.input_buckets,
                "bucket_kms_key_arns": self.bucket_keys,
                "secrets": self.secrets,
                "secret_kms_key_arns": self.secret_keys,
                "image_parameters": self.image_parameters,
            },
        }))
    }

    fn locals(&self) -> Value {
        let Names { deployment: prefix, region, log_bucket, log_group, wake_table, additional_regions } =
            &self.names;
        let mut names = FUNCTIONS.map(|function| function.name);
        // Terraform iterates over a map in the order of its keys.
        names.sort_unstable();
        let arn =
            |service: &str, resource: String| format!("arn:aws:{service}:{region}:{ACCOUNT}:{resource}");
        let by_function = |resource: &dyn Fn(&str) -> String| -> serde_json::Value {
            names.iter().map(|name| ((*name).to_owned(), serde_json::Value::from(resource(name)))).collect()
        };
        let log_group = arn("logs", format!("log-group:{log_group}"));
        value(&json!({
            "partition": "aws",
            "account_id": ACCOUNT,
            "region": region,
            "regions": std::iter::once(region).chain(additional_regions).collect::<Vec<_>>(),
            "function_arns": by_function(&|name| arn("lambda", format!("function:{prefix}-{name}"))),
            "function_log_group_arns":
                by_function(&|name| arn("logs", format!("log-group:/aws/lambda/{prefix}-{name}"))),
            "state_machine_arn": arn("states", format!("stateMachine:{prefix}")),
            "fleet_arn": arn("states", format!("stateMachine:{prefix}-fleet")),
            "event_bus_arn": arn("events", "event-bus/default".to_owned()),
            "topic_arns": [arn("sns", format!("{prefix}-outcomes")), arn("sns", "team".to_owned())],
            "outcome_messages_arn": arn("states", format!("stateMachine:{prefix}-outcomes")),
            "wake_table_arn": arn("dynamodb", format!("table/{wake_table}")),
            "log_bucket_arn": self.log_bucket.then(|| format!("arn:aws:s3:::{log_bucket}")),
            "log_group_arn": self.log_group.then_some(log_group),
            "own_subnets": ["subnet-0aaaaaaaaaaaaaaaa"],
            "own_security_groups": ["sg-0aaaaaaaaaaaaaaaa"],
            "instance_role_arn": format!("arn:aws:iam::{ACCOUNT}:role/{prefix}-Instance"),
        }))
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files that define the policies, in `terraform/`.
pub(crate) const FILES: [&str; 2] = ["policies.tf", "policies_functions.tf"];

/// The text of one of [`FILES`].
pub(crate) fn source(file: &str) -> String {
    fs::read_to_string(root().join("terraform").join(file)).unwrap()
}

/// `local.policies` and `local.trust`.
pub(crate) fn render(values: &Values) -> (Documents, Documents) {
    let bodies = FILES.map(|file| -> Body { hcl::from_str(&source(file)).unwrap() });
    let blocks = bodies.iter().flat_map(Body::blocks).filter(|block| block.identifier() == "locals");
    let locals = blocks.flat_map(|block| block.body().attributes());
    let locals = locals.map(|local| (local.key().to_owned(), local.expr().clone())).collect();
    let locals = evaluate(locals, values);
    let documents =
        |name: &str| serde_json::from_value(serde_json::to_value(&locals[name]).unwrap()).unwrap();
    (documents("policies"), documents("trust"))
}

/// Evaluates all locals. Their order does not matter, as in Terraform: each is evaluated after those that it refers to.
fn evaluate(mut open: Vec<(String, Expression)>, values: &Values) -> hcl::Map<String, Value> {
    let mut known = values.locals().as_object().cloned().unwrap();
    while !open.is_empty() {
        let context = context(&known, values);
        let (mut still_open, mut errors) = (Vec::new(), Vec::new());
        let before = known.len();
        for (name, expression) in open {
            match expression.evaluate(&context) {
                Ok(value) => drop(known.insert(name, value)),
                Err(error) => {
                    errors.push(format!("local.{name}: {error}"));
                    still_open.push((name, expression));
                }
            }
        }
        assert!(known.len() > before, "{errors:#?}");
        open = still_open;
    }
    known
}

fn context(known: &hcl::Map<String, Value>, values: &Values) -> Context<'static> {
    let mut context = Context::new();
    context.declare_var("local", Value::Object(known.clone()));
    context.declare_var("var", values.variables());
    functions::declare(&mut context);
    context
}

fn value(json: &serde_json::Value) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}
