//! HTTP/1.1 on a port of this machine.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::protocol::Response;

/// The order to break the connection before a byte of the answer.
#[derive(Debug)]
pub(crate) struct Severed;

impl fmt::Display for Severed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Severed {}

/// Answers the requests of every connection, as long as the future is polled. Dropping it closes the connections.
///
/// # Errors
/// If the listener fails.
pub(crate) async fn serve<F, A>(listener: TcpListener, answer: F) -> io::Result<Infallible>
where
    F: Fn(http::Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Result<Response, Severed>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(converse(stream, answer.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<F, A>(stream: TcpStream, answer: F)
where
    F: Fn(http::Request<Incoming>) -> A,
    A: Future<Output = Result<Response, Severed>>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    // A client that breaks off, or an answer that is severed, concerns no other connection.
    let _ = http.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

/// How long a client may take for the headers of a request, and a connection may be idle.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
