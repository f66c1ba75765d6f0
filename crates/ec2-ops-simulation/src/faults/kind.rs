//! The kinds of faults, by name. Each is counted where it happens.

use super::other_error::OtherError;
use ec2_ops_sandbox::ec2::Shortage;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// An error before the call had its effect.
    ErrorBefore,
    /// The call had its effect, and its answer was lost.
    LostAnswer,
    /// The repetition of a call whose answer was lost fails in another way.
    Repetition(OtherError),
    /// GetCommandInvocation answers for a command without the times of its start and end.
    NoCommandTimes,
    /// EC2 describes an instance without what only explains it: type, zone, image, and the time of its launch.
    NoInstanceFacts,
    /// Throttled before the effect.
    Throttled,
    /// Seconds late.
    Delay,
    /// For minutes or hours, no call of ours works.
    Outage,
    /// From some moment on, no call of ours works.
    Blackout,
    /// The Lambda dies before the call.
    LambdaDiesBefore,
    /// The Lambda dies right after the call.
    LambdaDiesAfter,
    /// The Lambda runs past its timeout.
    LambdaHangs,
    /// An event is lost.
    EventLost,
    /// An event comes late.
    EventLate,
    /// An event comes twice.
    EventDoubled,
    /// An event comes before one that was published earlier.
    EventOvertakes,
    /// EC2 refuses a launch.
    Launch(Shortage),
    /// An input does not exist when its execution starts.
    InputLate,
    /// Describe does not show a fresh instance for a while.
    DescribeLags,
    /// ListCommands does not show a fresh command for a while.
    ListCommandsLags,
    /// EC2 refuses for a while to stop or to terminate an instance.
    RefusesToEnd,
    /// An instance takes minutes to stop or to terminate.
    SlowToEnd,
    /// The agent of an instance takes many minutes to come online.
    LateReady,
    /// The agent of an instance never comes online.
    NeverReady,
    /// A fault of an instance.
    Instance(InstanceFault),
    /// The script of an instance has ended, and a background process of it holds the output open until the limit.
    OutputHeldOpen,
    /// A fault of an instance whose commands have not begun.
    BeforeCommands,
    /// A person has edited the tags of an instance whose commands run, so that no listing by its execution has it.
    TagsEdited,
    /// An execution is aborted.
    Abort,
    /// An execution is aborted in the middle of its first launch.
    AbortInLaunch,
    /// An execution is aborted in the middle of the launch of a later attempt.
    AbortInLaterLaunch,
    /// The state machine's own time is up.
    MachineTimeout,
    /// A person redrives an execution that was aborted, or whose time was up.
    Redrive,
    /// There is an instance of ours whose execution never existed.
    Orphan,
    /// An execution runs in another region than its state machine.
    OtherRegion,
    /// Step Functions refuses to start the execution of a row.
    StartRefused,
    /// The execution of a row is started, and the fleet does not hear of it.
    StartLost,
    /// A fleet is stopped.
    FleetStopped,
}

/// A fault of an instance, after its agent came online.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceFault {
    /// Its machine fails.
    Vanishes,
    /// A person stops it.
    StoppedFromOutside,
    /// It reboots.
    Reboots,
    /// It reboots, notices that, and shuts itself down.
    RebootsAndShutsDown,
    /// Its agent ends, for good.
    AgentDies,
    /// Its agent is offline for minutes.
    AgentPauses,
    /// EC2 interrupts the Spot Instance.
    SpotInterruption,
    /// A person cancels its commands.
    CommandsCancelled,
}

impl InstanceFault {
    /// Whether the commands may have ended without SSM having seen that.
    pub(crate) fn hides_the_end(self) -> bool {
        matches!(self, Self::AgentDies | Self::Reboots)
    }
}

impl FaultKind {
    /// Every kind, in words.
    pub const ALL: [(Self, &'static str); 57] = [
        (Self::ErrorBefore, "call fails before its effect"),
        (Self::LostAnswer, "call's answer is lost"),
        (Self::Repetition(OtherError::GatewayPage), "... and then a gateway answers"),
        (Self::Repetition(OtherError::ExpiredToken), "... and then the token has expired"),
        (Self::Repetition(OtherError::SkewedClock), "... and then the clock is skewed"),
        (Self::Repetition(OtherError::AccessDenied), "... and then access is denied"),
        (Self::Repetition(OtherError::Unheard), "... and then comes an unknown error"),
        (Self::Repetition(OtherError::BucketGone), "... and then the bucket is gone"),
        (Self::NoCommandTimes, "command without times"),
        (Self::NoInstanceFacts, "instance without its facts"),
        (Self::Throttled, "call is throttled"),
        (Self::Delay, "call is late"),
        (Self::Outage, "call fails: outage"),
        (Self::Blackout, "call fails: control plane is gone"),
        (Self::LambdaDiesBefore, "Lambda dies before a call"),
        (Self::LambdaDiesAfter, "Lambda dies after a call"),
        (Self::LambdaHangs, "Lambda runs past its timeout"),
        (Self::EventLost, "event is lost"),
        (Self::EventLate, "event is late"),
        (Self::EventDoubled, "event comes twice"),
        (Self::EventOvertakes, "event overtakes another"),
        (Self::Launch(Shortage::InsufficientInstanceCapacity), "no capacity"),
        (Self::Launch(Shortage::UnsupportedInZone), "type is not in the zone"),
        (Self::Launch(Shortage::InsufficientFreeAddressesInSubnet), "subnet is full"),
        (Self::Launch(Shortage::SpotMaxPriceTooLow), "Spot price is too high"),
        (Self::Launch(Shortage::MaxSpotInstanceCountExceeded), "Spot quota is used up"),
        (Self::Launch(Shortage::VcpuLimitExceeded), "vCPU quota is used up"),
        (Self::Launch(Shortage::UnknownInstanceProfile), "profile is too new"),
        (Self::Launch(Shortage::ImageUnavailable), "image is pending"),
        (Self::InputLate, "input is late"),
        (Self::DescribeLags, "fresh instance is not described"),
        (Self::ListCommandsLags, "fresh command is not listed"),
        (Self::RefusesToEnd, "EC2 refuses to end an instance"),
        (Self::SlowToEnd, "instance is slow to end"),
        (Self::LateReady, "instance is late to get ready"),
        (Self::NeverReady, "instance never gets ready"),
        (Self::Instance(InstanceFault::Vanishes), "instance vanishes"),
        (Self::Instance(InstanceFault::StoppedFromOutside), "instance is stopped"),
        (Self::Instance(InstanceFault::Reboots), "instance reboots"),
        (Self::Instance(InstanceFault::RebootsAndShutsDown), "instance reboots and shuts down"),
        (Self::Instance(InstanceFault::AgentDies), "agent dies"),
        (Self::Instance(InstanceFault::AgentPauses), "agent is offline for minutes"),
        (Self::Instance(InstanceFault::SpotInterruption), "Spot interruption"),
        (Self::Instance(InstanceFault::CommandsCancelled), "commands are cancelled"),
        (Self::OutputHeldOpen, "output is held open"),
        (Self::BeforeCommands, "... before the commands began"),
        (Self::TagsEdited, "tags are edited"),
        (Self::Abort, "abort"),
        (Self::AbortInLaunch, "... in the first launch"),
        (Self::AbortInLaterLaunch, "... in a later launch"),
        (Self::MachineTimeout, "state machine times out"),
        (Self::Redrive, "... and is redriven"),
        (Self::Orphan, "execution never existed"),
        (Self::OtherRegion, "execution in another region"),
        (Self::StartRefused, "row is not started"),
        (Self::StartLost, "answer to a row's start is lost"),
        (Self::FleetStopped, "fleet is stopped"),
    ];
}
