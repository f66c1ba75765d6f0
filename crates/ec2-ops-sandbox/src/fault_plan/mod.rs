//! Faults by plan: a given call, invocation, event or moment goes wrong in a given way, once.
//!
//! A plan is attached to the edges of an account, never to its model: around each call ([`FaultPlan::carry`], used by the
//! HTTP endpoint and by the ports in process), around the runtime of each function ([`PlannedRuntime`]), and to the
//! delivery of events. Everything is counted from 1, by function and action, so a plan strikes the same call however the
//! rest of the run is timed. `ec2-ops-simulation` has another source of faults, which are random and follow from a seed.
//!
//! The third `PutItem` of EC2Poller fails, whatever happens around it:
//!
//! ```
//! use ec2_ops_sandbox::fault_plan::{CallFault, Fault, FaultPlan, Instead};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let fault =
//!     Fault::Call { function: "EC2Poller", action: "PutItem", nth: 3, fault: CallFault::ErrorBefore };
//! let plan = FaultPlan::new([fault]);
//! let call = async |function| {
//!     let instead = |instead| match instead {
//!         Instead::Refusal(error) => error.code,
//!         Instead::Silence | Instead::Page(_) => "no answer".to_owned(),
//!     };
//!     plan.carry(function, "PutItem", async { "done".to_owned() }, instead).await
//! };
//!
//! assert_eq!(call("EC2Poller").await, "done");
//! assert_eq!(call("EC2Stopper").await, "done");
//! assert_eq!(call("EC2Poller").await, "done");
//! assert_eq!(plan.unfired(), [fault]);
//! assert_eq!(call("EC2Poller").await, "InternalServerError");
//! assert_eq!(call("EC2Poller").await, "done");
//! assert_eq!(plan.unfired(), []);
//!
//! // Those that are added later count from then on, one after the other.
//! plan.add(Fault::Call { function: "EC2Poller", action: "PutItem", nth: 1, fault: CallFault::ErrorBefore });
//! plan.add(Fault::Call { function: "EC2Poller", action: "PutItem", nth: 1, fault: CallFault::LostAnswer });
//! assert_eq!(call("EC2Poller").await, "InternalServerError");
//! assert_eq!(call("EC2Poller").await, "no answer");
//! # });
//! ```

mod runtime;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

pub use runtime::PlannedRuntime;

use crate::lock::lock;
use crate::service::{Description, Words, described_by_action};
use crate::{AwsError, Event};

/// The caller of a [`Fault::Call`] where it does not matter which function calls.
pub const ANY: &str = "any function";

/// One fault, which strikes once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A call of a function to AWS.
    Call {
        /// The caller, for example `EC2Poller`, or [`ANY`].
        function: &'static str,
        /// The action, for example `PutItem`.
        action: &'static str,
        /// Which of the caller's calls of this action, or of all functions' calls of it, from 1.
        nth: u32,
        /// What goes wrong.
        fault: CallFault,
    },
    /// An invocation of a function.
    Invocation {
        /// The function.
        function: &'static str,
        /// Which of its invocations, from 1.
        nth: u32,
        /// What goes wrong.
        fault: InvocationFault,
    },
    /// The delivery of an event to the target of a rule.
    Event {
        /// The event's `detail-type`.
        detail_type: &'static str,
        /// Which delivery of this `detail-type`, from 1.
        nth: u32,
        /// What goes wrong.
        fault: EventFault,
    },
    /// The execution is stopped.
    Abort {
        /// It is stopped as soon as it has entered this state.
        entered: &'static str,
    },
}

impl Fault {
    /// What is counted for it, and which one it strikes; none for what is not counted.
    fn counted(&self) -> Option<(String, u32)> {
        match self {
            Self::Call { function, action, nth, .. } => Some((format!("{function}: {action}"), *nth)),
            Self::Invocation { function, nth, .. } => Some(((*function).to_owned(), *nth)),
            Self::Event { detail_type, nth, .. } => Some(((*detail_type).to_owned(), *nth)),
            Self::Abort { .. } => None,
        }
    }

    /// The same for another one of what is counted.
    fn at(mut self, other: u32) -> Self {
        match &mut self {
            Self::Call { nth, .. } | Self::Invocation { nth, .. } | Self::Event { nth, .. } => *nth = other,
            Self::Abort { .. } => {}
        }
        self
    }
}

/// A fault of a call to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// The service answers with an error, without effect.
    ErrorBefore,
    /// The call has its effect, and the connection breaks before the answer.
    LostAnswer,
    /// The service throttles the call, without effect.
    Throttled,
    /// The service refuses the call in these words, without effect.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: &'static str,
        /// The error's message.
        message: &'static str,
    },
    /// A gateway on the way to AWS answers with an HTML page of this status, without effect.
    Gateway(u16),
    /// The call arrives after this delay.
    Delay(Duration),
    /// The calling Lambda dies before the call arrives.
    LambdaDiesBefore,
    /// The calling Lambda dies after the call has had its effect.
    LambdaDiesAfter,
    /// The call never arrives and is never answered, so the Lambda runs into its timeout.
    LambdaHangs,
}

/// A fault of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationFault {
    /// The Lambda dies as soon as it has started.
    DiesBefore,
    /// The Lambda does its work, and dies before it answers.
    DiesAfter,
}

/// A fault of the delivery of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFault {
    /// It never arrives.
    Lost,
    /// It arrives late, by this delay.
    Late(Duration),
    /// It arrives twice, the second time after this delay.
    Doubled(Duration),
}

/// The answer to a call in place of the service's own.
pub enum Instead {
    /// An error, in the service's words.
    Refusal(AwsError),
    /// A page that is not of AWS, with this status.
    Page(u16),
    /// None: the connection breaks.
    Silence,
}

/// The faults of one account. Clones share them.
#[derive(Clone, Default)]
pub struct FaultPlan {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// By function: notified when its invocations must die.
    deaths: Mutex<BTreeMap<String, Arc<Notify>>>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Fault>,
    /// How often each kind of call, invocation and delivery has occurred.
    seen: BTreeMap<String, u32>,
}

impl State {
    /// Counts one more of `what`, and takes the fault that is planned for this one.
    fn strike<F>(&mut self, what: String, fault_of: impl Fn(&Fault, u32) -> Option<F>) -> Option<F> {
        let seen = self.seen.entry(what).or_default();
        *seen += 1;
        let (index, fault) = self
            .waiting
            .iter()
            .enumerate()
            .find_map(|(index, waiting)| fault_of(waiting, *seen).map(|fault| (index, fault)))?;
        self.waiting.remove(index);
        Some(fault)
    }
}

impl FaultPlan {
    /// A plan of these faults.
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let state = State { waiting: faults.into_iter().collect(), seen: BTreeMap::new() };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), deaths: Mutex::default() }) }
    }

    /// Adds a fault that counts from now on: the first time is the next one for which nothing else is planned.
    pub fn add(&self, fault: Fault) {
        let mut state = lock(&self.shared.state);
        let Some((place, nth)) = fault.counted() else { return state.waiting.push(fault) };
        let mut nth = nth + state.seen.get(&place).copied().unwrap_or_default();
        while state.waiting.iter().any(|waiting| waiting.counted() == Some((place.clone(), nth))) {
            nth += 1;
        }
        state.waiting.push(fault.at(nth));
    }

    /// The faults that have not struck yet.
    pub fn unfired(&self) -> Vec<Fault> {
        lock(&self.shared.state).waiting.clone()
    }

    /// Carries a call of `function` to AWS. Without a fault the answer is that of `effect`; `instead` makes the answer of
    /// a fault.
    pub async fn carry<T>(
        &self,
        function: &str,
        action: &str,
        effect: impl Future<Output = T>,
        instead: impl FnOnce(Instead) -> T,
    ) -> T {
        match self.next_call(function, action) {
            None => effect.await,
            Some(CallFault::ErrorBefore) => {
                instead(Instead::Refusal(words(action, |service| service.failure)))
            }
            Some(CallFault::Throttled) => {
                instead(Instead::Refusal(words(action, |service| service.throttling)))
            }
            Some(CallFault::Refused { status, code, message }) => {
                instead(Instead::Refusal(Words(status, code).error(message)))
            }
            Some(CallFault::Gateway(status)) => instead(Instead::Page(status)),
            Some(CallFault::LostAnswer) => {
                drop(effect.await);
                instead(Instead::Silence)
            }
            Some(CallFault::Delay(by)) => {
                tokio::time::sleep(by).await;
                effect.await
            }
            Some(CallFault::LambdaDiesBefore) => self.kill(function).await,
            Some(CallFault::LambdaDiesAfter) => {
                drop(effect.await);
                self.kill(function).await
            }
            Some(CallFault::LambdaHangs) => std::future::pending().await,
        }
    }

    /// The delays after which copies of `event` arrive at the target of a rule.
    pub fn arrivals(&self, event: &Event) -> Vec<Duration> {
        let struck =
            lock(&self.shared.state).strike(event.detail_type.clone(), |waiting, seen| match waiting {
                Fault::Event { detail_type, nth, fault }
                    if *detail_type == event.detail_type && *nth == seen =>
                {
                    Some(*fault)
                }
                _ => None,
            });
        match struck {
            None => vec![Duration::ZERO],
            Some(EventFault::Lost) => Vec::new(),
            Some(EventFault::Late(by)) => vec![by],
            Some(EventFault::Doubled(by)) => vec![Duration::ZERO, by],
        }
    }

    /// Whether to stop the execution, which has just entered `state`.
    pub fn aborts(&self, state: &str) -> bool {
        let mut plan = lock(&self.shared.state);
        let abort = |fault: &Fault| matches!(fault, Fault::Abort { entered } if *entered == state);
        let struck = plan.waiting.iter().position(abort);
        struck.map(|index| plan.waiting.remove(index)).is_some()
    }

    fn next_call(&self, by: &str, what: &str) -> Option<CallFault> {
        let mut state = lock(&self.shared.state);
        // Both are counted, whichever strikes.
        let [own, of_any] = [by, ANY].map(|by| {
            state.strike(format!("{by}: {what}"), |waiting, seen| match waiting {
                Fault::Call { function, action, nth, fault }
                    if *function == by && *action == what && *nth == seen =>
                {
                    Some(*fault)
                }
                _ => None,
            })
        });
        own.or(of_any)
    }

    fn next_invocation(&self, invoked: &str) -> Option<InvocationFault> {
        lock(&self.shared.state).strike(invoked.to_owned(), |waiting, seen| match waiting {
            Fault::Invocation { function, nth, fault } if *function == invoked && *nth == seen => {
                Some(*fault)
            }
            _ => None,
        })
    }

    /// Ends the invocations of `function`. Its call is never answered.
    async fn kill<T>(&self, function: &str) -> T {
        self.deaths_of(function).notify_waiters();
        std::future::pending().await
    }

    fn deaths_of(&self, function: &str) -> Arc<Notify> {
        Arc::clone(lock(&self.shared.deaths).entry(function.to_owned()).or_default())
    }
}

/// The error of the service that has `action`, in its own words.
fn words(action: &str, of: fn(&Description) -> Words) -> AwsError {
    described_by_action(action).map_or(Words(500, "InternalFailure"), of).error("by the plan of faults")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { function, action, nth, fault } => {
                write!(f, "{function}'s {action} {nth}: {fault:?}")
            }
            Self::Invocation { function, nth, fault } => {
                write!(f, "{function}'s invocation {nth}: {fault:?}")
            }
            Self::Event { detail_type, nth, fault } => write!(f, "{detail_type} {nth}: {fault:?}"),
            Self::Abort { entered } => write!(f, "abort in {entered}"),
        }
    }
}
