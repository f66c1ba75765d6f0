//! What goes wrong: each kind of fault on each call that the functions make, and what is worth a schedule of its own.

use std::time::Duration;

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

/// Every schedule, those that take longest first.
pub(super) fn all() -> Vec<Trial> {
    let mut trials = of_patience();
    trials.extend(KINDS.into_iter().flat_map(on_each_call));
    trials.extend(of_lambdas());
    trials.extend(of_commands());
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

/// What is made up for after a minute only: a poll of EC2Poller, or Lambda's own repetition of an event.
fn of_patience() -> Vec<Trial> {
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
            name: "an abort, and the launch goes on",
            faults: vec![Fault::Abort { entered: STARTER }, delay(STARTER, "RunInstances", 1, 2)],
            delete_volume: false,
            ..Trial::default()
        },
    ]
}

/// The calls of a whole execution, in a few of them: a repetition waits longer each time.
fn on_each_call(kind: CallFault) -> Vec<Trial> {
    let delayed = matches!(kind, CallFault::Delay(_));
    let done = matches!(kind, CallFault::LostAnswer | CallFault::LambdaDiesAfter);
    // A boot this quick is over before EC2 is asked as well as the agent.
    let launch = ["HeadBucket", "RunInstances", "DescribeInstanceInformation"];
    // There is nothing to look for before the first try.
    let send = if delayed { &["SendCommand"][..] } else { &["SendCommand", "ListCommands"] };
    let end = ["DescribeInstances", "TerminateInstances", "DescribeVolumes", "DeleteVolume"];
    // The commands have ended before the token is stored, so it is the task itself that tells of the end.
    let late_token = |nth| delay(POLLER, "PutItem", nth, 3);
    // Where the task has been told, nothing more is asked of whoever told it.
    let told = if done { &["SendTaskSuccess"][..] } else { &["SendTaskSuccess", "DeleteItem"] };
    let quick = Duration::from_millis(500);
    vec![
        Trial {
            name: "on each call of the launch",
            faults: first(STARTER, &launch, kind),
            ..Trial::default()
        },
        Trial { name: "on each call of Commander", faults: first(COMMANDER, send, kind), ..Trial::default() },
        Trial {
            name: "on each call that looks at running commands",
            faults: vec![call(POLLER, "DescribeInstances", 1, kind)],
            runs_for: Duration::from_secs(4),
            ..Trial::default()
        },
        Trial {
            name: "on each call that tells of a success",
            faults: [
                vec![
                    call(POLLER, "PutItem", 1, kind),
                    late_token(2),
                    call(POLLER, "GetCommandInvocation", 1, kind),
                ],
                first(POLLER, told, kind),
            ]
            .concat()
            .into_iter()
            // A call that is late is not repeated.
            .filter(|fault| !delayed || *fault != late_token(2))
            .collect(),
            runs_for: quick,
            ..Trial::default()
        },
        Trial {
            name: "on the call that tells of a failure",
            faults: vec![late_token(1), call(POLLER, "SendTaskFailure", 1, kind)],
            runs_for: quick,
            exit_code: 3,
            attempts: 2,
            ..Trial::default()
        },
        Trial {
            name: "on each call of the check and of the end",
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

/// Commands that remove the script's claim, so that only the look before `SendCommand` keeps them from a second start.
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
pub(super) fn nothing_keeps_commands_from_a_second_start() -> Trial {
    Trial {
        name: "nothing keeps commands from a second start",
        faults: vec![call(COMMANDER, "SendCommand", 1, CallFault::LostAnswer)],
        keeps_claim: false,
        listed_after: Duration::from_hours(1),
        ..Trial::default()
    }
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
        // What is to be deleted after an abort has a minute more.
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
                // The commands are to start before they are ended.
                delay(STOPPER, "DescribeInstances", 1, 4),
            ],
            runs_for: long,
            sweep_every: Duration::from_secs(4),
            ..Trial::default()
        },
        Trial {
            name: "an abort, the launch goes on, and the sweeper finds it",
            faults: vec![Fault::Abort { entered: STARTER }, delay(STARTER, "RunInstances", 1, 2)],
            sweep_every: Duration::from_secs(4),
            ..Trial::default()
        },
    ]
}
