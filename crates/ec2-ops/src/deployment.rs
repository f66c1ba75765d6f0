//! The settings of a deployment, which hold for all of its executions.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::allowed::Allowed;
use crate::document::{IamInstanceProfile, InstanceParameters, Job, Problem, Problems};
use crate::error::Error;
use crate::ids::Region;

/// Long enough for a shortage to pass, short enough for a user to watch.
const BACKOFF_S: u32 = 15;

/// The settings of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its name, unique in the account: the value of the `ec2-ops:deployment` tag.
    pub name: String,
    /// Its own region, for documents that name none.
    pub region: Region,
    /// Further regions that documents may name: its events are forwarded from there, and its sweeper covers them.
    pub additional_regions: Vec<Region>,
    /// The bucket in which SSM keeps the complete output of commands.
    pub log_bucket: Option<String>,
    /// The log group in which SSM keeps the complete output of commands.
    pub log_group: Option<String>,
    /// Whether an execution without success ends as FAILED, if its document does not say.
    pub fail_execution: bool,
    /// How long an execution waits before its second attempt, in seconds. The wait doubles before each further one.
    pub backoff_s: u32,
    /// The names of the SNS topics that documents may name.
    pub topics: Vec<String>,
    /// By region: the parameters of an instance whose document does not set them.
    pub instance_defaults: BTreeMap<Region, InstanceDefaults>,
    /// What documents may launch with.
    pub allowed: Allowed,
}

/// The parameters of an instance whose document does not set them, in RunInstances' own names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct InstanceDefaults {
    /// The name of an instance profile. An instance without one cannot use SSM.
    pub iam_instance_profile: Option<String>,
    /// The security groups.
    pub security_group_ids: Vec<String>,
    /// The subnets, all of which an attempt may try: if one zone has no capacity, another may. Attempts begin with them in
    /// turn. If the list is empty, EC2 chooses a subnet of the default VPC, in a zone that has the type.
    pub subnet_ids: Vec<String>,
}

impl InstanceDefaults {
    /// Completes `parameters`, of a document that has placed the instance or not.
    ///
    /// A subnet and its security groups belong to one VPC. So a document that names either gets neither from here.
    pub(crate) fn complete(&self, parameters: &mut InstanceParameters, placed: bool) {
        if let Some(name) = &self.iam_instance_profile {
            let profile = || IamInstanceProfile { name: Some(name.clone()), arn: None };
            parameters.iam_instance_profile.get_or_insert_with(profile);
        }
        if !placed && !self.security_group_ids.is_empty() {
            parameters.security_group_ids = Some(self.security_group_ids.clone());
        }
    }
}

impl Deployment {
    /// A deployment that has only a name and a region.
    pub fn new(name: impl Into<String>, region: Region) -> Self {
        Self {
            name: name.into(),
            region,
            additional_regions: Vec::new(),
            log_bucket: None,
            log_group: None,
            fail_execution: false,
            backoff_s: BACKOFF_S,
            topics: Vec::new(),
            instance_defaults: BTreeMap::new(),
            allowed: Allowed::default(),
        }
    }

    /// Every region in which its instances can be.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        std::iter::once(&self.region).chain(&self.additional_regions)
    }

    /// Refuses a launch with something that this deployment does not allow.
    pub(crate) fn check_allowed(&self, job: &Job) -> Result<(), Error> {
        match self.allowed.problems(&job.instance) {
            problems if problems.is_empty() => Ok(()),
            problems => Err(Error::InvalidExecution(Problems(problems))),
        }
    }

    /// The region in which `job` runs.
    ///
    /// # Errors
    /// [`Error::InvalidExecution`] if this deployment does not cover it, so that no safety net would work there.
    pub(crate) fn region_of(&self, job: &Job) -> Result<Region, Error> {
        let region = job.region.as_ref().unwrap_or(&self.region);
        if self.regions().any(|covered| covered == region) {
            return Ok(region.clone());
        }
        let covered: Vec<_> = self.regions().map(Region::as_str).collect();
        let message = format!(
            "found {:?}, expected a region of this deployment: {}",
            region.as_str(),
            covered.join(", ")
        );
        Err(Error::InvalidExecution(Problems(vec![Problem::new("$.region", message)])))
    }

    /// Refuses the topic of `job` if no message can go there.
    ///
    /// # Errors
    /// [`Error::InvalidExecution`], with the topics that there are.
    pub(crate) fn check_topic(&self, job: &Job) -> Result<(), Error> {
        let Some(topic) = job.notify.as_ref().filter(|topic| !self.topics.contains(topic)) else {
            return Ok(());
        };
        let expected = if self.topics.is_empty() {
            "no topic: this deployment allows none".to_owned()
        } else {
            format!("a topic of this deployment: {}", self.topics.join(", "))
        };
        let message = format!("found {topic:?}, expected {expected} (outcomes.topic_arns of Terraform)");
        Err(Error::InvalidExecution(Problems(vec![Problem::new("$.run_options.notify", message)])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AttemptId, ExecutionId};
    use serde_json::{Value, json};

    fn completed(own: &Value) -> Value {
        let defaults: InstanceDefaults = serde_json::from_value(json!({
            "IamInstanceProfile": "of-us", "SecurityGroupIds": ["sg-1"], "SubnetIds": ["subnet-a", "subnet-b"],
        }))
        .unwrap();
        let mut parameters = json!({ "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" });
        if let (Value::Object(parameters), Value::Object(own)) = (&mut parameters, own.clone()) {
            parameters.extend(own);
        }
        let mut parameters: InstanceParameters = serde_json::from_value(parameters).unwrap();
        let placed = parameters.is_placed();
        defaults.complete(&mut parameters, placed);
        serde_json::to_value(parameters).unwrap()
    }

    #[test]
    fn a_parameter_that_the_document_leaves_out_comes_from_the_deployment() {
        let instance = completed(&json!({}));
        assert_eq!(instance["IamInstanceProfile"], json!({ "Name": "of-us" }));
        assert_eq!(instance["SecurityGroupIds"], json!(["sg-1"]));
    }

    #[test]
    fn executions_spread_over_the_subnets_and_each_attempt_begins_with_the_next() {
        let turn =
            |execution: &str, attempt| AttemptId { execution: ExecutionId::new(execution), attempt }.turn(2);
        let executions = (0..100).map(|n| format!("arn:{n}"));
        let first = executions.clone().filter(|execution| turn(execution, 1) == 0).count();
        assert!((30..=70).contains(&first), "{first} of 100 begin with the first");
        for execution in executions {
            assert_ne!(turn(&execution, 1), turn(&execution, 2));
            assert_eq!(turn(&execution, 1), turn(&execution, 3));
        }
    }

    #[test]
    fn a_document_that_chooses_its_network_keeps_it_whole() {
        for own in [
            json!({ "SubnetId": "subnet-x" }),
            json!({ "SecurityGroupIds": ["sg-x"] }),
            json!({ "SecurityGroups": ["x"] }),
            json!({ "NetworkInterfaces": [{ "DeviceIndex": 0, "SubnetId": "subnet-x" }] }),
        ] {
            let instance = completed(&own);
            for field in ["SubnetId", "SecurityGroupIds", "SecurityGroups", "NetworkInterfaces"] {
                assert_eq!(instance.get(field), own.get(field), "{own}");
            }
            assert_eq!(instance["IamInstanceProfile"]["Name"], "of-us");
        }
        let profile = json!({ "IamInstanceProfile": { "Arn": "arn:x" } });
        assert_eq!(completed(&profile)["IamInstanceProfile"], profile["IamInstanceProfile"]);
    }
}
