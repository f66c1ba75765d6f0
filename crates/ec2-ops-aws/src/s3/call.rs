//! One call to S3.
//!
//! S3's client of the SDK can compute any of S3's checksums, open sessions of S3 Express and read streams of events, and is a
//! third of the smallest Lambda. This is the same call without them, over the SDK's signature, timeouts and connections.

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_smithy_http::label::{EncodingStrategy, fmt_string};
use aws_smithy_http::query;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{FrozenLayer, Layer};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};
use aws_types::region::SigningRegion;
use aws_types::{SdkConfig, SigningName};
use ec2_ops::ids::Region;

use crate::settings;

const SERVICE: &str = "s3";

/// Why a call has no answer of success.
pub(super) type Refusal = SdkError<ErrorMetadata, HttpResponse>;

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    /// The API action.
    pub(super) action: &'static str,
    pub(super) method: &'static str,
    pub(super) bucket: String,
    /// Empty where the call is about the bucket.
    pub(super) key: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) header: Option<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// An answer of success.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// Makes the call in `region`, with the credentials and limits of `config`.
    pub(super) async fn send(self, config: &SdkConfig, region: &Region) -> Result<Answer, Refusal> {
        let plugin = StaticRuntimePlugin::new()
            .with_config(signed_for(region))
            .with_runtime_components(components(config));
        let operation = Operation::builder()
            .service_name(SERVICE)
            .operation_name(self.action)
            .endpoint_url(&endpoint(config, region, &self.bucket))
            .timeout_config(config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled))
            .no_retry()
            .runtime_plugin(plugin)
            .serializer(Self::into_http)
            .deserializer(answer)
            .build();
        operation.invoke(self).await
    }

    /// The request without its endpoint, of which the bucket is a part.
    fn into_http(self) -> Result<HttpRequest, BoxError> {
        let mut uri = format!("/{}", fmt_string(&self.key, EncodingStrategy::Greedy));
        let mut query = query::Writer::new(&mut uri);
        for (name, value) in &self.query {
            query.push_kv(name, &query::fmt_string(value));
        }
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method)?;
        request.set_uri(uri)?;
        if let Some((name, value)) = self.header {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

/// The suffixes of the names of AWS's hosts, by the beginning of the region; everywhere else it is `amazonaws.com`. See
/// <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// The URL of the bucket. See <https://docs.aws.amazon.com/general/latest/gr/s3.html>.
pub(super) fn endpoint(config: &SdkConfig, region: &Region, bucket: &str) -> String {
    let custom = settings::variable("AWS_ENDPOINT_URL_S3");
    if let Some(custom) = custom.as_deref().or(config.endpoint_url()) {
        // It rarely has a wildcard DNS entry for the buckets.
        return format!("{}/{bucket}", custom.trim_end_matches('/'));
    }
    let region = region.as_str();
    let suffix = SUFFIXES.iter().find(|(beginning, _)| region.starts_with(beginning));
    let suffix = suffix.map_or("amazonaws.com", |(_, suffix)| suffix);
    let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
    let dual_stack = if config.use_dual_stack() == Some(true) { ".dualstack" } else { "" };
    let host = format!("s3{fips}{dual_stack}.{region}.{suffix}");
    // The certificate is for one label before the host.
    if bucket.contains('.') { format!("https://{host}/{bucket}") } else { format!("https://{bucket}.{host}") }
}

/// How S3 wants a request signed: the path as it is sent, and the hash of the body in a header. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
fn signed_for(region: &Region) -> FrozenLayer {
    let mut signing = SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(aws_types::region::Region::new(region.as_str().to_owned()))),
        name: Some(SigningName::from_static(SERVICE)),
        ..SigV4OperationSigningConfig::default()
    };
    signing.signing_options.double_uri_encode = false;
    signing.signing_options.normalize_uri_path = false;
    signing.signing_options.content_sha256_header = true;
    let mut layer = Layer::new(SERVICE);
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(signing);
    layer.freeze()
}

fn components(config: &SdkConfig) -> RuntimeComponentsBuilder {
    let scheme = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new(SERVICE)
        .with_time_source(config.time_source())
        .with_http_client(config.http_client())
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(scheme)))
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    components
}

/// The answer, or the error that S3 describes in XML. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn answer(answer: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorMetadata>> {
    let body = answer.body().bytes().unwrap_or_default();
    if answer.status().is_success() {
        return Ok(Answer { headers: answer.headers().clone(), body: body.to_vec() });
    }
    // The answer to a HEAD request has no body, and so no code: then the status says what it is.
    Err(OrchestratorError::operation(described(body).unwrap_or_default()))
}

fn described(body: &[u8]) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut document = Document::try_from(body)?;
    let mut root = document.root_element()?;
    let mut error = ErrorMetadata::builder();
    while let Some(mut tag) = root.next_tag() {
        error = match tag.start_el().local() {
            "Code" => error.code(try_data(&mut tag)?),
            "Message" => error.message(try_data(&mut tag)?),
            _ => error,
        };
    }
    Ok(error.build())
}
