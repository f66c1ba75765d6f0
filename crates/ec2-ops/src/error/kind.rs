//! The table of errors: what each error means to the state machine, to the outcome, and to the cleanup.

use super::Error;
use crate::status::Status;

/// What a failed step may have left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Nothing, if the error is that of a first try.
    Nothing,
    /// An instance that is known to exist.
    Instance,
    /// Perhaps an instance: the answer of the call was lost.
    Unknown,
}

/// Defines [`ErrorKind`] from the table. An [`Error`] without a row does not compile, and neither does a row without an
/// [`Error`].
macro_rules! error_kinds {
    ($($kind:ident: $retryable:literal, $status:ident, $leftover:ident;)*) => {
        /// An [`Error`] without its details: what depends only on which error it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorKind {
            $(#[doc = concat!("See [`Error::", stringify!($kind), "`].")] $kind,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of [`Error`].
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The stable name that `ErrorEquals` in the state machine matches.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind),)* }
            }

            /// Whether the same step, invoked again with the same input, may succeed.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$kind => $retryable,)* }
            }

            /// The status of an attempt that ended with the error.
            pub const fn status(self) -> Status {
                match self { $(Self::$kind => Status::$status,)* }
            }

            /// What the failed step may have left behind.
            pub const fn leftover(self) -> Leftover {
                match self { $(Self::$kind => Leftover::$leftover,)* }
            }
        }

        impl Error {
            /// Which error it is.
            pub fn kind(&self) -> ErrorKind {
                match self {
                    $(Self::$kind { .. } => ErrorKind::$kind,)*
                    Self::FirstTry(error) => error.kind(),
                }
            }
        }
    };
}

error_kinds! {
    // kind                 retryable  status               leftover
    InvalidExecution:       false,     InvalidExecution,    Nothing;
    InputMissing:           false,     InputMissing,        Nothing;
    InputsPending:          true,      InputMissing,        Nothing;
    LaunchFailed:           false,     LaunchFailed,        Nothing;
    CapacityUnavailable:    false,     CapacityUnavailable, Nothing;
    CandidateUnavailable:   false,     CapacityUnavailable, Nothing;
    LaunchDelayed:          true,      LaunchFailed,        Nothing;
    InstanceNotReady:       true,      LaunchFailed,        Instance;
    InstanceBooting:        true,      LaunchFailed,        Instance;
    QueuedInstanceNotReady: true,      LaunchFailed,        Instance;
    InstanceLost:           false,     InstanceLost,        Instance;
    SpotInterrupted:        false,     SpotInterrupted,     Instance;
    CommandFailed:          false,     CommandFailed,       Instance;
    CommandTimedOut:        false,     CommandTimedOut,     Instance;
    Cancelled:              false,     Cancelled,           Instance;
    OutputMissing:          false,     OutputMissing,       Instance;
    CleanupPending:         true,      InternalError,       Instance;
    Throttled:              true,      InternalError,       Unknown;
    ServiceUnavailable:     true,      InternalError,       Unknown;
    Refused:                false,     InternalError,       Unknown;
    InternalError:          false,     InternalError,       Unknown;
}

impl ErrorKind {
    /// Finds the kind with this name; `None` if the error is not ours (`States.Timeout`, `Lambda.Unknown`).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
