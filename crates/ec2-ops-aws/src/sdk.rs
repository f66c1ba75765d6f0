//! The SDK's configuration that all clients share.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::HttpClient;
use ec2_ops::ids::Region;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one call may take. RunInstances is the slowest of ours and answers within a few seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads credentials and endpoints from the environment as every SDK does, `AWS_ENDPOINT_URL` and
/// `AWS_ENDPOINT_URL_<SERVICE>` included. See
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>.
///
/// The region is given, because the SDK would otherwise ask the instance metadata service for it.
pub async fn config(region: &Region) -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    load(region, https).await
}

/// Calls are never repeated: retries are the state machine's, where they can be seen.
pub(crate) async fn load(region: &Region, http_client: impl HttpClient + 'static) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(region.as_str().to_owned()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .http_client(http_client)
        .load()
        .await
}
