//! Removes the transport's part of a request (signature, coding), and verifies the body.

use base64_simd::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use s3s::{Body, S3Request, S3Result, s3_error};

use super::aws_chunked;
use crate::s3::checksum::{Checksum, ChecksumAlgorithm};
use crate::s3::object::md5;

/// The query parameters of a presigned URL: `X-Amz-…` in version 4, the others in version 2, which `aws s3 presign`
/// still uses with a custom endpoint.
const PRESIGNED: [&str; 11] = [
    "AWSAccessKeyId",
    "Expires",
    "Signature",
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The whole body of a request, and the checksum that came with it. `s3s` would pass it on as a stream.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) body: Bytes,
    pub(super) checksum: Option<Checksum>,
}

/// The request without signature and coding, its body whole, decoded and verified against the digests that it carries.
///
/// `s3s` decodes aws-chunked bodies only if it also checks the signature, for which it would need the secret. Signatures
/// are not checked here, so both are removed before `s3s` sees the request; trailing checksums become ordinary headers.
pub(super) fn open(request: Request<Bytes>) -> S3Result<Request<Body>> {
    let (mut parts, body) = request.into_parts();
    let body = decode(body, &mut parts.headers)?;
    parts.headers.remove(AUTHORIZATION);
    parts.uri = without_signature(&parts.uri)?;
    // In this request the digest is that of the complete object, not of the body.
    let completes_upload =
        parts.method == Method::POST && parts.uri.query().is_some_and(|q| q.contains("uploadId="));
    let checksum = if completes_upload { None } else { verify(&parts.headers, &body)? };
    if !body.is_empty() {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    parts.extensions.insert(Content { body: body.clone(), checksum });
    Ok(Request::from_parts(parts, Body::from(body)))
}

impl Content {
    /// The content of `request`.
    pub(super) fn take<T>(request: &mut S3Request<T>) -> S3Result<Self> {
        let fault = || s3_error!(InternalError, "the request did not pass through its envelope");
        request.extensions.remove().ok_or_else(fault)
    }
}

fn decode(raw: Bytes, headers: &mut HeaderMap) -> S3Result<Bytes> {
    let digest = headers.remove("x-amz-content-sha256");
    let declared = headers.remove("x-amz-decoded-content-length");
    headers.remove("x-amz-trailer");
    if !digest.is_some_and(|digest| digest.as_bytes().starts_with(b"STREAMING-")) {
        return Ok(raw);
    }
    let raw = raw.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    let decoded =
        aws_chunked::decode(raw).map_err(|fault| s3_error!(IncompleteBody, "aws-chunked: {fault}"))?;
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared != Some(decoded.body.len()) {
        let found = decoded.body.len();
        return Err(s3_error!(
            IncompleteBody,
            "x-amz-decoded-content-length should say {found}, found {declared:?}"
        ));
    }
    for (name, value) in decoded.trailers.iter().filter(|(name, _)| name != "x-amz-trailer-signature") {
        let fault = || s3_error!(InvalidRequest, "the trailer {name} cannot be a header");
        let name = HeaderName::try_from(name).map_err(|_| fault())?;
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| fault())?);
    }
    drop_aws_chunked(headers)?;
    Ok(decoded.body)
}

/// `Content-Encoding: aws-chunked,gzip` keeps `gzip`, which is the object's own.
fn drop_aws_chunked(headers: &mut HeaderMap) -> S3Result<()> {
    let Some(codings) = headers.remove(CONTENT_ENCODING) else {
        return Ok(());
    };
    let fault = || s3_error!(InvalidRequest, "Content-Encoding is not a list of codings");
    let codings = codings.to_str().map_err(|_| fault())?;
    let own: Vec<_> = codings.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
    if !own.is_empty() {
        headers.insert(CONTENT_ENCODING, HeaderValue::try_from(own.join(",")).map_err(|_| fault())?);
    }
    Ok(())
}

fn without_signature(uri: &Uri) -> S3Result<Uri> {
    let Some(query) = uri.query() else {
        return Ok(uri.clone());
    };
    let own = |pair: &&str| !PRESIGNED.contains(&pair.split('=').next().unwrap_or(pair));
    let query: Vec<_> = query.split('&').filter(own).collect();
    let address = match query.join("&") {
        query if query.is_empty() => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    };
    Uri::try_from(address).map_err(|fault| s3_error!(InvalidURI, "{fault}"))
}

/// Compares the body with every digest that came with it, and returns the checksum among them.
fn verify(headers: &HeaderMap, body: &[u8]) -> S3Result<Option<Checksum>> {
    if let Some(sent) = headers.get("content-md5")
        && sent.as_bytes() != BASE64.encode_to_string(md5(body)).as_bytes()
    {
        return Err(s3_error!(BadDigest, "the Content-MD5 that was sent is not that of the body"));
    }
    let mut sent =
        ChecksumAlgorithm::ALL.into_iter().filter(|algorithm| headers.contains_key(algorithm.header()));
    let Some(algorithm) = sent.next() else {
        return Ok(None);
    };
    if sent.next().is_some() {
        return Err(s3_error!(InvalidRequest, "a body carries one checksum, not several"));
    }
    let (header, checksum) = (algorithm.header(), algorithm.of(body));
    if headers.get(header).map(HeaderValue::as_bytes) == Some(checksum.value.as_bytes()) {
        Ok(Some(checksum))
    } else {
        Err(s3_error!(BadDigest, "the {header} that was sent is not that of the body"))
    }
}
