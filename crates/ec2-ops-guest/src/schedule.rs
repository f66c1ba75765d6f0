//! What is to happen later inside an instance: a shutdown, and the timers of `systemd-run`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::control::{Answer, Argv, Order};

/// Everything scheduled. It lives in memory only: as on a real machine, a reboot forgets it.
#[derive(Default)]
pub(super) struct Schedule {
    shutdown: Option<(Instant, bool)>,
    timers: BTreeMap<String, (Instant, Argv)>,
    units_named: u32,
}

/// What has come due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Shutdown { restart: bool },
    Command(Argv),
}

impl Schedule {
    pub(super) fn take(&mut self, order: Order, now: Instant) -> Answer {
        match order {
            Order::Shutdown { after_seconds, restart } => {
                self.shutdown = Some((after(now, after_seconds)?, restart));
                let what = if restart { "Reboot" } else { "Shutdown" };
                Ok(if after_seconds == 0 {
                    String::new()
                } else {
                    format!("{what} scheduled in {after_seconds} seconds, use 'shutdown -c' to cancel.")
                })
            }
            // Nothing to cancel is no error for shutdown(8) either.
            Order::CancelShutdown => {
                self.shutdown = None;
                Ok(String::new())
            }
            Order::StartTimer { unit, after_seconds, command } => {
                self.start(unit, after(now, after_seconds)?, command)
            }
            Order::StopTimer { unit } => match self.timers.remove(unit.trim_end_matches(".timer")) {
                Some(_) => Ok(String::new()),
                None => Err(format!("Failed to stop {unit}: Unit {unit} not loaded.")),
            },
        }
    }

    fn start(&mut self, unit: Option<String>, at: Instant, command: Argv) -> Answer {
        let unit = unit.unwrap_or_else(|| {
            self.units_named += 1;
            format!("run-u{}", self.units_named)
        });
        if self.timers.contains_key(&unit) {
            return Err(format!(
                "Failed to start transient timer unit: Unit {unit}.timer was already loaded or has a fragment file."
            ));
        }
        let answer = format!("Running timer as unit: {unit}.timer\nWill run service as unit: {unit}.service");
        self.timers.insert(unit, (at, command));
        Ok(answer)
    }

    /// When something comes due next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timers.values().map(|(at, _)| *at).chain(self.shutdown.map(|(at, _)| at)).min()
    }

    /// Removes and returns what has come due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Due> {
        let shutdown = self.shutdown.take_if(|(at, _)| *at <= now);
        let timers = self.timers.extract_if(.., |_, (at, _)| *at <= now);
        let commands: Vec<Due> = timers.map(|(_, (_, command))| Due::Command(command)).collect();
        commands.into_iter().chain(shutdown.map(|(_, restart)| Due::Shutdown { restart })).collect()
    }
}

fn after(now: Instant, seconds: u64) -> Result<Instant, String> {
    now.checked_add(Duration::from_secs(seconds)).ok_or_else(|| format!("{seconds} seconds are too far away"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(unit: Option<&str>, after_seconds: u64) -> Order {
        let command = ("shutdown".to_owned(), vec!["now".to_owned()]);
        Order::StartTimer { unit: unit.map(str::to_owned), after_seconds, command }
    }

    #[test]
    fn a_cancelled_shutdown_never_comes_due() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        let answer =
            schedule.take(Order::Shutdown { after_seconds: 60, restart: false }, now).expect("scheduled");
        assert_eq!(answer, "Shutdown scheduled in 60 seconds, use 'shutdown -c' to cancel.");
        assert_eq!(schedule.next(), Some(now + Duration::from_mins(1)));
        schedule.take(Order::CancelShutdown, now).expect("cancelled");
        assert_eq!(schedule.due(now + Duration::from_secs(61)), []);
    }

    #[test]
    fn a_timer_comes_due_once_and_its_name_is_taken_until_then() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.take(timer(Some("deadline"), 30), now).expect("started");
        assert!(
            schedule.take(timer(Some("deadline"), 30), now).expect_err("taken").contains("deadline.timer")
        );
        assert_eq!(schedule.due(now + Duration::from_secs(29)), []);
        let command = Due::Command(("shutdown".to_owned(), vec!["now".to_owned()]));
        assert_eq!(schedule.due(now + Duration::from_secs(30)), [command]);
        assert_eq!(schedule.due(now + Duration::from_secs(31)), []);
        schedule.take(timer(Some("deadline"), 30), now).expect("free again");
    }

    #[test]
    fn a_stopped_timer_is_gone_and_an_unknown_one_is_an_error() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.take(timer(None, 30), now).expect("started");
        schedule.take(Order::StopTimer { unit: "run-u1.timer".to_owned() }, now).expect("stopped");
        assert_eq!(schedule.next(), None);
        schedule
            .take(Order::StopTimer { unit: "run-u1.timer".to_owned() }, now)
            .expect_err("no longer there");
    }
}
