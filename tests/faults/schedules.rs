//! The schedules: each kind of fault on each call of the functions, and some special ones.

use std::time::Duration;

use ec2_ops::Status;
use ec2_ops_sandbox::deployment::FUNCTIONS;
use ec2_ops_sandbox::fault_plan::{CallFault, EventFault, Fault, InvocationFault};
use ec2_ops_simulation::trial::{Output, Trial};

const STARTER: &str = "EC2StarterFromAMI";
const COMMANDER: &str = "Commander";
const POLLER: &str = "EC2Poller";
const CHECKER: &str = "RunChecker";
const STOPPER: &str = "EC2Stopper";

const COMMAND_ENDED: &str = "EC2 Command Invocation Status-change Notification";
const EXECUTION_ENDED: &str = "Step Functions Execution Status Change";

const KINDS: [CallFault; 6] = [
    CallFault::ErrorBefore,
    CallFault::LostAnswer,
    CallFault::Throttled,
    CallFault::Delay(Duration::from_secs(1)),
    CallFault::LambdaDiesBefore,
    CallFault::LambdaDiesAfter,
];

/// Every schedule, the longest first.
pub(super) fn all() -> Vec<Trial> {
    let mut trials = with_long_waits();
    trials.extend(NOT_NOW.map(delayed));
    trials.extend(KINDS.into_iter().flat_map(on_each_call));
    trials.extend(of_refusals());
    trials.extend(of_lambdas());
    trials.extend(of_commands());
    trials.extend(of_other_answers());
    trials.extend(of_events());
    trials.extend(of_aborts());
    trials
}

fn call(function: &'static str, action: &'static str, nth: u32, fault: CallFault) -> Fault {
    Fault::Call { function, action, nth, fault }
}

fn delay(function: &'static str, action: &'static str, nth: u32, seconds: u64) -> Fault {
    call(function, action, nth, CallFault::Delay(Duration::from_secs(seconds)))
}

fn event(detail_type: &'static str, fault: EventFault) -> Fault {
    Fault::Event { detail_type, nth: 1, fault }
}

/// One kind of fault on the first of each of these calls.
fn first(function: &'static str, actions: &[&'static str], fault: CallFault) -> Vec<Fault> {
    actions.iter().map(|action| call(function, action, 1, fault)).collect()
}

/// Faults whose remedy takes a minute: the next poll of EC2Poller, or the retry of an event by Lambda.
fn with_long_waits() -> Vec<Trial> {
    let quick = Duration::from_secs(2);
    vec![
        Trial {
            name: "the event of the commands' end is lost",
            faults: vec![event(COMMAND_ENDED, EventFault::Lost)],
            runs_for: quick,
            ..Trial::default()
        },
        Trial {
            name: "the event comes, and the token cannot be read",
            faults: first(POLLER, &["GetItem"], CallFault::ErrorBefore),
            runs_for: quick,
            ..Trial::default()
        },
        Trial {
            name: "an abort during the launch",
            faults: vec![Fault::Abort { entered: STARTER }, delay(STARTER, "RunInstances", 1, 2)],
            delete_volume: false,
            ..Trial::default()
        },
    ]
}

/// One kind of fault on the calls of an execution. Several trials, because each retry waits longer than the last.
fn on_each_call(kind: CallFault) -> Vec<Trial> {
    let delayed = matches!(kind, CallFault::Delay(_));
    let done = matches!(kind, CallFault::LostAnswer | CallFault::LambdaDiesAfter);
    // The boot ends before the first check that calls EC2 too.
    let launch = ["HeadBucket", "RunInstances", "DescribeInstanceInformation"];
    // ListCommands is called only from the second try on.
    let send = if delayed { &["SendCommand"][..] } else { &["SendCommand", "ListCommands"] };
    let end = ["DescribeInstances", "TerminateInstances", "DescribeVolumes", "DeleteVolume", "PutObject"];
    // The commands end before the token is stored, so the invocation by the task completes it.
    let late_token = |nth| delay(POLLER, "PutItem", nth, 3);
    // After a SendTaskSuccess with an effect, this invocation makes no other call.
    let completing = if done { &["SendTaskSuccess"][..] } else { &["SendTaskSuccess", "DeleteItem"] };
    let quick = Duration::from_millis(500);
    vec![
        Trial {
            name: "on each call of the launch",
            faults: first(STARTER, &launch, kind),
            ..Trial::default()
        },
        Trial { name: "on each call of Commander", faults: first(COMMANDER, send, kind), ..Trial::default() },
        Trial {
            name: "on each call about running commands",
            faults: vec![call(POLLER, "DescribeInstances", 1, kind)],
            runs_for: Duration::from_secs(4),
            ..Trial::default()
        },
        Trial {
            name: "on each call that reports a success",
            faults: [
                vec![
                    call(POLLER, "PutItem", 1, kind),
                    late_token(2),
                    call(POLLER, "GetCommandInvocation", 1, kind),
                ],
                first(POLLER, completing, kind),
            ]
            .concat()
            .into_iter()
            // A delayed call is not retried.
            .filter(|fault| !delayed || *fault != late_token(2))
            .collect(),
            runs_for: quick,
            ..Trial::default()
        },
        Trial {
            name: "on the call that reports a failure",
            faults: vec![late_token(1), call(POLLER, "SendTaskFailure", 1, kind)],
            runs_for: quick,
            exit_code: 3,
            status: Status::CommandFailed,
            attempts: 2,
            ..Trial::default()
        },
        Trial {
            name: "on each call of the check and of the cleanup",
            faults: [first(CHECKER, &["HeadObject"], kind), first(STOPPER, &end, kind)].concat(),
            ..Trial::default()
        },
        Trial {
            name: "on each call of a check by prefix and of a stop",
            faults: [
                first(CHECKER, &["ListObjectsV2"], kind),
                first(STOPPER, &["StopInstances", "DetachVolume"], kind),
            ]
            .concat(),
            output: Output::Prefix,
            terminate: false,
            ..Trial::default()
        },
    ]
}

/// The words of a refusal: HTTP status, code, message.
type Words = (u16, &'static str, &'static str);

/// What EC2 answers where another candidate may do.
const NOT_HERE: [Words; 12] = [
    (500, "InsufficientInstanceCapacity", "We currently do not have sufficient t4g.nano capacity"),
    (500, "InsufficientHostCapacity", "Insufficient host capacity"),
    (500, "InsufficientReservedInstanceCapacity", "Insufficient Reserved Instance capacity"),
    (400, "UnfulfillableCapacity", "Unable to fulfill capacity due to your request configuration"),
    (400, "ReservationCapacityExceeded", "The requested reservation does not have sufficient capacity"),
    (400, "InsufficientCapacityOnOutpost", "There is not sufficient capacity on the Outpost"),
    (
        400,
        "Unsupported",
        "Your requested instance type (t4g.nano) is not supported in your requested Availability Zone",
    ),
    (400, "InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet 'subnet-1'"),
    (400, "InvalidSubnet.Full", "The subnet is full"),
    (500, "InsufficientVolumeCapacity", "Insufficient EBS volume capacity"),
    (500, "InsufficientAddressCapacity", "Insufficient address capacity"),
    (400, "SpotMaxPriceTooLow", "Your Spot request price is lower than the minimum required price"),
];

/// What EC2 answers where the same launch may do later: a quota, and a profile that was made a moment ago.
const NOT_NOW: [Words; 2] = [
    (
        400,
        "VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current vCPU limit of 32 allows",
    ),
    (
        400,
        "InvalidParameterValue",
        "Value (new) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ),
];

/// What EC2 answers where no launch of the document can do.
const NEVER: [Words; 6] = [
    (400, "Unsupported", "The requested configuration is currently not supported"),
    (400, "InvalidParameterValue", "Invalid value 'x' for InstanceType"),
    (400, "InvalidAMIID.NotFound", "The image id '[ami-0123456789abcdef0]' does not exist"),
    (403, "UnauthorizedOperation", "You are not authorized to perform this operation"),
    (401, "OptInRequired", "You are not subscribed to this service"),
    (400, "Blocked", "This account is currently blocked"),
];

/// The nth launch is refused.
fn refused(nth: u32, (status, code, message): Words) -> Fault {
    call(STARTER, "RunInstances", nth, CallFault::Refused { status, code, message })
}

/// EC2 refuses the launch at first. It is tried again within a minute.
fn delayed(words: Words) -> Trial {
    Trial { name: "the launch cannot be made now", faults: vec![refused(1, words)], ..Trial::default() }
}

/// EC2 refuses candidates, or the launch for good.
fn of_refusals() -> Vec<Trial> {
    let elsewhere = |codes: &[Words]| Trial {
        name: "no candidate but the last can be launched here",
        faults: (1..).zip(codes).map(|(nth, words)| refused(nth, *words)).collect(),
        instance_types: &[
            "t4g.nano",
            "t4g.micro",
            "t4g.small",
            "t4g.medium",
            "m8g.medium",
            "m7g.medium",
            "m6g.medium",
        ],
        ..Trial::default()
    };
    let never = |words| Trial {
        name: "no candidate can ever be launched",
        faults: vec![refused(1, words)],
        status: Status::LaunchFailed,
        ..Trial::default()
    };
    NOT_HERE.chunks(6).map(elsewhere).chain(NEVER.map(never)).collect()
}

fn of_lambdas() -> Vec<Trial> {
    let each = |fault| {
        let fault = |name| Fault::Invocation { function: name, nth: 1, fault };
        FUNCTIONS.map(|function| fault(function.name)).into()
    };
    vec![
        Trial {
            name: "the first invocation of each function dies before its work",
            faults: each(InvocationFault::DiesBefore),
            ..Trial::default()
        },
        Trial {
            name: "the first invocation of each function dies after its work",
            faults: each(InvocationFault::DiesAfter),
            ..Trial::default()
        },
        Trial {
            name: "each function runs past its timeout",
            faults: [
                (STARTER, "RunInstances"),
                (COMMANDER, "SendCommand"),
                (POLLER, "PutItem"),
                (CHECKER, "HeadObject"),
                (STOPPER, "TerminateInstances"),
            ]
            .map(|(function, action)| call(function, action, 1, CallFault::LambdaHangs))
            .into(),
            function_timeout: Duration::from_secs(6),
            ..Trial::default()
        },
    ]
}

/// Commands that remove the claim of the script. Then only `ListCommands` before `SendCommand` prevents a second start.
fn of_commands() -> Vec<Trial> {
    [
        ("the answer of SendCommand is lost, and the claim is gone", CallFault::LostAnswer),
        ("Commander dies once it has sent, and the claim is gone", CallFault::LambdaDiesAfter),
    ]
    .map(|(name, fault)| Trial {
        name,
        faults: vec![call(COMMANDER, "SendCommand", 1, fault)],
        keeps_claim: false,
        ..Trial::default()
    })
    .into()
}

/// The answer of `SendCommand` is lost, `ListCommands` does not show the command, and the claim is gone.
pub(super) fn commands_start_twice() -> Trial {
    Trial {
        name: "commands start twice",
        faults: vec![call(COMMANDER, "SendCommand", 1, CallFault::LostAnswer)],
        keeps_claim: false,
        listed_after: Duration::from_hours(1),
        ..Trial::default()
    }
}

/// A refusal whose message does not matter.
const fn refusal(code: &'static str, status: u16) -> CallFault {
    CallFault::Refused { status, code, message: "by the plan of faults" }
}

/// The code of each kind of error that passes.
const EXPIRED: CallFault = refusal("ExpiredTokenException", 400);
const SKEWED: CallFault = refusal("RequestTimeTooSkewed", 403);

/// The answer of the launch is lost, and then these errors come for its repetitions.
fn after_a_lost_launch(name: &'static str, action: &'static str, errors: &[CallFault]) -> Trial {
    let lost = call(STARTER, "RunInstances", 1, CallFault::LostAnswer);
    let errors = (2..).zip(errors).map(|(nth, error)| call(STARTER, action, nth, *error));
    Trial { name, faults: std::iter::once(lost).chain(errors).collect(), ..Trial::default() }
}

/// Answers that are not what they seem: of a gateway, or errors that pass.
fn of_other_answers() -> Vec<Trial> {
    let pages = [200, 404].map(CallFault::Gateway);
    vec![
        after_a_lost_launch("after a lost launch a gateway answers", "RunInstances", &pages),
        after_a_lost_launch(
            "after a lost launch the token has expired, and a gateway is bad",
            "RunInstances",
            &[EXPIRED, CallFault::Gateway(502)],
        ),
        after_a_lost_launch("after a lost launch the clock is skewed", "RunInstances", &[SKEWED]),
        after_a_lost_launch(
            "after a lost launch a gateway says 404 of the bucket",
            "HeadBucket",
            &pages[1..],
        ),
        Trial {
            name: "a gateway says 404 of the bucket, and of the output",
            faults: vec![
                call(STARTER, "HeadBucket", 1, CallFault::Gateway(404)),
                call(CHECKER, "HeadObject", 1, CallFault::Gateway(404)),
                call(POLLER, "GetCommandInvocation", 1, CallFault::Gateway(200)),
            ],
            ..Trial::default()
        },
    ]
}

/// The answer of a launch is lost, and its repetition is refused for good: the attempt fails, and what was launched is ended.
pub(super) fn refused_after_a_lost_launch() -> Vec<Trial> {
    let trial = |name, action, error| Trial {
        // The instance ends before its commands begin.
        runs_for: Duration::from_mins(1),
        ..after_a_lost_launch(name, action, &[error])
    };
    vec![
        trial("denied", "RunInstances", refusal("UnauthorizedOperation", 403)),
        trial("unknown", "RunInstances", refusal("UnheardOf", 400)),
        trial("the bucket is gone", "HeadBucket", refusal("NoSuchBucket", 404)),
    ]
}

fn of_events() -> Vec<Trial> {
    vec![
        Trial {
            name: "the event of the commands' end is late",
            faults: vec![event(COMMAND_ENDED, EventFault::Late(Duration::from_secs(3)))],
            ..Trial::default()
        },
        Trial {
            name: "the event of the commands' end comes twice",
            faults: vec![event(COMMAND_ENDED, EventFault::Doubled(Duration::from_millis(100)))],
            ..Trial::default()
        },
    ]
}

fn of_aborts() -> Vec<Trial> {
    let long = Duration::from_secs(30);
    let abort = |name, entered, then: Fault| Trial {
        name,
        faults: vec![Fault::Abort { entered }, then],
        runs_for: if entered == POLLER { long } else { Duration::from_secs(2) },
        // After an abort, a volume is deleted up to a minute later.
        delete_volume: false,
        ..Trial::default()
    };
    vec![
        abort("an abort before the commands are sent", COMMANDER, delay(COMMANDER, "SendCommand", 1, 4)),
        abort("an abort while the commands run", POLLER, delay(STOPPER, "DescribeInstances", 1, 4)),
        abort("an abort at the check", CHECKER, delay(CHECKER, "HeadObject", 1, 1)),
        abort("an abort at the end", STOPPER, delay(STOPPER, "DescribeInstances", 1, 1)),
        Trial {
            name: "an abort whose event is lost, and the sweeper fails at first",
            faults: vec![
                Fault::Abort { entered: POLLER },
                event(EXECUTION_ENDED, EventFault::Lost),
                call(STOPPER, "DescribeExecution", 1, CallFault::ErrorBefore),
                // The commands start before the cleanup ends them.
                delay(STOPPER, "DescribeInstances", 1, 4),
            ],
            runs_for: long,
            sweep_every: Duration::from_secs(4),
            ..Trial::default()
        },
        Trial {
            name: "an abort during the launch, and the sweeper finds the instance",
            faults: vec![Fault::Abort { entered: STARTER }, delay(STARTER, "RunInstances", 1, 2)],
            sweep_every: Duration::from_secs(4),
            ..Trial::default()
        },
    ]
}
