//! The status of an attempt, and of an execution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Defines [`Status`], so that the list of all of them and their words cannot lack one.
macro_rules! statuses {
    ($($(#[$doc:meta])* $status:ident,)*) => {
        /// How an attempt, or a whole execution, ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum Status {
            $($(#[$doc])* $status,)*
        }

        impl Status {
            /// Every status.
            pub const ALL: &[Self] = &[$(Self::$status),*];

            /// The word for it, as in an outcome.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$status => stringify!($status),)* }
            }
        }
    };
}

statuses! {
    /// The script exited with 0 and the output, if the document asks for one, exists and is new.
    Succeeded,
    /// A command failed.
    CommandFailed,
    /// The commands did not end within their limit.
    CommandTimedOut,
    /// The commands succeeded, but their output does not exist.
    OutputMissing,
    /// The instance was gone, or unreachable, before its commands had ended.
    InstanceLost,
    /// EC2 took a Spot instance back.
    SpotInterrupted,
    /// EC2 had no capacity.
    CapacityUnavailable,
    /// EC2 refused the launch, or the instance never became ready for commands.
    LaunchFailed,
    /// An input did not exist in time. Nothing was launched.
    InputMissing,
    /// The document asks for something that is not possible.
    InvalidExecution,
    /// A person cancelled the commands.
    Cancelled,
    /// A user stopped the execution.
    Aborted,
    /// Anything else: a missing permission, an AWS service that stayed down, a bug.
    InternalError,
}

impl Status {
    /// Whether no attempt can follow: there is nothing left to do, the same document would be refused again, or a person wants no
    /// more of it.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::InvalidExecution | Self::Cancelled | Self::Aborted)
    }
}
