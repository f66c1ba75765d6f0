//! The Lambda Runtime API, as one execution environment sees it.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. The API has no signatures, so its path begins with
//! a secret that only the process of the environment knows. Each environment has a port of its own, so the
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
use crate::AccessKeys;
use crate::http::{Limits, guard, serve};
use crate::lock::lock;
use crate::protocol::Response;

/// An invocation on its way to a function.
pub(super) struct Pending {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<FunctionResult>,
}

/// The API on its port, as long as it is kept.
pub(super) struct RuntimeApi {
    /// For `AWS_LAMBDA_RUNTIME_API`. On AWS it has no scheme and no path, and Rust's runtime takes a path only with a scheme.
    pub(super) url: String,
    server: JoinHandle<()>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Api {
    address: SocketAddr,
    secret: String,
    pending: tokio::sync::Mutex<mpsc::Receiver<Pending>>,
    /// The invocation that the function works on: one at a time.
    current: Mutex<Option<(String, oneshot::Sender<FunctionResult>)>>,
}

impl RuntimeApi {
    pub(super) async fn serve(pending: mpsc::Receiver<Pending>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let secret = AccessKeys::random()?.owner().to_owned();
        let url = format!("http://{address}/{secret}");
        let pending = tokio::sync::Mutex::new(pending);
        let api = Arc::new(Api { address, secret, pending, current: Mutex::new(None) });
        let server = tokio::spawn(async move {
            let answer = move |request| {
                let api = Arc::clone(&api);
                async move { Ok(api.answer(request).await) }
            };
            serve(listener, Limits::default(), answer).await;
        });
        Ok(Self { url, server })
    }
}

impl Api {
    async fn answer(&self, request: http::Request<Incoming>) -> Response {
        let (parts, body) = request.into_parts();
        let path: Vec<_> = parts.uri.path().split('/').skip(1).collect();
        let [secret, "2018-06-01", "runtime", path @ ..] = path.as_slice() else {
            return status(StatusCode::NOT_FOUND);
        };
        if guard::check(&parts, self.address).is_err() || *secret != self.secret {
            return status(StatusCode::FORBIDDEN);
        }
        let Ok(body) = body.collect().await else { return status(StatusCode::BAD_REQUEST) };
        let body = body.to_bytes();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// The status line of the answer to `GET /SECRET/2018-06-01/runtime/invocation/next`.
    async fn next(address: &str, secret: &str, host: &str, more: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let path = format!("/{secret}/2018-06-01/runtime/invocation/next").replace("//", "/");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // Without an invocation, `next` waits.
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut answer));
        read.await.unwrap().unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn only_the_process_of_the_environment_gets_an_invocation() {
        let (invocations, pending) = mpsc::channel(1);
        let api = RuntimeApi::serve(pending).await.unwrap();
        let (address, secret) = api.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let (answer, _settled) = oneshot::channel();
        let request = Request {
            request_id: "12345678-1234".to_owned(),
            function_arn: "arn".to_owned(),
            payload: Value::Null,
            deadline_ms: 0,
        };
        invocations.send(Pending { request, answer }).await.unwrap();

        let port = address.rsplit(':').next().unwrap();
        for stranger in [
            next(address, "", address, "").await,
            next(address, "sandbox", address, "").await,
            next(address, secret, &format!("evil.example:{port}"), "").await,
            next(address, secret, address, "Origin: https://evil.example\r\n").await,
            next(address, secret, address, "Sec-Fetch-Site: cross-site\r\n").await,
        ] {
            assert!(stranger.starts_with("HTTP/1.1 40"), "{stranger}");
        }
        assert_eq!(next(address, secret, address, "").await, "HTTP/1.1 200 OK");
    }
}
