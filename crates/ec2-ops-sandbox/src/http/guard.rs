//! Keeps strangers out: what a page in a browser can send to a port of this machine.
//!
//! A page can reach a loopback port in two ways. It can send a request from its own origin, which the browser marks with
//! `Origin` and `Sec-Fetch-Site`; or it can let a name of its own resolve to 127.0.0.1 (DNS rebinding), and then `Host` has
//! that name. Neither is accepted, for any service. Other users of the machine lack the access key.

use std::net::SocketAddr;

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};
use http::request::Parts;

use crate::AwsError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names of this machine's loopback address.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Refuses a request that was not meant for the loopback port `own`, or that a foreign page sent.
///
/// # Errors
/// `AccessDenied`, with the reason.
pub fn check(request: &Parts, own: SocketAddr) -> Result<(), AwsError> {
    if !host(request).is_some_and(|host| is_own(&host, own)) {
        let message = format!("the Host of a request to ec2-ops is a name of this machine, such as {own}");
        return Err(AwsError::new(403, "AccessDenied", message));
    }
    let origins = request.headers.get_all(ORIGIN).iter();
    let foreign_origin = origins
        .map(|origin| origin.to_str().unwrap_or_default())
        .any(|origin| !origin.strip_prefix("http://").is_some_and(|authority| is_own(authority, own)));
    let sites = request.headers.get_all(SEC_FETCH_SITE).iter();
    let foreign_site =
        sites.map(http::HeaderValue::as_bytes).any(|site| !matches!(site, b"same-origin" | b"none"));
    if foreign_origin || foreign_site {
        let message = "ec2-ops does not answer to pages of other origins";
        return Err(AwsError::new(403, "AccessDenied", message));
    }
    Ok(())
}

/// The one authority to which a request is addressed: it has one `Host`, which agrees with an absolute target.
fn host(request: &Parts) -> Option<String> {
    let mut hosts = hosts(&request.headers);
    let host = hosts.next().filter(|_| hosts.next().is_none())?;
    match request.uri.authority() {
        Some(authority) if authority.as_str() != host => None,
        _ => Some(host.to_owned()),
    }
}

fn hosts(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default())
}

/// Whether `authority` is a loopback name with our port.
fn is_own(authority: &str, own: SocketAddr) -> bool {
    authority.rsplit_once(':').is_some_and(|(name, port)| {
        LOOPBACK.iter().any(|loopback| name.eq_ignore_ascii_case(loopback)) && port == own.port().to_string()
    })
}
