//! HTTPS for the SDK: hyper over rustls and ring, HTTP/1.1 only.
//!
//! The SDK's own client also speaks HTTP/2 and through proxies, which none of our calls needs. In the smallest Lambda that
//! was a third of the code. The Lambda runtime's client is the same as this one, so little is added.

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

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections that are kept for the next call. Plain `http` is for an endpoint of one's own.
#[derive(Clone, Debug)]
pub(crate) struct Https(Client<HttpsConnector<connect::HttpConnector>, SdkBody>);

impl Https {
    /// Trusts whom Mozilla trusts. These certificates are part of the binary: to read the system's took longer than
    /// everything else before the first invocation.
    pub(crate) fn new() -> Self {
        Self::trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    /// TLS 1.2 and 1.3.
    fn trusting(roots: RootCertStore) -> Self {
        let mut tcp = connect::HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
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

/// Whether there was no connection in time, or something else on the way.
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
