//! Who calls which service in which region: the credential scope of a signature.
//!
//! The signature itself is not verified: that a caller knows the access key id is what counts.

use std::borrow::Cow;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::AwsError;

/// The longest life of a presigned URL, in seconds: a week. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
const MAX_EXPIRES: u64 = 604_800;

/// What `AKID/20260101/us-east-1/ec2/aws4_request` says. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// The access key id.
    pub(super) key: String,
    /// Empty in version 2, whose signatures have none.
    pub(super) region: String,
    /// The signing name of the service.
    pub(super) service: String,
}

impl Scope {
    /// The scope in which `request` is signed, in a header or, as a presigned URL, in its query.
    ///
    /// # Errors
    /// If it is not signed, or a presigned URL has expired by `now`.
    pub(super) fn of(request: &Parts, now: Timestamp) -> Result<Self, AwsError> {
        if let Some(authorization) = request.headers.get(AUTHORIZATION) {
            let text = authorization.to_str().unwrap_or_default();
            let credential =
                text.split_once("Credential=").and_then(|(_, rest)| rest.split([',', ' ']).next());
            return credential.and_then(Self::parse).ok_or_else(unsigned);
        }
        Presigned::of(request.uri.query().unwrap_or_default())?.unexpired(now)
    }

    fn parse(credential: &str) -> Option<Self> {
        let mut parts = credential.split('/').map(str::to_owned);
        let (key, _date) = (parts.next()?, parts.next()?);
        let (region, service) = (parts.next()?, parts.next()?);
        Some(Self { key, region, service })
    }
}

/// The authorization in the query of a URL.
struct Presigned {
    scope: Scope,
    /// When it was signed, and for how long it is valid.
    signed: Timestamp,
    valid: Duration,
}

impl Presigned {
    /// Reads version 4, or version 2, which `aws s3 presign` still uses with a custom endpoint.
    fn of(query: &str) -> Result<Self, AwsError> {
        let value = |name: &str| parameter(query, name);
        let malformed = || {
            let message = "the query parameters of a presigned URL are missing or malformed";
            AwsError::client("AuthorizationQueryParametersError", message)
        };
        if let Some(credential) = value("X-Amz-Credential") {
            let seconds = value("X-Amz-Expires").and_then(|text| text.parse().ok());
            let seconds =
                seconds.filter(|seconds| (1..=MAX_EXPIRES).contains(seconds)).ok_or_else(malformed)?;
            return Ok(Self {
                scope: Scope::parse(&credential).ok_or_else(malformed)?,
                signed: value("X-Amz-Date").and_then(|date| basic_time(&date)).ok_or_else(malformed)?,
                valid: Duration::from_secs(seconds),
            });
        }
        let key = value("AWSAccessKeyId").ok_or_else(unsigned)?.into_owned();
        let expires = value("Expires").and_then(|text| text.parse().ok());
        let expires =
            expires.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(malformed)?;
        let scope = Scope { key, region: String::new(), service: "s3".to_owned() };
        Ok(Self { scope, signed: expires, valid: Duration::ZERO })
    }

    fn unexpired(self, now: Timestamp) -> Result<Scope, AwsError> {
        match self.signed.checked_add(self.valid) {
            Ok(end) if now <= end => Ok(self.scope),
            _ => Err(AwsError::new(403, "AccessDenied", "Request has expired")),
        }
    }
}

/// The decoded value of a query parameter.
fn parameter<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// `20260101T000000Z`.
fn basic_time(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn unsigned() -> AwsError {
    AwsError::new(
        403,
        "AccessDenied",
        "the ec2-ops sandbox answers only to signed requests and presigned URLs",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(query: &str, headers: &[(&str, &str)], now: &str) -> Result<Scope, String> {
        let mut request = http::Request::builder().uri(format!("http://127.0.0.1/b/k?{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Scope::of(&request.body(()).unwrap().into_parts().0, now.parse().unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_header_names_key_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/states/aws4_request, SignedHeaders=host, Signature=00";
        let found = scope("", &[("authorization", header)], "2026-01-01T00:00:00Z").unwrap();
        assert_eq!(
            (found.key.as_str(), found.region.as_str(), found.service.as_str()),
            ("AKID", "eu-west-1", "states")
        );
    }

    #[test]
    fn a_presigned_url_is_valid_until_it_expires() {
        let version_4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request\
                         &X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
        let version_2 = "AWSAccessKeyId=AKID&Signature=b%3D&Expires=1767225660";
        for query in [version_4, version_2] {
            assert_eq!(scope(query, &[], "2026-01-01T00:01:00Z").unwrap().key, "AKID");
            assert!(scope(query, &[], "2026-01-01T00:01:01Z").unwrap_err().contains("expired"));
        }
    }

    #[test]
    fn a_request_without_a_signature_has_no_scope() {
        for query in
            ["", "list-type=2", "X-Amz-Credential=a", "AWSAccessKeyId=a", "AWSAccessKeyId=a&Expires=x"]
        {
            assert!(scope(query, &[], "2026-01-01T00:00:00Z").is_err(), "{query}");
        }
        assert!(scope("", &[("authorization", "AWS AKID:signature")], "2026-01-01T00:00:00Z").is_err());
        let forever = "X-Amz-Credential=a%2Fb%2Fc%2Fs3%2Fr&X-Amz-Date=20260101T000000Z&X-Amz-Expires=604801";
        assert!(scope(forever, &[], "2026-01-01T00:00:00Z").is_err());
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "(X-Amz-(Credential|Date|Expires)|AWSAccessKeyId|Expires|[a-z%&=/0-9T:Z-]{0,9}|[&=]){0,12}") {
            let _ = scope(&query, &[], "2026-01-01T00:00:00Z");
        }
    }
}
