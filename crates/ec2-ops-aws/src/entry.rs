//! The Lambda entry: JSON in, JSON or a named error out, one log line about how it went.

use std::future::Future;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::{Instrument, Span};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// Answers the invocations of this Lambda with `step`, until the sandbox is shut down.
///
/// An error reaches the state machine under its [`ec2_ops::Error::name`]; a panic is turned into a diagnostic by the
/// Lambda runtime.
///
/// # Errors
/// Where the Lambda Runtime API does not answer.
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

/// One JSON object a line, as CloudWatch Logs reads it.
///
/// At this level neither the SDK nor the runtime prints what it sends or receives: no commands, no task tokens.
fn log_to_stdout() {
    // The runtime logs each error that a handler returns; `failed` has already, with its name and level. A panic still
    // is reported, by the panic hook.
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

/// The span of one invocation: what its lines are found by.
fn span(payload: &Value, request: &str) -> Span {
    let [execution, attempt, instance] = subject(payload);
    tracing::info_span!("step", execution, attempt, instance, request)
}

/// Execution, attempt and instance, wherever a payload of ours or an EventBridge event names them.
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
    let Told { status, next, found, swept, pending } = told(answer);
    tracing::info!(status, next, found, swept, pending, "done");
}

/// What `terraform/metrics.tf` counts, by these names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told<'a> {
    /// What an attempt came to, and what follows.
    status: Option<&'a str>,
    next: Option<&'a str>,
    /// How many executions the sweeper had to end.
    found: Option<usize>,
    /// Which of them it has ended, and which it has not yet, for people.
    swept: Option<String>,
    pending: Option<String>,
}

fn told(answer: &Value) -> Told<'_> {
    let text = |name| answer.get(name).and_then(Value::as_str);
    let list = |name| answer.get(name).and_then(Value::as_array);
    let named =
        |name| list(name).map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    let found = list("swept").zip(list("pending")).map(|(swept, pending)| swept.len() + pending.len());
    Told {
        status: text("status"),
        next: text("next"),
        found,
        swept: named("swept"),
        pending: named("pending"),
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
    fn lines_name_the_execution_the_attempt_and_the_instance_wherever_they_are_written() {
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
    fn the_last_line_tells_what_the_metrics_count() {
        let outcome = json!({"status": "CommandFailed", "next": "succeed", "attempts": []});
        assert_eq!(
            told(&outcome),
            Told { status: Some("CommandFailed"), next: Some("succeed"), ..Told::default() }
        );
        let swept = json!({"swept": ["arn:1"], "pending": ["arn:2", "arn:3"]});
        let (swept_text, pending_text) = ("arn:1".to_owned(), "arn:2 arn:3".to_owned());
        let expected =
            Told { found: Some(3), swept: Some(swept_text), pending: Some(pending_text), ..Told::default() };
        assert_eq!(told(&swept), expected);
        assert_eq!(told(&json!({"id": "i-1"})), Told::default());
    }

    #[test]
    fn an_error_reaches_the_state_machine_under_its_name() {
        let diagnostic = failed(&ec2_ops::Error::CleanupPending("instance i-1 is stopping".to_owned()));
        assert_eq!(diagnostic.error_type, "CleanupPending");
        assert_eq!(diagnostic.error_message, "not yet cleaned up: instance i-1 is stopping");
    }
}
