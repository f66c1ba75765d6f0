//! The endpoints of a function: the Runtime API, and an AWS that refuses every call.

use std::future::pending;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ec2_ops_sandbox::deployment::Function;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;

/// A call of the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// The Runtime API's `/next`.
    Next,
    /// An AWS API.
    Aws,
    /// The Runtime API's `/response` or `/error`.
    Response,
}

/// The bucket of the output.
const BUCKET: &str = "output";

/// The state of the handlers.
#[derive(Clone)]
struct Server {
    payload: Value,
    /// Receives every call, with its time.
    calls: UnboundedSender<(Instant, Call)>,
}

/// Serves one function and invokes it with `payload`. Sends each call to `calls`.
pub(super) async fn serve(listener: TcpListener, payload: Value, calls: UnboundedSender<(Instant, Call)>) {
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{result}", post(answered))
        .fallback(refuse)
        .with_state(Server { payload, calls });
    // If the server fails, the channel closes, and its receiver reports that.
    let _ = axum::serve(listener, router).await;
}

async fn next(State(server): State<Server>) -> Response {
    // After the response to the one invocation, the receiver is closed.
    if server.calls.send((Instant::now(), Call::Next)).is_err() {
        return pending().await;
    }
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:benchmark"),
        ("content-type", "application/json"),
    ];
    (headers, server.payload.to_string()).into_response()
}

async fn answered(State(server): State<Server>) -> StatusCode {
    let _ = server.calls.send((Instant::now(), Call::Response));
    StatusCode::ACCEPTED
}

/// Refuses a call in its protocol: AWS JSON, or XML. The bucket exists, because nothing is launched without it.
async fn refuse(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    _body: Request,
) -> Response {
    let _ = server.calls.send((Instant::now(), Call::Aws));
    // An answer without one is not AWS's.
    let id = [("x-amz-request-id", "benchmark")];
    if method == Method::HEAD && uri.path().trim_matches('/') == BUCKET {
        return (id, StatusCode::OK).into_response();
    }
    let json = headers
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-amz-json"));
    if json {
        return (StatusCode::BAD_REQUEST, id, r#"{"__type":"AccessDeniedException","message":"no"}"#)
            .into_response();
    }
    let xml = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
    let body = if method == Method::HEAD { "" } else { xml };
    (StatusCode::FORBIDDEN, id, body).into_response()
}

/// The payload of `function`: what the state machine sends to all of them, and the step of those that have several.
pub(super) fn payload(function: &Function) -> Value {
    let started = "2026-01-01T00:00:00Z";
    let attempt = json!({"number": 1, "started": started});
    let document = json!({
        "commands": ["echo hello"],
        "bucket": BUCKET,
        "obj_key": "hello.txt",
        "instance_parameters": {"ImageId": "ami-0abcdef1234567890", "InstanceType": "t4g.nano"},
    });
    json!({
        "step": if function.name == "RunChecker" { "output" } else { "launch" },
        "execution": {
            "id": "arn:aws:states:us-east-1:123456789012:execution:benchmark:one",
            "started": started,
        },
        "attempt": attempt,
        "document": document,
        "retry": 0,
        "attempts": [],
        "candidate": 0,
        "instance": {
            "id": "i-0123456789abcdef0",
            "region": "us-east-1",
            "market": "on-demand",
            "launched_at": started,
        },
        "command": {
            "id": "11111111-2222-3333-4444-555555555555",
            "poll_seconds": 60,
            "deliver_by": started,
            "end_by": started,
            "logs": [],
        },
        "token": "token",
        "entered": started,
        "state": {"document": document, "attempt": attempt, "attempts": [], "over": {"at": started}},
    })
}
