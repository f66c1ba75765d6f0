//! Answers of the server: pages, parts of pages, streams of events, each with the headers that keep a browser strict.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use maud::Markup;

/// An answer.
pub(crate) type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Scripts, styles and connections only from here, nothing inline, no frames.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (http::header::CONTENT_SECURITY_POLICY, POLICY),
    (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With `no-referrer` the browser would send the origin of a form as `null`, which is refused.
    (http::header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

fn reply(status: StatusCode, kind: &'static str, body: UnsyncBoxBody<Bytes, Infallible>) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

fn whole(text: impl Into<Bytes>) -> UnsyncBoxBody<Bytes, Infallible> {
    Full::new(text.into()).boxed_unsync()
}

/// A page, or a part of one.
pub(crate) fn html(status: StatusCode, markup: Markup) -> Reply {
    reply(status, "text/html; charset=utf-8", whole(markup.into_string()))
}

/// A file that is part of the program.
pub(crate) fn asset(kind: &'static str, text: &'static str) -> Reply {
    let mut reply = reply(StatusCode::OK, kind, whole(text));
    // Pages name them by the start of the program.
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    reply
}

/// The way to another page of the console.
pub(crate) fn see_other(location: &str) -> Reply {
    let mut reply = reply(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", whole(""));
    // A location is made of parts that are encoded.
    if let Ok(location) = HeaderValue::from_str(location) {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply
}

/// The same, with a cookie.
pub(crate) fn with_cookie(mut reply: Reply, cookie: &str) -> Reply {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        reply.headers_mut().insert(SET_COOKIE, cookie);
    }
    reply
}

/// A stream of server-sent events.
pub(crate) fn events(stream: impl Stream<Item = String> + Send + 'static) -> Reply {
    use futures_util::StreamExt as _;
    let frames = stream.map(|text| Ok::<_, Infallible>(Frame::data(Bytes::from(text))));
    reply(StatusCode::OK, "text/event-stream", StreamBody::new(frames).boxed_unsync())
}
