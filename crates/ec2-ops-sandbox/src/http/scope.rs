//! Who calls which service in which region: the credential scope of a signature.

use http::header::AUTHORIZATION;
use http::request::Parts;

/// What `AKID/20260101/us-east-1/ec2/aws4_request` says. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// The access key id.
    pub(super) caller: String,
    pub(super) region: String,
    /// The signing name of the service.
    pub(super) service: String,
}

impl Scope {
    /// The scope in which `request` is signed.
    pub(super) fn of(request: &Parts) -> Option<Self> {
        let authorization = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let mut parts = credential.split([',', ' ']).next()?.split('/').map(str::to_owned);
        let (caller, _date) = (parts.next()?, parts.next()?);
        let (region, service) = (parts.next()?, parts.next()?);
        Some(Self { caller, region, service })
    }
}
