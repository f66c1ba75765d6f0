//! Boots of many lengths: the time that is lost between the agent and the commands.

use std::time::Duration;

use super::{Plan, Record, rehearse};

/// How many boots are rehearsed.
const BOOTS: u32 = 40;

/// What a range of boots showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    /// The mean time from the agent's coming online to the effect of SendCommand.
    pub mean: Duration,
    /// Nine of ten boots lost no more.
    pub nine_in_ten: Duration,
    /// How often SSM was asked for the agent, on average.
    pub looks: f64,
}

/// Rehearses `plan` with boots of evenly spread lengths, each from the launch to an agent that is online.
///
/// # Errors
/// Those of [`rehearse`].
pub fn starts(from: Duration, to: Duration, plan: &Plan) -> Result<Starts, String> {
    let pending = pending(&rehearse(plan)?, plan.boots_for).ok_or("nothing was launched")?;
    let length = |n: u32| from + to.saturating_sub(from) * n / BOOTS;
    let boot = |n| rehearse(&Plan { boots_for: length(n).saturating_sub(pending), ..plan.clone() });
    let records = (0..BOOTS).map(boot).collect::<Result<Vec<_>, _>>()?;
    let mut dead: Vec<_> = records.iter().filter_map(Record::dead_time_at_start).collect();
    dead.sort_unstable();
    let calls = records.iter().flat_map(|record| &record.calls);
    let looks = calls.filter(|call| call.action == "DescribeInstanceInformation").count();
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let looks = looks as f64 / f64::from(BOOTS);
    let nine_in_ten = dead.get(dead.len() * 9 / 10 - 1).copied().unwrap_or_default();
    Ok(Starts { mean: dead.iter().sum::<Duration>() / BOOTS, nine_in_ten, looks })
}

/// From the launch to `running`. It is the same in every rehearsal.
fn pending(record: &Record, boots_for: Duration) -> Option<Duration> {
    let launched = record.calls.iter().find(|call| call.action == "RunInstances")?.at;
    let online: Duration = record.agent_online?.duration_since(launched).try_into().ok()?;
    Some(online.saturating_sub(boots_for))
}
