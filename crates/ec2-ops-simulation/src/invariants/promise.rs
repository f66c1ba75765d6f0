//! The promises, and their limits.

use std::fmt;

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// No instance runs whose execution is over.
    NothingRunning,
    /// Nothing runs at the moment at which an execution ends by itself.
    EndsCleanedUp,
    /// No volume is left that the document wants deleted.
    NoVolumeLeft,
    /// An attempt launches at most one instance.
    OneInstancePerAttempt,
    /// An attempt tries its candidates in the order of its document.
    CandidatesInOrder,
    /// Nothing is launched before its inputs exist.
    InputsFirst,
    /// Another attempt follows only on the statuses that its document names.
    RetriesAsAsked,
    /// An attempt's commands start at most once.
    CommandsOnce,
    /// The outcome says what really happened.
    TrueOutcome,
    /// The ledger has one line of each attempt that is over, and it is true.
    TrueLedger,
    /// Every execution ends, in bounded time.
    Ends,
    /// Nothing of another deployment or person is touched.
    BystandersUntouched,
    /// With nothing else wrong, an abort or the machine's timeout is cleaned up within minutes.
    PromptCleanup,
    /// The policy of a function's role allows every call that the function makes.
    Permitted,
    /// A run of a fleet starts each row at most once.
    RowsOnce,
    /// No more rows of a fleet run at once than it may.
    AtMostAtOnce,
    /// Each row of a fleet that is not stopped comes to an end, and to a record of it.
    EachRowEnds,
    /// A fleet's summary, its map run and its end say how its rows ended.
    TrueSummary,
    /// Only rows without a success run again.
    OnlyFailedAgain,
    /// No row runs whose fleet has ended.
    FleetStops,
}

impl Invariant {
    /// Every promise, in words.
    pub const ALL: [(Self, &'static str); 20] = [
        (Self::NothingRunning, "nothing is left running"),
        (Self::EndsCleanedUp, "nothing runs after the end"),
        (Self::NoVolumeLeft, "no volume is left"),
        (Self::OneInstancePerAttempt, "one instance per attempt"),
        (Self::CandidatesInOrder, "candidates come in order"),
        (Self::InputsFirst, "nothing is launched before its inputs"),
        (Self::RetriesAsAsked, "retries are as asked for"),
        (Self::CommandsOnce, "commands start at most once"),
        (Self::TrueOutcome, "the outcome is true"),
        (Self::TrueLedger, "the ledger is true"),
        (Self::Ends, "every execution ends"),
        (Self::BystandersUntouched, "nothing of others is touched"),
        (Self::PromptCleanup, "an end from outside is prompt"),
        (Self::Permitted, "every call is permitted"),
        (Self::RowsOnce, "a row starts at most once"),
        (Self::AtMostAtOnce, "rows at once keep to the limit"),
        (Self::EachRowEnds, "each row comes to its end"),
        (Self::TrueSummary, "a fleet's summary is true"),
        (Self::OnlyFailedAgain, "only failed rows run again"),
        (Self::FleetStops, "no row outlives its fleet"),
    ];
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise.
    pub invariant: Invariant,
    /// How it was broken.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// Why something that looks like a broken promise is none: it lies beyond the limits of the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excuse {
    /// The control plane is gone, and the instance never got the commands, which arm its own deadline.
    NotArmed,
    /// The control plane is gone, and a reboot disarmed the deadline.
    Rebooted,
    /// A person has edited the tags, and the execution was ended from outside, so that nothing has the instance's id.
    TagsEdited,
    /// The control plane is gone, so nothing deletes a volume or reports an outcome.
    ControlPlaneGone,
    /// The execution was ended from outside, and what it left took longer to end than the event of that is tried.
    LineOfSlowEnd,
    /// The answer to the start of a row was lost, and its fleet was stopped before the start was tried again.
    StartLost,
}

impl Excuse {
    /// What was found, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotArmed => "runs on: no deadline armed yet",
            Self::Rebooted => "runs on: reboot disarmed it",
            Self::TagsEdited => "runs on until its deadline: tags edited",
            Self::ControlPlaneGone => "volume, outcome: no control plane",
            Self::LineOfSlowEnd => "ledger: slow end from outside",
            Self::StartLost => "row outlives its fleet: start lost",
        }
    }
}
