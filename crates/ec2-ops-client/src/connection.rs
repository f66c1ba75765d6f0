//! The way to a deployment: credentials, region, endpoint, state machine.

use std::path::Path;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::deployment::{Deployment, StateMachine, Wish};
use crate::{Error, Recorder, Served, terraform};

/// What a user says about the way to a deployment; the rest is found.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name or the ARN of the state machine.
    pub state_machine: Option<String>,
    /// A profile of the AWS configuration.
    pub profile: Option<String>,
    /// The region in which the name of the state machine is looked up.
    pub region: Option<String>,
    /// The endpoint in the place of AWS's.
    pub endpoint_url: Option<String>,
}

/// A deployment, and the clients of the services that it consists of.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) sfn: aws_sdk_sfn::Client,
    config: SdkConfig,
    state_machine_arn: String,
    sandbox: Option<Served>,
    recorder: Recorder,
}

/// A client of a service in a region, whose answers the recorder sees.
macro_rules! client {
    ($sdk:ident, $config:expr, $recorder:expr) => {
        $sdk::Client::from_conf($sdk::config::Builder::from($config).interceptor($recorder.clone()).build())
    };
}

/// How long a connection and a call may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

impl Client {
    /// Finds the deployment that is meant: the one that the options or `EC2_OPS_STATE_MACHINE` name, else the one that
    /// Terraform made from the present directory, else the sandbox that runs on this machine.
    ///
    /// # Errors
    /// Where none is found or named twice, or where a name has to be looked up and the account cannot be asked.
    pub async fn connect(options: &Options) -> Result<Self, Error> {
        let state_machine = options.state_machine.clone().or_else(|| variable("EC2_OPS_STATE_MACHINE"));
        let endpoint_url = options.endpoint_url.clone().or_else(|| variable("AWS_ENDPOINT_URL"));
        let wish = Wish {
            state_machine: state_machine.as_deref(),
            endpoint_url: endpoint_url.as_deref(),
            profile: options.profile.as_deref(),
        };
        let deployment =
            Deployment::choose(wish, Served::all(), || terraform::state_machine(Path::new(".")))?;
        let region = match &deployment.state_machine {
            StateMachine::Arn(arn) => Some(region_of(arn, options.region.as_deref())?),
            StateMachine::Name(_) => options.region.clone(),
        };
        let config = match &deployment.sandbox {
            Some(sandbox) => sandbox_config(sandbox),
            None => account_config(options, region, endpoint_url).await,
        };
        let recorder = Recorder::off();
        let sfn = client!(aws_sdk_sfn, &config, recorder);
        let state_machine_arn = match deployment.state_machine {
            StateMachine::Arn(arn) => arn,
            StateMachine::Name(name) => look_up(&sfn, &config, &name).await?,
        };
        Ok(Self { sfn, config, state_machine_arn, sandbox: deployment.sandbox, recorder })
    }

    /// The deployment of a sandbox.
    pub fn of_sandbox(sandbox: Served) -> Self {
        let config = sandbox_config(&sandbox);
        let recorder = Recorder::off();
        let sfn = client!(aws_sdk_sfn, &config, recorder);
        let state_machine_arn = sandbox.state_machine_arn.clone();
        Self { sfn, config, state_machine_arn, sandbox: Some(sandbox), recorder }
    }

    /// The same deployment; `recorder` keeps the answers of AWS.
    #[must_use]
    pub fn recorded_by(&self, recorder: &Recorder) -> Self {
        let sfn = client!(aws_sdk_sfn, &self.config, recorder);
        Self { sfn, recorder: recorder.clone(), ..self.clone() }
    }

    /// The same deployment, seen as the executions of another state machine.
    pub(crate) fn of_machine(&self, state_machine_arn: String) -> Self {
        Self { state_machine_arn, ..self.clone() }
    }

    /// The ARN of the state machine.
    pub fn state_machine_arn(&self) -> &str {
        &self.state_machine_arn
    }

    /// The sandbox that the deployment is in; without one it is in an account.
    pub fn sandbox(&self) -> Option<&Served> {
        self.sandbox.as_ref()
    }

    /// The region of the deployment.
    pub fn region(&self) -> &str {
        self.state_machine_arn.split(':').nth(3).unwrap_or_default()
    }

    /// The number of the account.
    pub fn account(&self) -> &str {
        self.state_machine_arn.split(':').nth(4).unwrap_or_default()
    }

    /// Where the deployment is, for people.
    pub fn place(&self) -> String {
        match &self.sandbox {
            Some(sandbox) => format!("the sandbox at {}", sandbox.endpoint_url),
            None => format!("account {}, {}", self.account(), self.region()),
        }
    }

    /// How often it is right to ask for news: a sandbox answers at once, an account has quotas.
    pub fn look_every(&self) -> Duration {
        if self.sandbox.is_some() { Duration::from_millis(50) } else { Duration::from_secs(2) }
    }

    pub(crate) fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        client!(aws_sdk_ec2, &self.in_region(region), self.recorder)
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        client!(aws_sdk_lambda, &self.config, self.recorder)
    }

    pub(crate) fn logs(&self, region: &str) -> aws_sdk_cloudwatchlogs::Client {
        client!(aws_sdk_cloudwatchlogs, &self.in_region(region), self.recorder)
    }

    /// S3 in the region of the deployment, where its log bucket is.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let own_endpoint = self.config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(own_endpoint);
        aws_sdk_s3::Client::from_conf(config.interceptor(self.recorder.clone()).build())
    }

    pub(crate) fn service_quotas(&self, region: &str) -> aws_sdk_servicequotas::Client {
        client!(aws_sdk_servicequotas, &self.in_region(region), self.recorder)
    }

    pub(crate) fn ssm(&self, region: &str) -> aws_sdk_ssm::Client {
        client!(aws_sdk_ssm, &self.in_region(region), self.recorder)
    }

    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        client!(aws_sdk_sts, &self.config, self.recorder)
    }

    fn in_region(&self, region: &str) -> SdkConfig {
        self.config.clone().into_builder().region(Region::new(region.to_owned())).build()
    }
}

/// A variable that is set to nothing is not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The region of `arn`. Another one that is asked for is a contradiction.
fn region_of(arn: &str, asked: Option<&str>) -> Result<String, Error> {
    let region = arn.split(':').nth(3).filter(|region| !region.is_empty());
    let region = region.filter(|_| arn.contains(":stateMachine:")).ok_or_else(|| {
        Error::Usage(format!(
            "{arn} is not the ARN of a state machine, arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"
        ))
    })?;
    match asked {
        Some(asked) if asked != region => {
            Err(Error::Usage(format!("--region is {asked}, but the state machine {arn} is in {region}")))
        }
        _ => Ok(region.to_owned()),
    }
}

fn sandbox_config(sandbox: &Served) -> SdkConfig {
    let credentials =
        Credentials::new(&sandbox.access_key_id, &sandbox.secret_access_key, None, None, "the sandbox");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(sandbox.region.clone()))
        .endpoint_url(&sandbox.endpoint_url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // Without TLS: reading the certificates of the system takes longer than any call here.
        .http_client(Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .build()
}

async fn account_config(
    options: &Options,
    region: Option<String>,
    endpoint_url: Option<String>,
) -> SdkConfig {
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts());
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    if let Some(endpoint_url) = endpoint_url {
        loader = loader.endpoint_url(endpoint_url);
    }
    loader.load().await
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(CALL_TIMEOUT).build()
}

/// The ARN of the state machine `name` in the region of `config`.
async fn look_up(sfn: &aws_sdk_sfn::Client, config: &SdkConfig, name: &str) -> Result<String, Error> {
    let Some(region) = config.region() else {
        return Err(Error::Usage(format!(
            "in which region is {name}? --region names it, as do AWS_REGION and the profile"
        )));
    };
    let mut pages = sfn.list_state_machines().max_results(1000).into_paginator().items().send();
    while let Some(machine) = pages.next().await {
        let machine = machine.map_err(|error| Error::of_call("ListStateMachines", &error))?;
        if machine.name() == name {
            return Ok(machine.state_machine_arn().to_owned());
        }
    }
    Err(Error::Usage(format!("there is no state machine {name} in {region}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_the_region_and_another_one_is_refused() {
        let arn = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:ec2-ops";
        assert_eq!(region_of(arn, None).unwrap(), "cn-north-1");
        assert_eq!(region_of(arn, Some("cn-north-1")).unwrap(), "cn-north-1");
        assert!(region_of(arn, Some("us-east-1")).unwrap_err().to_string().contains("is in cn-north-1"));
    }

    #[test]
    fn the_arn_of_an_execution_is_not_that_of_a_state_machine() {
        let arn = "arn:aws:states:us-east-1:123456789012:execution:ec2-ops:hello";
        assert!(matches!(region_of(arn, None), Err(Error::Usage(_))));
    }
}
