//! HTTP/1.1 on a port of this machine.
//!
//! A client can neither stop the server nor keep others out: a connection has to send its headers in time, the number of
//! connections is limited, and one that waits for a request makes room for a new one.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What clients may use of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a client may take for the headers of a request, and a connection may wait for the next one.
    headers_within: Duration,
    /// The most connections at once.
    connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // The usual limit on open files is 1,024.
        Self { headers_within: Duration::from_secs(30), connections: 512 }
    }
}

/// How long to wait after a connection could not be accepted, for example because too many files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// The order to break the connection before a byte of the answer.
#[derive(Debug)]
pub struct Severed;

impl fmt::Display for Severed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Severed {}

/// Answers the requests of every connection, as long as the future is polled. Dropping it closes the connections.
pub async fn serve<F, A, B>(listener: TcpListener, limits: Limits, answer: F)
where
    F: Fn(http::Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Result<http::Response<B>, Severed>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut connections = Connections { open: Vec::new(), most: limits.connections };
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.make_room() => {
                    let requests = Arc::default();
                    let task = tasks.spawn(converse(stream, limits, answer.clone(), Arc::clone(&requests)));
                    connections.open.push(Connection { task, requests });
                }
                // Every connection has a request under way, so this one is closed.
                Ok(_) => {}
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// The connections of a server.
struct Connections {
    /// Oldest first.
    open: Vec<Connection>,
    most: usize,
}

struct Connection {
    task: AbortHandle,
    /// The requests under way.
    requests: Arc<AtomicUsize>,
}

impl Connections {
    /// Makes room for one more: closes the oldest connection that waits for a request, if need be. Returns whether there
    /// is room.
    fn make_room(&mut self) -> bool {
        self.open.retain(|connection| !connection.task.is_finished());
        if self.open.len() < self.most {
            return true;
        }
        let waiting = self.open.iter().position(|open| open.requests.load(Ordering::Relaxed) == 0);
        waiting.map(|index| self.open.remove(index).task.abort()).is_some()
    }
}

async fn converse<F, A, B>(stream: TcpStream, limits: Limits, answer: F, requests: Arc<AtomicUsize>)
where
    F: Fn(http::Request<Incoming>) -> A + Send,
    A: Future<Output = Result<http::Response<B>, Severed>> + Send,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let counted = move |request: http::Request<Incoming>| {
        requests.fetch_add(1, Ordering::Relaxed);
        let answered = answer(request);
        let requests = Arc::clone(&requests);
        async move {
            let response = answered.await;
            requests.fetch_sub(1, Ordering::Relaxed);
            response
        }
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.headers_within);
    // A client that breaks off, or an answer that is severed, concerns no other connection.
    let _ = http.serve_connection(TokioIo::new(stream), service_fn(counted)).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    async fn start(limits: Limits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = |request: http::Request<Incoming>| async move {
            match request.uri().path() {
                "/never" => std::future::pending().await,
                "/severed" => Err(Severed),
                _ => Ok(http::Response::new(http_body_util::Full::<Bytes>::default())),
            }
        };
        tokio::spawn(serve(listener, limits, answer));
        address
    }

    async fn send(address: SocketAddr, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream
    }

    async fn read(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_severed_answer_has_not_one_byte() {
        let address = start(Limits::default()).await;
        assert_eq!(read(send(address, b"GET /severed HTTP/1.1\r\nHost: x\r\n\r\n").await).await, "");
    }

    #[tokio::test]
    async fn slow_connections_do_not_keep_others_out() {
        let address = start(Limits { connections: 8, ..Limits::default() }).await;
        let mut slow = Vec::new();
        for _ in 0..40 {
            slow.push(send(address, b"GET / HTTP/1.1\r\nHo").await);
        }
        let answer = tokio::time::timeout(Duration::from_secs(5), read(send(address, REQUEST).await)).await;
        assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_request_under_way_is_not_ended_for_a_new_one() {
        let address = start(Limits { connections: 2, ..Limits::default() }).await;
        let never = b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut busy = [send(address, never).await, send(address, never).await];
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(read(send(address, REQUEST).await).await, "");
        for stream in &mut busy {
            assert!(tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await.is_err());
        }
    }

    #[tokio::test]
    async fn headers_have_to_arrive_in_time() {
        let address = start(Limits { headers_within: Duration::from_millis(100), ..Limits::default() }).await;
        let slow = read(send(address, b"GET / HTTP/1.1\r\nHo").await);
        assert!(tokio::time::timeout(Duration::from_secs(5), slow).await.is_ok());
    }
}
