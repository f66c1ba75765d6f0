//! Identifiers, each of its own type, so that they cannot be confused.

use std::fmt::{self, Write as _};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes `text` as it is, without validation: AWS issued it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// An EC2 instance, `i-0123456789abcdef0`.
    InstanceId
}
id! {
    /// An EBS volume, `vol-0123456789abcdef0`.
    VolumeId
}
id! {
    /// An SSM command, a UUID.
    CommandId
}
id! {
    /// An AWS region, `us-east-1`.
    Region
}
id! {
    /// The ARN of a Step Functions execution.
    ExecutionId
}
id! {
    /// The ARN of a Step Functions state machine.
    StateMachineId
}
id! {
    /// The token with which a waiting task is completed.
    TaskToken
}

impl ExecutionId {
    /// The execution's own name: the part of the ARN after the last colon.
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or(&self.0)
    }

    /// Whether the id is the ARN of an execution in this region of this account.
    pub(crate) fn is_in(&self, region: &Region, account: &str) -> bool {
        let fields: Vec<_> = self.0.split(':').collect();
        matches!(fields[..], ["arn", _, "states", in_region, of_account, "execution", _, _]
            if in_region == region.as_str() && of_account == account)
    }

    /// The state machine of the execution, if the id has the form of an execution's ARN.
    pub fn state_machine(&self) -> Option<StateMachineId> {
        let (machine, _) = self.0.rsplit_once(':')?;
        let (before, name) = machine.split_once(":execution:")?;
        Some(StateMachineId(format!("{before}:stateMachine:{name}")))
    }
}

impl StateMachineId {
    /// The execution called `name` of this state machine.
    pub fn execution(&self, name: &str) -> ExecutionId {
        ExecutionId(format!("{}:{name}", self.0.replacen(":stateMachine:", ":execution:", 1)))
    }
}

/// One attempt of one execution: the unit that launches at most one instance and sends its commands at most once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptId {
    /// The attempt's execution.
    pub execution: ExecutionId,
    /// Counts from 1.
    pub attempt: u32,
}

impl AttemptId {
    /// A short stable name of the attempt: 32 hexadecimal digits.
    ///
    /// It is the `Comment` of the attempt's command. SSM allows 100 characters there, which an ARN can exceed.
    pub fn fingerprint(&self) -> String {
        self.digest("")
    }

    /// The `ClientToken` of the launch of this attempt's candidate with that number: a repetition of the call returns the same
    /// instance.
    ///
    /// At most 64 ASCII characters. See <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html>.
    pub fn client_token(&self, candidate: usize) -> String {
        self.digest(&candidate.to_string())
    }

    /// Which of `n` alternatives the attempt takes; 0 if there are none. Executions spread over them, and each further attempt
    /// of an execution takes the next.
    pub(crate) fn turn(&self, n: usize) -> usize {
        let digest = Sha256::digest(self.execution.as_str());
        let first = usize::from(u16::from_be_bytes([digest[0], digest[1]]));
        (first + self.attempt as usize).checked_rem(n).unwrap_or_default()
    }

    fn digest(&self, salt: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{}\n{salt}", self.execution, self.attempt));
        digest[..16].iter().fold(String::with_capacity(32), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} of {}", self.attempt, self.execution.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(execution: &str, attempt: u32) -> AttemptId {
        AttemptId { execution: ExecutionId::new(execution), attempt }
    }

    #[test]
    fn a_client_token_is_stable_and_differs_by_execution_attempt_and_candidate() {
        let token = attempt("arn:a:b", 1).client_token(0);
        assert_eq!(token, attempt("arn:a:b", 1).client_token(0));
        for other in [
            attempt("arn:a:c", 1).client_token(0),
            attempt("arn:a:b", 2).client_token(0),
            attempt("arn:a:b", 1).client_token(1),
        ] {
            assert_ne!(token, other);
        }
        assert!(token.len() <= 64, "{token}");
    }

    #[test]
    fn an_execution_is_named_by_the_end_of_its_arn_and_its_machine_by_the_rest() {
        let id = ExecutionId::new("arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run-7");
        assert_eq!(id.name(), "run-7");
        let machine = StateMachineId::new("arn:aws:states:us-east-1:000000000000:stateMachine:ec2-ops");
        assert_eq!(machine.execution("run-7"), id);
        assert_eq!(id.state_machine(), Some(machine));
        assert_eq!(ExecutionId::new("arn:x").state_machine(), None);
    }
}
