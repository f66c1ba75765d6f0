//! EventBridge rules: which events reach which target.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::epoch::iso_seconds;
use crate::lambda::Lambda;
use crate::stepfunctions::StepFunctions;
use crate::stepfunctions::api::StartExecutionRequest;
use crate::{AwsError, Event, Platform};

/// Passes every event that `pattern` matches to `target`, as a rule does. Events of other regions are forwarded.
///
/// Only lists of exact values and of prefixes, and nested objects are modelled. See
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>.
pub fn put_rule(
    platform: &Arc<Platform>,
    pattern: Value,
    target: impl Fn(Value) + Send + Sync + 'static,
) -> Result<(), AwsError> {
    check(&pattern)?;
    if let Some(name) =
        pattern.as_object().into_iter().flat_map(Map::keys).find(|name| !MATCHED.contains(&name.as_str()))
    {
        return Err(AwsError::unmodelled(format!("event patterns over {name}")));
    }
    let (owner, target) = (Arc::clone(platform), Arc::new(target));
    platform.events.subscribe(move |event| {
        if !concerns(&pattern, event) {
            return;
        }
        let envelope = envelope(&owner, event);
        let arrivals = owner.events.arrivals(event);
        owner.journal.matched(event, &pattern, arrivals.len());
        for delay in arrivals {
            let (target, envelope) = (Arc::clone(&target), envelope.clone());
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                target(envelope);
            });
        }
    });
    Ok(())
}

/// The target of a rule that invokes a function.
pub(crate) fn function(lambda: &Lambda, region: &str, name: &str) -> impl Fn(Value) + Send + Sync + use<> {
    let (lambda, region, name) = (lambda.clone(), region.to_owned(), name.to_owned());
    // Delivery is best effort: an event for a missing function is dropped.
    move |event| drop(lambda.invoke_async(&region, &name, event))
}

/// The target of a rule that starts an execution. EventBridge chooses its name, and a repeated delivery is another one.
pub(crate) fn state_machine(states: &StepFunctions, arn: &str) -> impl Fn(Value) + Send + Sync + use<> {
    let (states, arn) = (states.clone(), arn.to_owned());
    move |event| {
        let input = Some(event.to_string());
        // Delivery is best effort here too.
        drop(states.start_execution(StartExecutionRequest {
            state_machine_arn: arn.clone(),
            name: None,
            input,
        }));
    }
}

/// The fields of an event that a pattern can match.
const MATCHED: [&str; 3] = ["source", "detail-type", "detail"];

/// Invokes `function` at a fixed rate, as a scheduled rule does.
pub fn put_schedule(
    platform: &Arc<Platform>,
    lambda: &Lambda,
    every: Duration,
    (region, function): (&str, &str),
) {
    let (owner, lambda) = (Arc::clone(platform), lambda.clone());
    let (region, function) = (region.to_owned(), function.to_owned());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let tick = Event {
                source: "aws.events".to_owned(),
                detail_type: "Scheduled Event".to_owned(),
                region: region.clone(),
                resources: Vec::new(),
                detail: json!({}),
            };
            // As with any rule, an event for a missing function is dropped.
            let _ = lambda.invoke_async(&region, &function, envelope(&owner, &tick));
        }
    });
}

fn envelope(platform: &Platform, event: &Event) -> Value {
    json!({
        "version": "0",
        "id": platform.uuid(),
        "detail-type": event.detail_type,
        "source": event.source,
        "account": platform.account_id,
        "time": iso_seconds(platform.clock.now()),
        "region": event.region,
        "resources": event.resources,
        "detail": event.detail,
    })
}

fn check(pattern: &Value) -> Result<(), AwsError> {
    let invalid = |what: String| Err(AwsError::client("InvalidEventPatternException", what));
    match pattern {
        Value::Object(fields) if fields.is_empty() => invalid("Empty patterns are not allowed".to_owned()),
        Value::Object(fields) => fields.values().try_for_each(|value| match value {
            Value::Object(_) => check(value),
            Value::Array(values) if values.is_empty() => invalid("Empty arrays are not allowed".to_owned()),
            Value::Array(values) => match values.iter().find(|value| !is_modelled(value)) {
                Some(operator) => Err(AwsError::unmodelled(format!("the event pattern {operator}"))),
                None => Ok(()),
            },
            other => invalid(format!("{other} must be an object or an array")),
        }),
        other => invalid(format!("{other} must be an object")),
    }
}

/// A value that an event must have, or a prefix of it.
fn is_modelled(value: &Value) -> bool {
    match value {
        Value::Object(operator) => {
            operator.len() == 1 && operator.get("prefix").is_some_and(Value::is_string)
        }
        Value::Array(_) => false,
        _ => true,
    }
}

/// Whether `pattern` matches `event`. It avoids building the JSON envelope, since most events match no rule.
fn concerns(pattern: &Value, event: &Event) -> bool {
    let equals = |pattern: &Value, text: &str| {
        pattern.as_array().is_some_and(|allowed| allowed.iter().any(|value| value == text))
    };
    pattern.as_object().into_iter().flatten().all(|(name, pattern)| match name.as_str() {
        "source" => equals(pattern, &event.source),
        "detail-type" => equals(pattern, &event.detail_type),
        _ => matches(pattern, &event.detail),
    })
}

fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(name, pattern)| matches(pattern, &event[name])),
        Value::Array(allowed) => match event {
            Value::Array(values) => values.iter().any(|value| allows(allowed, value)),
            value => allows(allowed, value),
        },
        _ => false,
    }
}

fn allows(allowed: &[Value], value: &Value) -> bool {
    allowed.iter().any(|allowed| match allowed["prefix"].as_str() {
        Some(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
        None => allowed == value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_it_lists_at_every_depth() {
        let pattern = json!({ "source": ["aws.ec2", "aws.ssm"], "detail": { "state": ["stopped"] } });
        assert!(matches(
            &pattern,
            &json!({ "source": "aws.ec2", "detail": { "state": "stopped", "more": 1 } })
        ));
        assert!(!matches(&pattern, &json!({ "source": "aws.ec2", "detail": { "state": "running" } })));
        assert!(!matches(&pattern, &json!({ "source": "aws.ec2", "detail": {} })));
        assert!(matches(&json!({ "resources": ["a"] }), &json!({ "resources": ["b", "a"] })));
        let prefix = json!({ "key": [{ "prefix": "in/" }] });
        assert!(matches(&prefix, &json!({ "key": "in/a" })));
        assert!(!matches(&prefix, &json!({ "key": "out/in/a" })) && !matches(&prefix, &json!({ "key": 7 })));
        let event = Event {
            source: "aws.ec2".to_owned(),
            detail_type: "State".to_owned(),
            region: String::new(),
            resources: Vec::new(),
            detail: json!({ "state": "stopped" }),
        };
        for (pattern, expected) in [
            (json!({ "source": ["aws.ec2"], "detail": { "state": ["stopped"] } }), true),
            (json!({ "source": ["aws.ssm"], "detail": { "state": ["stopped"] } }), false),
            (json!({ "detail-type": ["State", "Other"] }), true),
            (json!({ "detail-type": ["Other"] }), false),
            (json!({ "detail": { "state": ["running"] } }), false),
        ] {
            assert_eq!(concerns(&pattern, &event), expected, "{pattern}");
        }
    }

    #[test]
    fn operators_and_empty_patterns_are_refused() {
        for pattern in
            [json!({}), json!({ "a": [] }), json!({ "a": "b" }), json!({ "a": [{ "suffix": "b" }] })]
        {
            assert!(check(&pattern).is_err(), "{pattern}");
        }
    }
}
