//! The names and ARNs of an execution.

use std::sync::Arc;

/// The names and ARNs of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:states:<region>:<account>:execution:<state machine>:<name>`; the region of its tasks comes from it.
    pub arn: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// The role of the state machine.
    pub role_arn: Arc<str>,
    /// The state machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// The state machine's name.
    pub state_machine_name: Arc<str>,
}

impl Identity {
    /// The execution `name` of `state_machine`, whose role has the name of the state machine.
    pub fn new(region: &str, account_id: &str, state_machine: &str, name: &str) -> Self {
        Self {
            arn: format!("arn:aws:states:{region}:{account_id}:execution:{state_machine}:{name}").into(),
            name: name.into(),
            role_arn: format!("arn:aws:iam::{account_id}:role/{state_machine}").into(),
            state_machine_arn: format!("arn:aws:states:{region}:{account_id}:stateMachine:{state_machine}")
                .into(),
            state_machine_name: state_machine.into(),
        }
    }

    /// The region in the execution's ARN.
    pub fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new("eu-west-1", "000000000000", "machine", "run")
    }
}
