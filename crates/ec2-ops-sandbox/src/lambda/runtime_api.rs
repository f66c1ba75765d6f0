//! The Lambda Runtime API, as one execution environment sees it.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. Each environment has a port of its own, so a
//! function that dies takes nothing of another's with it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{FunctionResult, Request};
use crate::lock::lock;

/// An invocation on its way to a function.
pub(super) struct Pending {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<FunctionResult>,
}

/// The API on its port, as long as it is kept.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Api {
    pending: tokio::sync::Mutex<mpsc::Receiver<Pending>>,
    /// The invocation that the function works on: one at a time.
    current: Mutex<Option<(String, oneshot::Sender<FunctionResult>)>>,
}

impl RuntimeApi {
    pub(super) async fn serve(pending: mpsc::Receiver<Pending>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let api = Arc::new(Api { pending: tokio::sync::Mutex::new(pending), current: Mutex::new(None) });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::disable())
            .with_state(api);
        let server = tokio::spawn(async move {
            // It ends when it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, server })
    }
}

async fn next(State(api): State<Arc<Api>>) -> Result<(HeaderMap, Bytes), StatusCode> {
    // The sender is dropped together with this environment.
    let Some(Pending { request, answer }) = api.pending.lock().await.recv().await else {
        return Err(StatusCode::GONE);
    };
    let headers = [
        ("lambda-runtime-aws-request-id", request.request_id.clone()),
        ("lambda-runtime-deadline-ms", request.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", request.function_arn),
        ("lambda-runtime-trace-id", format!("Root=1-00000000-{};Sampled=0", &request.request_id[..8])),
        ("content-type", "application/json".to_owned()),
    ];
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
    *lock(&api.current) = Some((request.request_id, answer));
    Ok((map, Bytes::from(request.payload.to_string())))
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice::<Value>(&body).map_err(|_| {
        json!({ "errorType": "Runtime.InvalidResponse", "errorMessage": "the function's answer is not JSON" })
    });
    settle(&api, &id, answer)
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&api, &id, Err(function_error(&body)))
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    // Lambda reports a failed initialisation to whoever is waiting for the function.
    if let Some(Pending { answer, .. }) = api.pending.lock().await.recv().await {
        let _ = answer.send(Err(function_error(&body)));
    }
    StatusCode::ACCEPTED
}

fn function_error(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(
        |_| json!({ "errorType": "Runtime.Unknown", "errorMessage": String::from_utf8_lossy(body) }),
    )
}

fn settle(api: &Api, id: &str, result: FunctionResult) -> StatusCode {
    match lock(&api.current).take() {
        Some((current, answer)) if current == id => {
            // Whoever waited may have run out of time.
            let _ = answer.send(result);
            StatusCode::ACCEPTED
        }
        _ => StatusCode::BAD_REQUEST,
    }
}
