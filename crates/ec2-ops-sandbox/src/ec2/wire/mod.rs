//! EC2's Query protocol: a form in, XML out.
//!
//! See <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-query-api.html>. Names on the wire differ from those of the
//! API; the authority for both is EC2's service model. [`query`] turns the form into a tree, [`decode`] the tree into a
//! typed request, [`xml`] a typed response into text.

mod decode;
mod query;
#[cfg(test)]
mod tests;
mod xml;

use serde::Serialize;
use serde_json::Value;

use super::{Ec2, fault};
use crate::AwsError;

/// The only version of the API that SDKs of today speak.
const VERSION: &str = "2016-11-15";

impl Ec2 {
    /// Answers one HTTP request of the Query protocol: the status and the XML body for the form `body`.
    pub fn http(&self, region: &str, body: &[u8]) -> (u16, String) {
        let request_id = self.shared.platform.uuid();
        let form = query::Form::parse(body);
        match self.answer(region, form) {
            Ok((action, answer)) => (200, xml::response(&action, &request_id, &answer)),
            Err(error) => (error.status, xml::error(&error, &request_id)),
        }
    }

    /// The action that the form `body` asks for.
    pub(crate) fn action(body: &[u8]) -> String {
        query::Form::parse(body).action.unwrap_or_default()
    }

    /// `error` as EC2 sends it.
    pub(crate) fn refuse(&self, error: &AwsError) -> (u16, String) {
        (error.status, xml::error(error, &self.shared.platform.uuid()))
    }

    fn answer(&self, region: &str, form: query::Form) -> Result<(String, Value), AwsError> {
        let query::Form { action, version, parameters } = form;
        let action = action.ok_or_else(|| {
            AwsError::client("MissingAction", "The request must contain the parameter Action")
        })?;
        match version.as_deref() {
            Some(VERSION) => {}
            Some(other) => {
                return Err(AwsError::unmodelled(format!("EC2's API version {other}, only {VERSION}")));
            }
            None => return Err(fault::missing_parameter("Version")),
        }
        self.shared.platform.quotas.admit(region, &action)?;
        let parameters = query::tree(&parameters)?;
        let answer = self.dispatch(region, &action, parameters)?;
        Ok((action, answer))
    }

    fn dispatch(&self, region: &str, action: &str, parameters: query::Node) -> Result<Value, AwsError> {
        macro_rules! call {
            ($method:ident) => {
                json(&self.$method(region, &decode::request(parameters)?)?)
            };
        }
        match action {
            "CreateTags" => call!(create_tags),
            "CreateVolume" => call!(create_volume),
            "DeleteVolume" => call!(delete_volume),
            "DescribeImages" => call!(describe_images),
            "DescribeInstanceTypes" => call!(describe_instance_types),
            "DescribeInstances" => call!(describe_instances),
            "DescribeVolumes" => call!(describe_volumes),
            "DetachVolume" => call!(detach_volume),
            "ModifyInstanceAttribute" => call!(modify_instance_attribute),
            "RebootInstances" => call!(reboot_instances),
            "RunInstances" => call!(run_instances),
            "StartInstances" => call!(start_instances),
            "StopInstances" => call!(stop_instances),
            "TerminateInstances" => call!(terminate_instances),
            other => Err(AwsError::unmodelled(format!("the EC2 action {other}"))),
        }
    }
}

fn json(answer: &impl Serialize) -> Result<Value, AwsError> {
    serde_json::to_value(answer).map_err(|error| AwsError::server("InternalError", error.to_string()))
}
