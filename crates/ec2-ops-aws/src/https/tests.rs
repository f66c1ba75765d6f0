//! Handshakes with a rustls server, whose certificate is made for the test.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use rcgen::CertifiedKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Https, IDLE};

/// A server that speaks one version of TLS and answers every request with `found`.
struct Server {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    /// How many connections it has taken.
    taken: Arc<AtomicUsize>,
}

impl Server {
    async fn start(version: &'static SupportedProtocolVersion) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_protocol_versions(&[version])
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::default();
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&taken)));
        Self { address, certificate, taken }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }

    /// Sends a request to it.
    async fn ask(&self, https: &Https) -> Result<HttpResponse, ConnectorError> {
        let mut request = HttpRequest::new(SdkBody::from("a question"));
        request.set_method("POST").unwrap();
        request.set_uri(format!("https://localhost:{}/", self.address.port())).unwrap();
        https.call(request).await
    }
}

async fn body(answer: HttpResponse) -> Vec<u8> {
    let body = ByteStream::new(answer.into_body()).collect().await;
    body.unwrap().to_vec()
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, taken: Arc<AtomicUsize>) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        // A client that does not trust the certificate closes the connection.
        let Ok(mut stream) = tls.accept(tcp).await else { continue };
        taken.fetch_add(1, Relaxed);
        tokio::spawn(async move {
            let mut read = [0; 1024];
            while stream.read(&mut read).await.is_ok_and(|length| length > 0) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfound";
                stream.write_all(answer).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
    }
}

#[tokio::test]
async fn a_trusted_server_is_reached_with_either_version_of_tls() {
    for version in [&TLS12, &TLS13] {
        let server = Server::start(version).await;
        let answer = server.ask(&Https::trusting(server.roots(), IDLE)).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(body(answer).await, b"found", "{version:?}");
    }
}

/// It may have been closed by the server while the function was frozen.
#[tokio::test]
async fn a_connection_that_was_idle_for_too_long_is_not_used_again() {
    for (idle, connections) in [(IDLE, 1), (Duration::ZERO, 2)] {
        let server = Server::start(&TLS13).await;
        let https = Https::trusting(server.roots(), idle);
        for _ in 0..2 {
            assert_eq!(body(server.ask(&https).await.unwrap()).await, b"found");
            // The connection goes back into the pool in a task of its own.
            tokio::task::yield_now().await;
        }
        assert_eq!(server.taken.load(Relaxed), connections, "{idle:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_refused() {
    let server = Server::start(&TLS13).await;
    let error = server.ask(&Https::new()).await.unwrap_err();
    assert!(error.is_io(), "{error:?}");
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

/// The roots of the certificates of AWS's endpoints, by <https://www.amazontrust.com/repository/>.
#[test]
fn amazons_roots_are_trusted() {
    for name in [
        "Amazon Root CA 1",
        "Amazon Root CA 2",
        "Amazon Root CA 3",
        "Amazon Root CA 4",
        "Starfield Services Root Certificate Authority - G2",
    ] {
        let named = |subject: &[u8]| subject.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| named(&root.subject)), "{name}");
    }
}
