//! The bounds of requests: lengths, values, patterns and words, as AWS's service models have them.
//!
//! `models/generate.py` writes them from botocore. A request that breaks some is refused with all of them, in the words of
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::AwsError;

/// The models, by signing name, and the error of the service for a request beyond its bounds.
const MODELS: [(&str, &str, &str); 6] = [
    ("dynamodb", include_str!("models/dynamodb.json"), "ValidationException"),
    ("lambda", include_str!("models/lambda.json"), "ValidationException"),
    ("logs", include_str!("models/logs.json"), "InvalidParameterException"),
    ("servicequotas", include_str!("models/service-quotas.json"), "ValidationException"),
    ("ssm", include_str!("models/ssm.json"), "ValidationException"),
    ("states", include_str!("models/stepfunctions.json"), "ValidationException"),
];

/// How much of a value a message shows, in characters.
const SHOWN: usize = 200;

#[derive(Deserialize)]
struct Model {
    limits: HashMap<String, BTreeMap<String, Limit>>,
}

/// The bounds of one member.
#[derive(Deserialize)]
struct Limit {
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(rename = "enum", default)]
    words: Vec<String>,
    /// The value is kept out of messages.
    #[serde(default)]
    sensitive: bool,
    #[serde(skip)]
    compiled: Option<Regex>,
}

static LIMITS: LazyLock<HashMap<&str, Model>> = LazyLock::new(|| {
    let read = |(name, text, _): (&'static str, &str, _)| {
        let mut model: Model =
            serde_json::from_str(text).unwrap_or_else(|_| Model { limits: HashMap::new() });
        for limit in model.limits.values_mut().flat_map(BTreeMap::values_mut) {
            // A pattern is that of the whole value.
            limit.compiled =
                limit.pattern.as_ref().and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
        }
        (name, model)
    };
    MODELS.map(read).into()
});

/// Refuses a request of `action` that breaks the bounds of its service's model.
pub(crate) fn check(service: &str, action: &str, request: &Value) -> Result<(), AwsError> {
    let Some(limits) = LIMITS.get(service).and_then(|model| model.limits.get(action)) else { return Ok(()) };
    let mut broken = Vec::new();
    for (path, limit) in limits {
        visit(request, path, "", &mut |value, shown, inner| {
            let shown_value = if limit.sensitive { String::new() } else { format!(" '{}'", text(value)) };
            broken.extend(limit.broken(value).map(|constraint| {
                let constraint = if inner {
                    format!("Member must satisfy constraint: [{constraint}]")
                } else {
                    constraint
                };
                format!("Value{shown_value} at '{shown}' failed to satisfy constraint: {constraint}")
            }));
        });
    }
    if broken.is_empty() {
        return Ok(());
    }
    let plural = if broken.len() == 1 { "" } else { "s" };
    let message = format!("{} validation error{plural} detected: {}", broken.len(), broken.join("; "));
    let code =
        MODELS.iter().find(|(name, ..)| *name == service).map_or("ValidationException", |model| model.2);
    Err(AwsError::client(code, message))
}

/// Calls `found` with each value at `path` below `value`, its path for people, and whether it is an item or a part of a map.
fn visit(value: &Value, path: &str, shown: &str, found: &mut impl FnMut(&Value, &str, bool)) {
    let end = path.find(['.', '[', '{']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let value = if name.is_empty() { value } else { &value[name] };
    if value.is_null() {
        return;
    }
    let shown = match (shown, name) {
        (shown, "") => shown.to_owned(),
        ("", name) => camel(name),
        (shown, name) => format!("{shown}.{}", camel(name)),
    };
    match (value, rest) {
        (value, "") => found(value, &shown, false),
        // The items of a list of texts are shown by the list.
        (Value::Array(items), "[]") => items.iter().for_each(|item| found(item, &shown, true)),
        (Value::Array(items), rest) => {
            for (number, item) in (1..).zip(items) {
                let rest = rest.trim_start_matches("[]").trim_start_matches('.');
                visit(item, rest, &format!("{shown}.{number}.member"), found);
            }
        }
        (Value::Object(fields), "{}") => {
            fields.keys().for_each(|key| found(&Value::String(key.clone()), &shown, true));
        }
        (Value::Object(fields), rest) => match rest.strip_prefix(".*") {
            Some("") => fields.values().for_each(|value| found(value, &shown, true)),
            Some(rest) => {
                for (key, value) in fields {
                    let rest = rest.trim_start_matches('.');
                    visit(value, rest, &format!("{shown}.{key}.member"), found);
                }
            }
            None => visit(value, rest.trim_start_matches('.'), &shown, found),
        },
        _ => {}
    }
}

/// AWS shows the names of members with a small letter first.
fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn text(value: &Value) -> String {
    let whole = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match whole.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

impl Limit {
    /// The constraints that `value` breaks.
    fn broken(&self, value: &Value) -> impl Iterator<Item = String> {
        let (what, size) = match value {
            Value::String(text) => ("length", i64::try_from(text.chars().count()).ok()),
            Value::Array(items) => ("length", i64::try_from(items.len()).ok()),
            Value::Object(fields) => ("length", i64::try_from(fields.len()).ok()),
            number => ("value", number.as_i64()),
        };
        let least = self.min.filter(|min| size.is_some_and(|size| size < *min));
        let most = self.max.filter(|max| size.is_some_and(|size| size > *max));
        let word = value.as_str().unwrap_or_default();
        let pattern = self.pattern.as_ref().filter(|_| {
            value.is_string() && self.compiled.as_ref().is_some_and(|pattern| !pattern.is_match(word))
        });
        let known =
            self.words.is_empty() || !value.is_string() || self.words.iter().any(|known| known == word);
        [
            least.map(|min| format!("Member must have {what} greater than or equal to {min}")),
            most.map(|max| format!("Member must have {what} less than or equal to {max}")),
            pattern.map(|pattern| format!("Member must satisfy regular expression pattern: {pattern}")),
            (!known).then(|| format!("Member must satisfy enum value set: [{}]", self.words.join(", "))),
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use serde_json::json;

    use super::*;

    fn refusal(service: &str, action: &str, request: &Value) -> Option<AwsError> {
        check(service, action, request).err()
    }

    #[test]
    fn what_is_within_the_bounds_passes() {
        for (service, action, request) in [
            (
                "states",
                "SendTaskFailure",
                json!({ "taskToken": "t", "error": "e", "cause": "x".repeat(32_768) }),
            ),
            (
                "ssm",
                "ListCommands",
                json!({ "MaxResults": 50, "Filters": [{ "key": "Status", "value": "Success" }] }),
            ),
            ("ssm", "SendCommand", json!({ "InstanceIds": ["i-0123456789abcdef0"], "Comment": "" })),
            ("dynamodb", "GetItem", json!({ "TableName": "t", "Key": { "id": { "S": "x" } } })),
            ("ec2", "RunInstances", json!({})),
            ("states", "StartExecution", json!({ "stateMachineArn": null })),
        ] {
            assert_eq!(refusal(service, action, &request), None, "{action} {request}");
        }
    }

    #[test]
    fn each_bound_is_said_in_the_words_of_aws() {
        for (service, action, request, expected) in [
            (
                "states",
                "SendTaskFailure",
                json!({ "taskToken": "t", "error": "secret".repeat(50) }),
                "Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256",
            ),
            (
                "states",
                "ListExecutions",
                json!({ "stateMachineArn": "a", "maxResults": 1001 }),
                "Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000",
            ),
            (
                "states",
                "ListExecutions",
                json!({ "stateMachineArn": "a", "statusFilter": "DONE" }),
                "Value 'DONE' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [RUNNING, \
                 SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE]",
            ),
            (
                "ssm",
                "ListCommands",
                json!({ "Filters": [{ "key": "Status", "value": "" }] }),
                "Value '' at 'filters.1.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                "ssm",
                "SendCommand",
                json!({ "DocumentName": "d d" }),
                "Value 'd d' at 'documentName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 ^[a-zA-Z0-9_\\-.:/]{3,128}$",
            ),
            (
                "ssm",
                "SendCommand",
                json!({ "InstanceIds": ["i-1"] }),
                "Value 'i-1' at 'instanceIds' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy \
                 regular expression pattern: (^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)]",
            ),
            (
                "lambda",
                "ListFunctions",
                json!({ "MaxItems": 10_001 }),
                "Value '10001' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 10000",
            ),
            (
                "lambda",
                "Invoke",
                json!({ "FunctionName": "f", "Qualifier": "a b" }),
                "Value 'a b' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
            ),
        ] {
            let refused = refusal(service, action, &request).unwrap();
            assert_eq!(refused.code, "ValidationException");
            assert_eq!(refused.message, format!("1 validation error detected: {expected}"));
        }
    }

    #[test]
    fn all_of_them_are_said_at_once_under_the_code_of_the_service() {
        let refused = refusal("logs", "FilterLogEvents", &json!({ "logGroupName": "", "limit": 0 })).unwrap();
        assert_eq!(refused.code, "InvalidParameterException");
        assert!(refused.message.starts_with("3 validation errors detected: "), "{}", refused.message);
    }

    #[test]
    fn every_pattern_of_the_models_compiles() {
        for limit in LIMITS.values().flat_map(|model| model.limits.values()).flat_map(BTreeMap::values) {
            // The one pattern that looks ahead is that of names of alarms, which are not modelled.
            let pattern = limit.pattern.as_ref().filter(|pattern| !pattern.contains("(?!"));
            assert_eq!(pattern.is_some(), limit.compiled.is_some(), "{:?}", limit.pattern);
        }
        assert!(LIMITS.values().all(|model| !model.limits.is_empty()));
    }

    #[test]
    fn the_models_are_those_of_the_botocore_that_they_name() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service/models");
        let python =
            |arguments: &[&str]| Command::new("python3").args(arguments).current_dir(&models).output();
        match python(&["-c", "import botocore"]) {
            Ok(import) if import.status.success() => {
                let check = python(&["generate.py", "--check"]).unwrap();
                assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
            }
            _ => println!("SKIPPED: the models are not compared with botocore, which python3 does not have"),
        }
    }
}
