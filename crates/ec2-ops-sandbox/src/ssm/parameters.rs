//! The actions of Parameter Store.

use ec2_ops_limits::ssm::is_parameter_name;

use super::Ssm;
use super::api::{
    GetParameterRequest, GetParameterResponse, Parameter, PutParameterRequest, PutParameterResponse,
};
use super::parameter_store::{PUBLIC, Version};
use crate::AwsError;
use crate::lock::lock;

/// The longest value, in bytes. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>.
const MAX_VALUE: usize = 4096;

impl Ssm {
    /// `PutParameter`: a new parameter, or with `Overwrite` a new version.
    pub fn put_parameter(
        &self,
        region: &str,
        request: &PutParameterRequest,
    ) -> Result<PutParameterResponse, AwsError> {
        let PutParameterRequest { name, value, r#type, overwrite } = request;
        let invalid = |message: String| AwsError::client("ValidationException", message);
        if name.starts_with("/aws") || name.starts_with("/ssm") {
            return Err(AwsError::client(
                "AccessDeniedException",
                format!("No access to reserved parameter name: {name}."),
            ));
        }
        if !is_parameter_name(name) {
            return Err(invalid(format!("Parameter name {name:?} is not valid.")));
        }
        if value.is_empty() || value.len() > MAX_VALUE {
            return Err(invalid(format!(
                "Standard tier parameters support a maximum parameter value of {MAX_VALUE} characters."
            )));
        }
        let mut parameters = lock(&self.shared.platform.parameters.0);
        let versions = parameters.entry((region.to_owned(), name.clone())).or_default();
        let secure = match r#type.as_deref() {
            Some("String") => false,
            Some("SecureString") => true,
            None if !versions.is_empty() => versions.iter().any(|version| version.secure),
            None => {
                return Err(invalid("A parameter type is required when you create a parameter.".to_owned()));
            }
            Some(other) => return Err(AwsError::unmodelled(format!("the parameter type {other}"))),
        };
        if !versions.is_empty() && *overwrite != Some(true) {
            let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
            return Err(AwsError::client("ParameterAlreadyExists", message));
        }
        versions.push(Version { value: value.clone(), secure, modified: self.shared.platform.clock.now() });
        Ok(PutParameterResponse { version: versions.len(), tier: "Standard".to_owned() })
    }

    /// `GetParameter`, by name and perhaps `:VERSION`.
    pub fn get_parameter(
        &self,
        region: &str,
        request: &GetParameterRequest,
    ) -> Result<GetParameterResponse, AwsError> {
        let (number, version) = self.shared.platform.parameters.find(region, &request.name)?;
        if version.secure && request.with_decryption != Some(true) {
            return Err(AwsError::unmodelled("GetParameter of a SecureString without WithDecryption"));
        }
        let name = request.name.split(':').next().unwrap_or_default().to_owned();
        let path = name.trim_start_matches('/');
        let account = if name.starts_with(PUBLIC) { "" } else { &self.shared.platform.account_id };
        Ok(GetParameterResponse {
            parameter: Parameter {
                arn: format!("arn:aws:ssm:{region}:{account}:parameter/{path}"),
                name,
                r#type: if version.secure { "SecureString" } else { "String" }.to_owned(),
                value: version.value,
                version: number,
                last_modified_date: version.modified.as_duration().as_secs_f64(),
                data_type: "text".to_owned(),
            },
        })
    }
}
