//! A trigger of the deployment: each new object under a prefix starts an execution of its document.

use serde_json::{Value, json};

use crate::deployment::Names;
use crate::rules::{self, put_rule};
use crate::stepfunctions::api::CreateStateMachineRequest;
use crate::{Account, AwsError};

/// A document, and the objects whose creation starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The bucket.
    pub bucket: String,
    /// The beginning of the objects' keys; empty for all.
    pub prefix: String,
    /// The execution document.
    pub document: Value,
}

/// The variables that name the new object, and the places of their values in the event. They replace those that the document
/// may have.
const VARIABLES: [(&str, &str); 2] =
    [("INPUT_BUCKET", "$.detail.bucket.name"), ("INPUT_KEY", "$.detail.object.key")];

impl Trigger {
    /// Provisions what `terraform/triggers.tf` provisions.
    pub(crate) fn deploy(
        &self,
        name: &str,
        account: &Account,
        names: &Names,
        state_machine_arn: &str,
    ) -> Result<(), AwsError> {
        let request = CreateStateMachineRequest {
            name: format!("{}-trigger-{name}", names.deployment),
            definition: self.definition(name, state_machine_arn),
            role_arn: format!(
                "arn:aws:iam::{}:role/{}-Trigger",
                account.platform.account_id, names.deployment
            ),
            r#type: None,
        };
        let created = account.stepfunctions.create_state_machine(&names.region, request)?;
        let target = rules::state_machine(&account.stepfunctions, &created.state_machine_arn);
        put_rule(&account.platform, self.pattern(), target)
    }

    /// The state machine that starts the executions.
    fn definition(&self, name: &str, state_machine_arn: &str) -> String {
        let mut document = self.document.clone();
        if let Some(fields) = document.as_object_mut() {
            let variables = fields.entry("variables").or_insert_with(|| json!({}));
            for (variable, path) in VARIABLES {
                variables.as_object_mut().map(|variables| variables.remove(variable));
                variables[format!("{variable}.$")] = path.into();
            }
        }
        include_str!("../../../state_machine/trigger.asl.json")
            .replace("${trigger}", name)
            .replace("${state_machine_arn}", state_machine_arn)
            // Last, because its text is not ours.
            .replace("\"${document}\"", &document.to_string())
    }

    /// The events that start them.
    fn pattern(&self) -> Value {
        let mut pattern = json!({
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": { "bucket": { "name": [self.bucket] } },
        });
        if !self.prefix.is_empty() {
            pattern["detail"]["object"] = json!({ "key": [{ "prefix": self.prefix }] });
        }
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ec2_ops_asl::StateMachine;

    #[test]
    fn a_document_becomes_a_state_machine_whatever_is_in_it() {
        let document = json!({
            "commands": ["echo \"$INPUT_KEY\" '${trigger}'"],
            "variables": { "INPUT_KEY": "an example", "A": "it's \"a\" \\ line\n" },
        });
        let trigger = Trigger { bucket: "in".to_owned(), prefix: "new/".to_owned(), document };
        let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:ec2-ops";
        let definition = trigger.definition("night", arn);
        StateMachine::parse(&definition).unwrap();
        assert!(definition.contains("echo \\\"$INPUT_KEY\\\" '${trigger}'"), "{definition}");
        let bare = Trigger { document: json!({ "commands": [] }), ..trigger };
        let definition: Value = serde_json::from_str(&bare.definition("night", arn)).unwrap();
        let parameters = &definition["States"]["StartExecution"]["Parameters"];
        assert_eq!(parameters["StateMachineArn"], arn);
        assert_eq!(parameters["Input"]["variables"]["INPUT_KEY.$"], "$.detail.object.key");
    }
}
