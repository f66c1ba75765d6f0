//! The Lambda entry: JSON in, JSON or a named error out, one log line with the result.

use std::future::Future;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::{Instrument, Span};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// Runs `step` for each invocation of this Lambda, until Lambda shuts the process down.
///
/// The state machine sees an error under its [`ec2_ops::Error::name`]. The Lambda runtime turns a panic into a diagnostic.
///
/// # Errors
/// If the Lambda Runtime API does not answer.
pub async fn run<Step, Answer>(step: Step) -> Result<(), lambda_runtime::Error>
where
    Step: Fn(Value) -> Answer,
    Answer: Future<Output = Result<Value, ec2_ops::Error>>,
{
    log_to_stdout();
    let step = &step;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let span = span(&event.payload, &event.context.request_id);
        // Boxed, because the compiler cannot lay out the futures of all layers as one.
        let answer = Box::pin(step(event.payload));
        async move { answer.await.inspect(done).map_err(|error| failed(&error)) }.instrument(span)
    }))
    .await
}

/// Writes one JSON object per line, which CloudWatch Logs can parse.
///
/// At this level neither the SDK nor the runtime logs the bodies of requests, which contain commands and task tokens.
fn log_to_stdout() {
    // The runtime would log each error that a handler returns, which `failed` already does, with name and level. The panic
    // hook still reports a panic.
    let levels = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false);
    tracing_subscriber::registry().with(levels).with(lines).init();
}

/// The span of one invocation, by whose fields its lines can be found.
fn span(payload: &Value, request: &str) -> Span {
    let [execution, attempt, instance] = subject(payload);
    tracing::info_span!("step", execution, attempt, instance, request)
}

/// Execution, attempt and instance, from a task's payload or an EventBridge event.
fn subject(payload: &Value) -> [Option<String>; 3] {
    let first = |pointers: &[&str]| {
        let mut values = pointers.iter().filter_map(|pointer| payload.pointer(pointer));
        values.find_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    [
        first(&["/execution/id", "/detail/executionArn"]),
        first(&["/attempt/number", "/state/attempt/number"]),
        first(&["/instance/id", "/state/instance/id", "/detail/instance-id"]),
    ]
}

fn done(answer: &Value) {
    let LogFields { status, next, found, swept, pending, foreign, warnings } = log_fields(answer);
    tracing::info!(status, next, found, swept, pending, foreign, warnings, "done");
}

/// The fields of the last log line. `terraform/metrics.tf` counts them by these names.
#[derive(Debug, Default, PartialEq, Eq)]
struct LogFields<'a> {
    /// How the attempt ended, and what follows.
    status: Option<&'a str>,
    next: Option<&'a str>,
    /// How many executions that are over the sweeper found with an instance or a volume.
    found: Option<usize>,
    /// Those that it has ended, and those that are still ending, for people.
    swept: Option<String>,
    pending: Option<String>,
    /// Those that are not of the sweeper's region and account, so that it left their instances alone.
    foreign: Option<String>,
    /// About the document, and of a line that the ledger lacks.
    warnings: Option<String>,
}

fn log_fields(answer: &Value) -> LogFields<'_> {
    let text = |name| answer.get(name).and_then(Value::as_str);
    let list = |name| answer.get(name).and_then(Value::as_array);
    let named =
        |name| list(name).map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    let found = list("swept").zip(list("pending")).map(|(swept, pending)| swept.len() + pending.len());
    LogFields {
        status: text("status"),
        next: text("next"),
        found,
        swept: named("swept"),
        pending: named("pending"),
        foreign: named("foreign").filter(|names| !names.is_empty()),
        warnings: named("warnings").filter(|texts| !texts.is_empty()),
    }
}

fn failed(error: &ec2_ops::Error) -> Diagnostic {
    let name = error.name();
    if error.retryable() {
        tracing::warn!(error = name, "{error}");
    } else {
        tracing::error!(error = name, "{error}");
    }
    Diagnostic { error_type: name.to_owned(), error_message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_name_the_execution_the_attempt_and_the_instance_of_every_payload() {
        let text = |value: &str| Some(value.to_owned());
        let payload =
            json!({"execution": {"id": "arn"}, "attempt": {"number": 2}, "instance": {"id": "i-1"}});
        assert_eq!(subject(&payload), [text("arn"), text("2"), text("i-1")]);
        let state = json!({"attempt": {"number": 2}, "instance": {"id": "i-2"}});
        let whole_state = json!({"execution": {"id": "arn"}, "state": state});
        assert_eq!(subject(&whole_state), [text("arn"), text("2"), text("i-2")]);
        let ended = json!({"detail": {"executionArn": "arn", "status": "ABORTED"}});
        assert_eq!(subject(&ended), [text("arn"), None, None]);
        let event = json!({"source": "aws.ec2", "detail": {"instance-id": "i-3"}});
        assert_eq!(subject(&event), [None, None, text("i-3")]);
        assert_eq!(subject(&json!("nonsense")), [None, None, None]);
    }

    #[test]
    fn the_last_line_has_the_fields_that_the_metrics_count() {
        let outcome = json!({"status": "CommandFailed", "next": "succeed", "attempts": []});
        assert_eq!(
            log_fields(&outcome),
            LogFields { status: Some("CommandFailed"), next: Some("succeed"), ..LogFields::default() }
        );
        let swept = json!({"swept": ["arn:1"], "pending": ["arn:2", "arn:3"], "foreign": []});
        let (swept_text, pending_text) = ("arn:1".to_owned(), "arn:2 arn:3".to_owned());
        let expected = LogFields {
            found: Some(3),
            swept: Some(swept_text),
            pending: Some(pending_text),
            ..LogFields::default()
        };
        assert_eq!(log_fields(&swept), expected);
        assert_eq!(log_fields(&json!({"id": "i-1"})), LogFields::default());
    }

    #[test]
    fn an_error_reaches_the_state_machine_under_its_name() {
        let diagnostic = failed(&ec2_ops::Error::CleanupPending("instance i-1 is stopping".to_owned()));
        assert_eq!(diagnostic.error_type, "CleanupPending");
        assert_eq!(diagnostic.error_message, "not yet cleaned up: instance i-1 is stopping");
    }
}
