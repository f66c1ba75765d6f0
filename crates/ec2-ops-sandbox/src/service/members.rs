//! Every member of AWS's service models, sent to the sandbox one by one: it is modelled, or it is refused by name.
//!
//! `models/generate.py` writes the members from botocore. Lambda and S3 are not here: their requests are paths, headers and
//! queries, which [`Route`](crate::protocol::Route)s read strictly.

use std::sync::Arc;

use hyper::body::Bytes;
use serde_json::{Map, Value, json};

use super::{Call, Description, SERVICES, Service};
use crate::http::testing::Served;
use crate::protocol::{Protocol, Request};
use crate::{AwsError, Caller, incidents};

const MODELS: [&str; 7] = [
    include_str!("models/dynamodb.json"),
    include_str!("models/ec2.json"),
    include_str!("models/logs.json"),
    include_str!("models/service-quotas.json"),
    include_str!("models/ssm.json"),
    include_str!("models/stepfunctions.json"),
    include_str!("models/sts.json"),
];

/// A member that no service has.
const NO_MEMBER: &str = "NoSuchMember";

/// One step on the way to a member.
#[derive(Clone, Debug)]
enum Step {
    Field(String),
    Item,
    Entry,
}

/// A service of an account.
struct Probe {
    description: &'static Description,
    service: Arc<dyn Service>,
}

impl Probe {
    /// Sends `leaf` at `path`, and nothing else. Whether it is refused as not modelled, and by this path.
    async fn is_refused(&self, action: &str, path: &[Step], leaf: Value) -> bool {
        let input = path.iter().rev().fold(leaf, |value, step| match step {
            Step::Field(name) => json!({ name: value }),
            Step::Item => json!([value]),
            Step::Entry => json!({ "x": value }),
        });
        let call = Call {
            caller: Caller::Owner,
            region: "us-east-1".to_owned(),
            action: action.to_owned(),
            request_id: "request-id".to_owned(),
            request: Request::new(Bytes::from(self.body(action, &input))),
        };
        let Err(AwsError { code, message, .. }) = self.service.answer(&call).await else { return false };
        let named = format!("the ec2-ops sandbox does not model the parameter {}", written(path));
        match message.strip_prefix(&named) {
            // What follows the path otherwise is the value, which is not modelled.
            Some(rest) if code == "NotImplemented" => {
                rest == format!(" in {action} of {}", self.description.name)
            }
            _ => {
                let other = message.contains("does not model the parameter") || message.contains(NO_MEMBER);
                assert!(!other, "{action} with {}: {message}", written(path));
                false
            }
        }
    }

    fn body(&self, action: &str, input: &Value) -> String {
        match self.description.protocol {
            Protocol::Query(api) => {
                let mut form = format!("Action={action}&Version={}", api.version);
                query("", input, &mut form);
                form
            }
            _ => input.to_string(),
        }
    }
}

/// Writes `value` as the fields of a form.
fn query(name: &str, value: &Value, form: &mut String) {
    let within = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                query(&within(field), value, form);
            }
        }
        Value::Array(items) => {
            for (i, item) in (1..).zip(items) {
                query(&within(&i.to_string()), item, form);
            }
        }
        Value::String(text) => form.extend(["&", name, "=", text]),
        scalar => form.extend(["&", name, "=", &scalar.to_string()]),
    }
}

/// The path as a refusal has it.
fn written(path: &[Step]) -> String {
    let parts = path.iter().map(|step| match step {
        Step::Field(name) => name.as_str(),
        Step::Item => "1",
        Step::Entry => "x",
    });
    parts.collect::<Vec<_>>().join(".")
}

/// A value of the type that the model calls `kind`.
fn example(kind: &Value) -> Value {
    match kind {
        Value::Object(fields) if fields.contains_key("*") => json!({ "x": example(&fields["*"]) }),
        // A form has no empty structures.
        Value::Object(fields) => {
            fields.iter().take(1).map(|(name, kind)| (name.clone(), example(kind))).collect()
        }
        Value::Array(items) => json!([example(&items[0])]),
        Value::String(name) => match name.as_str() {
            value if value.starts_with('=') => json!(value[1..]),
            "boolean" => json!(true),
            "integer" | "long" | "double" | "float" | "timestamp" => json!(1),
            _ => json!("x"),
        },
        _ => Value::Null,
    }
}

/// Walks what is within `kind`, as far as it is modelled. Counts the members that are modelled, and those that are refused.
async fn walk(probe: &Probe, action: &str, kind: &Value, path: Vec<Step>, counts: &mut [usize; 2]) {
    let then = |step: Step| path.iter().cloned().chain([step]).collect::<Vec<_>>();
    match kind {
        Value::Object(fields) if fields.contains_key("*") => {
            Box::pin(walk(probe, action, &fields["*"], then(Step::Entry), counts)).await;
        }
        Value::Object(fields) => walk_fields(probe, action, fields, &path, counts).await,
        Value::Array(items) => Box::pin(walk(probe, action, &items[0], then(Step::Item), counts)).await,
        _ => {}
    }
}

async fn walk_fields(
    probe: &Probe,
    action: &str,
    fields: &Map<String, Value>,
    path: &[Step],
    counts: &mut [usize; 2],
) {
    let within = |name: &str| path.iter().cloned().chain([Step::Field(name.to_owned())]).collect::<Vec<_>>();
    let unknown = within(NO_MEMBER);
    assert!(probe.is_refused(action, &unknown, json!("x")).await, "{action} takes {}", written(&unknown));
    for (name, kind) in fields {
        let path = within(name);
        if probe.is_refused(action, &path, example(kind)).await {
            counts[1] += 1;
        } else {
            counts[0] += 1;
            Box::pin(walk(probe, action, kind, path, counts)).await;
        }
    }
}

#[tokio::test]
async fn every_member_of_an_action_is_modelled_or_refused_by_name() {
    let account = Served::start().await.account;
    let models: Vec<Value> = MODELS.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    for (description, service) in SERVICES {
        let rest = matches!(description.protocol, Protocol::RestJson(_) | Protocol::RestXml(_));
        // The sandbox's own service has no model.
        if rest || description.signing_name == incidents::SERVICE.signing_name {
            continue;
        }
        let probe = Probe { description, service: service(&account) };
        let mut counts = [0, 0];
        for action in description.actions {
            let model = models.iter().find_map(|model| model["actions"].get(*action));
            let model = model.unwrap_or_else(|| panic!("{action}: run models/generate.py"));
            walk(&probe, action, model, Vec::new(), &mut counts).await;
        }
        let [modelled, refused] = counts;
        println!("{}: {modelled} members are modelled, {refused} are refused by name", description.name);
    }
}
