//! A scripted HTTP client for tests: it returns the answers in order, and records the requests.
//!
//! The SDK's own one would switch `serde_json` to insertion order in the tests of the whole workspace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use ec2_ops::ids::Region;

/// How the server responds to a request.
pub(crate) enum Answer {
    /// AWS's status, headers and body.
    Http(u16, &'static [(&'static str, &'static str)], String),
    /// A page of a gateway, with this status.
    Gateway(u16),
    /// The connection breaks.
    Lost,
}

/// An answer with `status` and `body`.
pub(crate) fn http(status: u16, body: impl Into<String>) -> Answer {
    Answer::Http(status, &[], body.into())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) uri: String,
    /// What the signature covers, and the signature.
    pub(crate) authorization: String,
    pub(crate) body: String,
}

#[derive(Clone)]
pub(crate) struct Replay {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replay")
    }
}

impl Replay {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() }
    }

    /// The configuration of the real clients, except for the network and the credentials.
    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKID", "secret", None, None, "replay");
        crate::sdk::with(&Region::new("us-east-1"), credentials, self.clone())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.asked.lock().unwrap().push(Asked {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            authorization: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        });
        let answer = self.answers.lock().unwrap().pop_front().expect("an answer for every request");
        HttpConnectorFuture::ready(match answer {
            Answer::Lost => Err(ConnectorError::io("connection reset by peer".into())),
            Answer::Http(status, headers, body) => {
                let mut response =
                    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
                response.headers_mut().insert("x-amz-request-id", "replay");
                for (name, value) in headers {
                    response.headers_mut().insert(*name, *value);
                }
                Ok(response)
            }
            Answer::Gateway(status) => {
                let page = SdkBody::from("<html>not found</html>");
                let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), page);
                response.headers_mut().insert("content-type", "text/html");
                Ok(response)
            }
        })
    }
}
