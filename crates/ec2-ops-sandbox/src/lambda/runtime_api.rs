//! The Lambda Runtime API, as one execution environment sees it.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. Each environment has a port of its own, so the
//! death of a function does not affect another.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::runtime::{FunctionResult, Request};
use crate::http::serve;
use crate::lock::lock;
use crate::protocol::Response;

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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let api = Arc::new(Api { pending: tokio::sync::Mutex::new(pending), current: Mutex::new(None) });
        let server = tokio::spawn(async move {
            let answer = move |request| {
                let api = Arc::clone(&api);
                async move { Ok(api.answer(request).await) }
            };
            // It ends when it is aborted.
            let _ = serve(listener, answer).await;
        });
        Ok(Self { address, server })
    }
}

impl Api {
    async fn answer(&self, request: http::Request<Incoming>) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return status(StatusCode::BAD_REQUEST) };
        let body = body.to_bytes();
        let path: Vec<_> = parts.uri.path().split('/').skip(1).collect();
        let ["2018-06-01", "runtime", path @ ..] = path.as_slice() else {
            return status(StatusCode::NOT_FOUND);
        };
        match (&parts.method, path) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.settle(id, response(&body)),
            (&Method::POST, ["invocation", id, "error"]) => self.settle(id, Err(function_error(&body))),
            (&Method::POST, ["init", "error"]) => self.init_error(&body).await,
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    async fn next(&self) -> Response {
        // The sender is dropped together with this environment.
        let Some(Pending { request, answer }) = self.pending.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let headers = [
            ("lambda-runtime-aws-request-id", request.request_id.clone()),
            ("lambda-runtime-deadline-ms", request.deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", request.function_arn),
            ("lambda-runtime-trace-id", format!("Root=1-00000000-{};Sampled=0", &request.request_id[..8])),
            ("content-type", "application/json".to_owned()),
        ];
        let mut response = Response::new(Bytes::from(request.payload.to_string()).into());
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        *lock(&self.current) = Some((request.request_id, answer));
        response
    }

    /// Lambda reports a failed initialisation to the caller of the invocation that waits.
    async fn init_error(&self, body: &[u8]) -> Response {
        if let Some(Pending { answer, .. }) = self.pending.lock().await.recv().await {
            let _ = answer.send(Err(function_error(body)));
        }
        status(StatusCode::ACCEPTED)
    }

    fn settle(&self, id: &str, result: FunctionResult) -> Response {
        match lock(&self.current).take() {
            Some((current, answer)) if current == id => {
                // The caller may have run out of time.
                let _ = answer.send(result);
                status(StatusCode::ACCEPTED)
            }
            _ => status(StatusCode::BAD_REQUEST),
        }
    }
}

fn response(body: &[u8]) -> FunctionResult {
    serde_json::from_slice(body).map_err(|_| {
        json!({ "errorType": "Runtime.InvalidResponse", "errorMessage": "the function's answer is not JSON" })
    })
}

fn function_error(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(
        |_| json!({ "errorType": "Runtime.Unknown", "errorMessage": String::from_utf8_lossy(body) }),
    )
}

fn status(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
