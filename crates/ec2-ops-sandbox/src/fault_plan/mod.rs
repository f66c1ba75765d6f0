//! Faults by plan: this call of that function goes wrong in that way, in process and over HTTP alike.
//!
//! A plan is attached to an account's edges, never to its model: to the way of a call ([`FaultPlan::carry`], behind the
//! in-process ports and behind the HTTP endpoint), to the runtime of a function ([`Mortal`]), and to the delivery of
//! events. The other way to faults, by chance and by seed, is [`simulation`](crate::simulation).

mod mortal;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

pub use mortal::Mortal;

use crate::lock::lock;
use crate::service::{Description, Words, described_by_action};
use crate::{AwsError, Event};

/// One thing that goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A function's call to AWS. Calls are counted by function and action, from 1.
    Call {
        /// Who calls: `EC2Poller`.
        function: &'static str,
        /// What: `PutItem`.
        action: &'static str,
        /// Which of these calls.
        nth: u32,
        /// What befalls it.
        fault: CallFault,
    },
    /// An invocation of a function. They are counted by function, from 1.
    Invocation {
        /// The function.
        function: &'static str,
        /// Which of its invocations.
        nth: u32,
        /// What befalls it.
        fault: InvocationFault,
    },
    /// The delivery of an event to the target of a rule. Deliveries are counted by `detail-type`, from 1.
    Event {
        /// The event's `detail-type`.
        detail_type: &'static str,
        /// Which of them.
        nth: u32,
        /// What befalls it.
        fault: EventFault,
    },
    /// Somebody stops the execution.
    Abort {
        /// The state after whose entry that happens, at once.
        entered: &'static str,
    },
}

/// What can befall a call to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// The service answers with an error and does nothing.
    ErrorBefore,
    /// The service does it, and the connection breaks before the answer.
    LostAnswer,
    /// The service throttles, and does nothing.
    Throttled,
    /// The call takes so long to arrive.
    Delay(Duration),
    /// The calling Lambda dies before the call arrives.
    LambdaDiesBefore,
    /// The calling Lambda dies once the call has had its effect.
    LambdaDiesAfter,
    /// The call neither arrives nor fails: the Lambda runs into its timeout.
    LambdaHangs,
}

/// What can befall an invocation as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationFault {
    /// The Lambda dies as soon as it has been started.
    DiesBefore,
    /// The Lambda does its work, and dies before it can answer.
    DiesAfter,
}

/// What can befall an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFault {
    /// It never arrives.
    Lost,
    /// It arrives so long after it should.
    Late(Duration),
    /// It arrives, and again so long after.
    Doubled(Duration),
}

/// What whoever called gets in place of the answer.
pub enum Instead {
    /// The service's own refusal.
    Refusal(AwsError),
    /// Nothing: the connection breaks.
    Silence,
}

/// The faults of one account, each of which strikes once. Clones share them.
#[derive(Clone, Default)]
pub struct FaultPlan {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Rung for each function of which an invocation dies.
    deaths: Mutex<BTreeMap<String, Arc<Notify>>>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Fault>,
    /// How often what has happened.
    seen: BTreeMap<String, u32>,
}

impl State {
    /// Counts one more of `what`, and takes the fault that waits for exactly this one.
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

    /// The faults that have not struck.
    pub fn unfired(&self) -> Vec<Fault> {
        lock(&self.shared.state).waiting.clone()
    }

    /// Carries a call of `function` to AWS: lets it have its `effect` or not, and answers with that or with what comes
    /// `instead`.
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

    /// When the copies of `event` arrive at the target of a rule.
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

    /// Whether the execution is to be stopped now that it has entered `state`.
    pub fn aborts(&self, state: &str) -> bool {
        let mut plan = lock(&self.shared.state);
        let abort = |fault: &Fault| matches!(fault, Fault::Abort { entered } if *entered == state);
        let struck = plan.waiting.iter().position(abort);
        struck.map(|index| plan.waiting.remove(index)).is_some()
    }

    fn next_call(&self, by: &str, what: &str) -> Option<CallFault> {
        lock(&self.shared.state).strike(format!("{by}: {what}"), |waiting, seen| match waiting {
            Fault::Call { function, action, nth, fault }
                if *function == by && *action == what && *nth == seen =>
            {
                Some(*fault)
            }
            _ => None,
        })
    }

    fn next_invocation(&self, invoked: &str) -> Option<InvocationFault> {
        lock(&self.shared.state).strike(invoked.to_owned(), |waiting, seen| match waiting {
            Fault::Invocation { function, nth, fault } if *function == invoked && *nth == seen => {
                Some(*fault)
            }
            _ => None,
        })
    }

    /// Ends whatever `function` works on; its call has nobody left to answer to.
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
