//! Who an execution is.

use std::sync::Arc;

/// Who an execution is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:states:<region>:<account>:execution:<state machine>:<name>`; the region of its tasks comes from it.
    pub arn: Arc<str>,
    /// The execution's name.
    pub name: Arc<str>,
    /// The role that it runs as.
    pub role_arn: Arc<str>,
    /// The state machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// The state machine's name.
    pub state_machine_name: Arc<str>,
}

impl Identity {
    /// The region in the execution's ARN.
    pub(crate) fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            arn: "arn:aws:states:eu-west-1:000000000000:execution:machine:run".into(),
            name: "run".into(),
            role_arn: "arn:aws:iam::000000000000:role/states".into(),
            state_machine_arn: "arn:aws:states:eu-west-1:000000000000:stateMachine:machine".into(),
            state_machine_name: "machine".into(),
        }
    }
}
