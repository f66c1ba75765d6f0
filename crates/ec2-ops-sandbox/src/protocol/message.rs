//! Requests and answers as the protocols read and write them.

use bytes::Bytes;
use http_body_util::Full;

/// A request whose body has arrived.
pub(crate) type Request = http::Request<Bytes>;
/// An answer.
pub(crate) type Response = http::Response<Full<Bytes>>;
