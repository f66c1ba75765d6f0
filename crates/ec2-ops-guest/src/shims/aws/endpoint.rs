//! The sandbox's endpoint, which reads the access key of a signature and does not verify the signature.

use ureq::Agent;

use super::Failure;

/// Where the calls go, and as whom.
pub(super) struct Endpoint {
    pub(super) agent: Agent,
    /// `AWS_ENDPOINT_URL`, without a slash at its end.
    pub(super) url: String,
    access_key: String,
}

impl Endpoint {
    /// The endpoint of the instance that this process runs on.
    pub(super) fn from_environment() -> Result<Self, Failure> {
        let url = variable("AWS_ENDPOINT_URL")?.trim_end_matches('/').to_owned();
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
        let agent = config.build().into();
        Ok(Self { agent, url, access_key: variable("AWS_ACCESS_KEY_ID")? })
    }

    /// The header that carries the access key, for a call of `service` in `region`.
    pub(super) fn authorization(&self, region: &str, service: &str) -> String {
        let scope = format!("{}/20260101/{region}/{service}/aws4_request", self.access_key);
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=unverified")
    }

    /// What the CLI says if there is no answer.
    pub(super) fn unreachable(&self, error: &ureq::Error) -> Failure {
        Failure {
            text: format!("Could not connect to the endpoint URL: \"{}\" ({error})", self.url),
            code: 255,
        }
    }
}

/// A variable of the instance's environment.
pub(super) fn variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|_| Failure { text: format!("aws: {name} is not set"), code: 253 })
}

/// What the CLI says of a refusal.
pub(super) fn error_occurred(code: &str, operation: &str, message: &str, exit: u8) -> Failure {
    let text = format!("An error occurred ({code}) when calling the {operation} operation: {message}");
    Failure { text, code: exit }
}
