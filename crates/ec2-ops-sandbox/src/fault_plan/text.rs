//! Faults as people write them: `throttle RunInstances 3`.

use std::str::FromStr;
use std::time::Duration;

use super::{ANY, CallFault, EventFault, Fault, InvocationFault};
use crate::deployment::FUNCTIONS;
use crate::service::described_by_action;

/// The events of which a delivery can go wrong, by the word for each.
const EVENTS: [(&str, &str); 4] = [
    ("command", "EC2 Command Invocation Status-change Notification"),
    ("instance", "EC2 Instance State-change Notification"),
    ("interruption", "EC2 Spot Instance Interruption Warning"),
    ("execution", "Step Functions Execution Status Change"),
];

/// What goes wrong, by its word; with a duration, if the word takes one.
const FAULTS: [(&str, Kind); 12] = [
    ("error", Kind::Call(|_| CallFault::ErrorBefore)),
    ("throttle", Kind::Call(|_| CallFault::Throttled)),
    ("lose-answer", Kind::Call(|_| CallFault::LostAnswer)),
    ("delay", Kind::Call(CallFault::Delay)),
    ("die-before", Kind::Call(|_| CallFault::LambdaDiesBefore)),
    ("die-after", Kind::Call(|_| CallFault::LambdaDiesAfter)),
    ("hang", Kind::Call(|_| CallFault::LambdaHangs)),
    ("die-at-start", Kind::Invocation(InvocationFault::DiesBefore)),
    ("die-at-end", Kind::Invocation(InvocationFault::DiesAfter)),
    ("lose", Kind::Event(|_| EventFault::Lost)),
    ("late", Kind::Event(EventFault::Late)),
    ("double", Kind::Event(EventFault::Doubled)),
];

/// The words that take a duration, as `delay:5`.
const TIMED: [&str; 3] = ["delay", "late", "double"];

#[derive(Clone, Copy)]
enum Kind {
    Call(fn(Duration) -> CallFault),
    Invocation(InvocationFault),
    Event(fn(Duration) -> EventFault),
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `FAULT[:SECONDS] WHERE [N]`: the Nth time, or the first, that it can happen there.
    fn from_str(text: &str) -> Result<Self, String> {
        let (fault, place, nth) = match text.split_whitespace().collect::<Vec<_>>()[..] {
            [fault, place] => (fault, place, "1"),
            [fault, place, nth] => (fault, place, nth),
            _ => {
                return Err(format!(
                    "found {text:?}, expected FAULT WHERE [N], such as throttle RunInstances 3"
                ));
            }
        };
        let nth = nth.parse().ok().filter(|nth| *nth > 0);
        let nth = nth.ok_or_else(|| format!("found {text:?}, expected a number from 1 at its end"))?;
        let (word, seconds) =
            fault.split_once(':').map_or((fault, None), |(word, after)| (word, Some(after)));
        let kind = FAULTS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| {
            let known = FAULTS.map(|(word, _)| word).join(", ");
            format!("found {word:?}, expected one of {known}")
        })?;
        let by = duration(word, seconds)?;
        match kind {
            Kind::Call(fault) => {
                let (function, action) = call(place)?;
                Ok(Self::Call { function, action, nth, fault: fault(by) })
            }
            Kind::Invocation(fault) => Ok(Self::Invocation { function: function(place)?, nth, fault }),
            Kind::Event(fault) => Ok(Self::Event { detail_type: event(place)?, nth, fault: fault(by) }),
        }
    }
}

fn duration(word: &str, seconds: Option<&str>) -> Result<Duration, String> {
    match (TIMED.contains(&word), seconds) {
        (false, None) => Ok(Duration::ZERO),
        (false, Some(seconds)) => {
            Err(format!("found {word}:{seconds}, expected {word}, which takes no seconds"))
        }
        (true, seconds) => {
            let seconds =
                seconds.and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds <= 86_400);
            seconds.map(Duration::from_secs).ok_or_else(|| {
                format!("found {word:?} without seconds, expected {word}:SECONDS, at most a day")
            })
        }
    }
}

/// `RunInstances`, or `EC2Poller.DescribeInstances` for the calls of one function.
fn call(place: &str) -> Result<(&'static str, &'static str), String> {
    let (by, name) = place.split_once('.').map_or((None, place), |(by, name)| (Some(by), name));
    let actions = described_by_action(name).map_or(&[][..], |service| service.actions);
    let action = actions.iter().find(|action| **action == name);
    let action =
        action.ok_or_else(|| format!("found {name:?}, expected an action of AWS, such as RunInstances"))?;
    Ok((by.map_or(Ok(ANY), function)?, action))
}

fn function(place: &str) -> Result<&'static str, String> {
    let known = FUNCTIONS.iter().find(|function| function.name == place).map(|function| function.name);
    known.ok_or_else(|| {
        format!("found {place:?}, expected one of {}", FUNCTIONS.map(|function| function.name).join(", "))
    })
}

fn event(place: &str) -> Result<&'static str, String> {
    let known = EVENTS.iter().find(|(word, _)| *word == place).map(|(_, detail_type)| *detail_type);
    known.ok_or_else(|| {
        format!("found {place:?}, expected one of {}", EVENTS.map(|(word, _)| word).join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Fault, String> {
        text.parse()
    }

    #[test]
    fn a_fault_is_read_as_it_is_planned() {
        let call = |function, action, nth, fault| Ok(Fault::Call { function, action, nth, fault });
        for (text, expected) in [
            ("throttle RunInstances 3", call(ANY, "RunInstances", 3, CallFault::Throttled)),
            ("lose-answer EC2Poller.PutItem", call("EC2Poller", "PutItem", 1, CallFault::LostAnswer)),
            ("delay:5 HeadBucket", call(ANY, "HeadBucket", 1, CallFault::Delay(Duration::from_secs(5)))),
            (
                "die-at-end Commander 2",
                Ok(Fault::Invocation { function: "Commander", nth: 2, fault: InvocationFault::DiesAfter }),
            ),
            (
                "lose command",
                Ok(Fault::Event {
                    detail_type: "EC2 Command Invocation Status-change Notification",
                    nth: 1,
                    fault: EventFault::Lost,
                }),
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_fault_that_cannot_happen_is_refused_with_what_can() {
        for (text, why) in [
            ("throttle", "expected FAULT WHERE [N], such as throttle RunInstances 3"),
            ("throttle RunInstances 0", "expected a number from 1"),
            ("slow RunInstances", "expected one of error, throttle,"),
            ("throttle RunInstance", "expected an action of AWS"),
            ("throttle Stopper.RunInstances", "expected one of EC2StarterFromAMI,"),
            ("die-at-end RunInstances", "expected one of EC2StarterFromAMI,"),
            ("lose RunInstances", "expected one of command, instance, interruption, execution"),
            ("delay RunInstances", "expected delay:SECONDS"),
            ("throttle:3 RunInstances", "which takes no seconds"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }

    /// Only events of rules can go wrong.
    #[test]
    fn the_events_are_those_of_the_deployment() {
        let patterns = crate::deployment::Template::default().event_patterns;
        for (_, detail_type) in EVENTS {
            assert!(patterns.contains(detail_type), "{detail_type}");
        }
    }
}
