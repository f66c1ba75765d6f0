//! Refuses every parameter that an operation does not model.

use s3s::{S3Error, S3Request, S3Result};

use super::SERVICE;

/// The headers that carry digests of the body, which the envelope has verified.
pub(super) const DIGESTS: &[&str] = &[
    "content-md5",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

/// The headers that describe an object: its metadata and its type.
pub(super) const DESCRIPTION: &[&str] = &["content-type", "x-amz-meta-*"];

/// The headers of a conditional read.
pub(super) const CONDITIONS: &[&str] =
    &["if-match", "if-modified-since", "if-none-match", "if-unmodified-since"];

/// S3 encrypts every object with its own key, whether it is asked to or not.
pub(super) const ENCRYPTION: &str = "x-amz-server-side-encryption";

/// Headers and parameters without a meaning for the operation.
const TRANSPORT: &[&str] = &[
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-user-agent",
    // The checksum itself is what counts; this only names its algorithm.
    "x-amz-sdk-checksum-algorithm",
    // SDKs repeat the name of the operation here.
    "x-id",
];

/// Headers beyond `x-amz-*` that would change what an operation does.
const MEANINGFUL: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
];

/// The input of `request`, provided that each of its query parameters and meaningful headers is among `modelled`.
/// A name that ends in `*` stands for all names with that prefix.
pub(super) fn only<T>(request: S3Request<T>, modelled: &[&[&str]]) -> S3Result<T> {
    let known =
        |name: &str| modelled.iter().copied().flatten().chain(TRANSPORT).any(|known| matches(known, name));
    let headers = request.headers.keys().map(http::HeaderName::as_str);
    let meaningful = headers.filter(|name| name.starts_with("x-amz-") || MEANINGFUL.contains(name));
    let query = request.uri.query().unwrap_or_default();
    let query =
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair));
    match meaningful.chain(query).find(|name| !known(name)) {
        Some(name) => Err(unmodelled(name)),
        None => Ok(request.input),
    }
}

/// The refusal of something that S3 has and this model does not have.
pub(super) fn unmodelled(what: &str) -> S3Error {
    SERVICE.unmodelled(format!("{what} in this action")).into()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}
