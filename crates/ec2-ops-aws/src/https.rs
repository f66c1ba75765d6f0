//! HTTPS for the SDK: hyper over rustls and ring, HTTP/1.1 only.
//!
//! The SDK's own client also supports HTTP/2 and proxies, which none of our calls needs; in the smallest Lambda they were a
//! third of the code. The Lambda runtime already contains the same client as this one, so it adds little.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, Client, connect};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

/// How long a connection may take to be established.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a connection without a request is kept. Lambda freezes a function between invocations, and a server closes a
/// connection that is idle; a request on one that has been closed fails, and the next try of an event is a minute later. See
/// <https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html> on connections that are idle.
const IDLE: Duration = Duration::from_secs(5);

/// A pool of connections. It allows plain `http`, for a custom endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Https(Client<HttpsConnector<connect::HttpConnector>, SdkBody>);

impl Https {
    /// Trusts Mozilla's root certificates. They are part of the binary: reading those of the system took longer than
    /// everything else before the first invocation.
    pub(crate) fn new() -> Self {
        Self::trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }, IDLE)
    }

    /// TLS 1.2 and 1.3.
    fn trusting(roots: RootCertStore, idle: Duration) -> Self {
        let mut tcp = connect::HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let mut pool = Client::builder(TokioExecutor::new());
        Self(pool.pool_timer(TokioTimer::new()).pool_idle_timeout(idle).build(connector))
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async {
            let answer = answer.await.map_err(failed)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A connection that timed out, or any other failure of the network.
fn failed(error: legacy::Error) -> ConnectorError {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    let mut io = causes.filter_map(|cause| cause.downcast_ref::<io::Error>());
    if io.any(|error| error.kind() == io::ErrorKind::TimedOut) {
        ConnectorError::timeout(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

#[cfg(test)]
mod tests;
