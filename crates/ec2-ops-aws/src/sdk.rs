//! The SDK's configuration that all clients share.
//!
//! The SDK's own loader also reads profiles, container credentials and the instance metadata service. A Lambda has only its
//! environment, and the loader would be a large part of the binary.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector, http_client_fn};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use ec2_ops::ids::Region;

use crate::https::Https;
use crate::of_aws::OfAws;
use crate::settings::{self, SettingError};

/// How long one call may take. RunInstances, the slowest of our calls, answers within a few seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads the credentials, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_USE_FIPS_ENDPOINT` and
/// `AWS_USE_DUALSTACK_ENDPOINT` from the environment. See
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>.
///
/// # Errors
/// Which variable is missing or wrong. The Lambda service sets those of the credentials.
pub fn config(region: &Region) -> Result<SdkConfig, SettingError> {
    let config = with(region, settings::credentials()?, Https::new()).into_builder();
    let config = config.use_fips(settings::switch("AWS_USE_FIPS_ENDPOINT")?);
    Ok(config.use_dual_stack(settings::switch("AWS_USE_DUALSTACK_ENDPOINT")?).build())
}

/// The configuration without retries: those are left to the state machine, where they are visible.
pub(crate) fn with(
    region: &Region,
    credentials: Credentials,
    connector: impl HttpConnector + 'static,
) -> SdkConfig {
    let connector = SharedHttpConnector::new(OfAws(connector));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_types::region::Region::new(region.as_str().to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .service_config(ServiceEndpoints);
    config.set_endpoint_url(settings::variable("AWS_ENDPOINT_URL"));
    config.build()
}

/// `AWS_ENDPOINT_URL_<SERVICE>`.
#[derive(Debug)]
struct ServiceEndpoints;

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        settings::variable(&format!("{}_{service}", key.env()))
    }
}
