//! The safeguards, by name.

/// Part of the product that keeps a promise, and that a simulation can take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safeguard {
    /// Safety net 1: every Catch leads to EC2Stopper.
    Catch,
    /// Safety net 2: the event of an abnormal end.
    AbnormalEnd,
    /// Safety net 3: the sweeper.
    Sweeper,
    /// Safety net 4: the instance's own deadline.
    Deadline,
    /// The ClientToken of RunInstances.
    ClientToken,
    /// The candidate's number in the ClientToken.
    CandidateInToken,
    /// One candidate for each visit of the launch state.
    OneCandidate,
    /// The tags in the launch call.
    Tags,
    /// The look before SendCommand.
    LookBeforeSend,
    /// The script's claim on its attempt.
    Claim,
    /// The freshness of the output.
    Freshness,
    /// The poll that makes up for a lost event.
    PollFallback,
    /// The look at the instance.
    InstanceState,
    /// The instance's id, by which EC2Stopper finds what no listing has.
    KnownId,
    /// The mark of a launch's first try: only that one may say that nothing was launched.
    FirstTry,
    /// The ledger's line of each attempt.
    Ledger,
    /// The name of a row's execution, by which a repeated start finds the first.
    RowName,
    /// The tolerance for rows that fail.
    Tolerance,
    /// The look at a row's outcome, because a handled failure ends as a success.
    Judge,
}

impl Safeguard {
    /// Every safeguard, with the name that the command line has for it.
    pub const ALL: [(Self, &'static str); 19] = [
        (Self::Catch, "catch"),
        (Self::AbnormalEnd, "abnormal-end"),
        (Self::Sweeper, "sweeper"),
        (Self::Deadline, "deadline"),
        (Self::ClientToken, "client-token"),
        (Self::CandidateInToken, "candidate-in-token"),
        (Self::OneCandidate, "one-candidate"),
        (Self::Tags, "tags"),
        (Self::LookBeforeSend, "look-before-send"),
        (Self::Claim, "claim"),
        (Self::Freshness, "freshness"),
        (Self::PollFallback, "poll-fallback"),
        (Self::InstanceState, "instance-state"),
        (Self::KnownId, "known-id"),
        (Self::FirstTry, "first-try"),
        (Self::Ledger, "ledger"),
        (Self::RowName, "row-name"),
        (Self::Tolerance, "tolerance"),
        (Self::Judge, "judge"),
    ];

    /// Whether it is one of fleets.
    pub fn is_of_fleets(self) -> bool {
        matches!(self, Self::RowName | Self::Tolerance | Self::Judge)
    }

    /// The safeguard that the command line calls `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(safeguard, _)| *safeguard)
    }
}
