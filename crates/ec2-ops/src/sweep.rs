//! The third safety net, the sweeper: on a schedule, ends every instance of this deployment whose execution is over.
//!
//! It relies only on EC2's tags and on Step Functions: an execution's state may not have been written, and events may be
//! lost.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clean::end_all;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::ids::{ExecutionId, Region};
use crate::ports::{Clock, ExecutionState, Executions, Instances, Volumes};
use crate::tags::{self, OnEnd, Tags};

/// How old an instance must be before `ExecutionDoesNotExist` is believed, which is eventually consistent. See
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>.
const UNKNOWN_GRACE: SignedDuration = SignedDuration::from_mins(15);

/// *Scheduled Event*: it is time to sweep.
#[derive(Deserialize)]
pub(crate) struct Event {
    /// The account that the sweeper runs in.
    account: String,
}

/// Ends, in every region of this deployment, the instances of executions that are over.
///
/// Step Functions knows only the executions of its own region and account. It would call others unknown, so they are listed in
/// the answer and left alone.
///
/// # Errors
/// The first failed call. It does not keep the sweeper from the other instances.
pub(crate) async fn handle<C: Instances + Volumes>(
    event: &Event,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &C,
    executions: &impl Executions,
) -> Result<Value, Error> {
    let (mut swept, mut pending, mut foreign, mut failed) = (Vec::new(), Vec::new(), BTreeSet::new(), None);
    for region in deployment.regions() {
        let mut left = match left_behind(region, deployment, ec2).await {
            Ok(left) => left,
            Err(error) => {
                failed = failed.or(Some(error));
                continue;
            }
        };
        left.retain(|execution, _| {
            let ours = execution.is_in(&deployment.region, &event.account);
            if !ours {
                foreign.insert(execution.clone());
            }
            ours
        });
        // Without the list, each execution costs a call of its own, and nothing else is lost.
        let running = running(left.keys(), executions).await.unwrap_or_else(|error| {
            failed = failed.take().or(Some(error));
            BTreeSet::new()
        });
        for (execution, youngest) in left {
            if running.contains(&execution) {
                continue;
            }
            let over = match executions.state(&execution).await {
                Ok(ExecutionState::Running) => false,
                Ok(ExecutionState::Over) => true,
                Ok(ExecutionState::Unknown) => {
                    youngest.is_none_or(|launched| clock.now().duration_since(launched) > UNKNOWN_GRACE)
                }
                Err(error) => {
                    failed = failed.or(Some(error.into()));
                    false
                }
            };
            if !over {
                continue;
            }
            match end_all(region, &tags::of_execution(&execution, &deployment.name), ec2).await {
                Ok(_) => swept.push(execution),
                Err(Error::CleanupPending(_)) => pending.push(execution),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
    }
    failed.map_or_else(|| Ok(json!({ "swept": swept, "pending": pending, "foreign": foreign })), Err)
}

/// Those of `left` that Step Functions lists as running.
///
/// The listing takes one call per thousand executions. With thousands at once, a call for each would exceed the quota of
/// DescribeExecution and the function's time limit.
async fn running(
    left: impl Iterator<Item = &ExecutionId>,
    executions: &impl Executions,
) -> Result<BTreeSet<ExecutionId>, Error> {
    let machines: BTreeSet<_> = left.filter_map(ExecutionId::state_machine).collect();
    let mut running = BTreeSet::new();
    for machine in machines {
        running.extend(executions.running(&machine).await?);
    }
    Ok(running)
}

/// The executions that still have an instance or a volume in `region`, with the launch time of the youngest instance.
async fn left_behind<C: Instances + Volumes>(
    region: &Region,
    deployment: &Deployment,
    ec2: &C,
) -> Result<BTreeMap<ExecutionId, Option<Timestamp>>, Error> {
    let ours = tags::of_deployment(&deployment.name);
    let mut left = BTreeMap::new();
    for instance in Instances::find(ec2, region, &ours).await? {
        let alive = instance.state.is_alive();
        if let Some(execution) = execution_of(&instance.tags).filter(|_| alive) {
            let youngest: &mut Option<Timestamp> = left.entry(execution).or_default();
            *youngest = (*youngest).max(instance.launched_at);
        }
    }
    for volume in Volumes::find(ec2, region, &ours).await? {
        let doomed = OnEnd::of(&volume.tags).delete_volumes && !volume.deleting;
        if let Some(execution) = execution_of(&volume.tags).filter(|_| doomed) {
            left.entry(execution).or_default();
        }
    }
    Ok(left)
}

fn execution_of(tags: &Tags) -> Option<ExecutionId> {
    tags.get(tags::EXECUTION).map(ExecutionId::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeAws, deployment, instance, time};
    use crate::ports::InstanceState;

    const LISTED: &str = "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:listed";
    const OTHER: &str = "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:other";

    fn of(deployment: &str, execution: &str) -> Tags {
        let tags = [(tags::DEPLOYMENT, deployment), (tags::EXECUTION, execution)];
        tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    /// Sweeps one instance, whose execution is in this state.
    async fn swept(deployment_of_it: &str, execution: ExecutionState, now: &str) -> Vec<String> {
        let instances = vec![instance("i-1", InstanceState::Running, of(deployment_of_it, OTHER))];
        let aws = FakeAws { now: time(now), instances, execution, ..FakeAws::default() };
        handle(&event(), &deployment(), &aws, &aws, &aws).await.unwrap();
        aws.calls()
    }

    fn event() -> Event {
        Event { account: "000000000000".to_owned() }
    }

    /// Step Functions calls them unknown, and lists none of them as running.
    #[tokio::test]
    async fn the_execution_of_another_region_or_account_is_left_alone() {
        for foreign in [
            "arn:aws:states:us-west-2:000000000000:execution:ec2-ops:run",
            "arn:aws:states:us-east-1:111111111111:execution:ec2-ops:run",
            "edited by a person",
        ] {
            let aws = FakeAws {
                instances: vec![instance("i-1", InstanceState::Running, of("test", foreign))],
                execution: ExecutionState::Unknown,
                ..FakeAws::default()
            };
            let answer = handle(&event(), &deployment(), &aws, &aws, &aws).await.unwrap();
            assert_eq!((&answer["foreign"], aws.calls()), (&json!([foreign]), Vec::new()));
        }
    }

    #[tokio::test]
    async fn only_what_is_ours_and_over_is_swept() {
        use ExecutionState::{Over, Running};
        let now = "2026-03-01T06:00:00Z";
        assert_eq!(swept("test", Over, now).await, ["StopInstances i-1"]);
        assert_eq!(swept("test", Running, now).await, Vec::<String>::new());
        assert_eq!(swept("another", Over, now).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn an_orphan_whose_execution_never_existed_is_swept_once_step_functions_must_know_of_it() {
        // Launched at 05:31.
        let unknown = ExecutionState::Unknown;
        assert_eq!(swept("test", unknown, "2026-03-01T05:40:00Z").await, Vec::<String>::new());
        assert_eq!(swept("test", unknown, "2026-03-01T05:47:00Z").await, ["StopInstances i-1"]);
    }

    /// Otherwise it would run on for a third interval.
    #[test]
    fn the_second_sweep_after_a_launch_finds_an_orphan_old_enough() {
        let interval = include_str!("../../../state_machine/sweep_minutes").trim().parse().unwrap();
        assert!(UNKNOWN_GRACE <= SignedDuration::from_mins(interval));
    }

    #[tokio::test]
    async fn an_execution_that_is_listed_as_running_is_left_alone_and_any_other_is_described() {
        let instances = [("i-1", LISTED), ("i-2", OTHER)]
            .map(|(id, execution)| instance(id, InstanceState::Running, of("test", execution)));
        let aws = FakeAws {
            now: time("2026-03-01T06:00:00Z"),
            instances: instances.into(),
            listed: BTreeSet::from([ExecutionId::new(LISTED)]),
            execution: ExecutionState::Over,
            ..FakeAws::default()
        };
        handle(&event(), &deployment(), &aws, &aws, &aws).await.unwrap();
        assert_eq!(aws.calls(), ["StopInstances i-2"]);
        let unlisted = FakeAws { failing: Some(("ListExecutions", "AccessDenied")), ..aws };
        let error = handle(&event(), &deployment(), &unlisted, &unlisted, &unlisted).await.unwrap_err();
        assert_eq!(error.name(), "Refused");
        assert_eq!(unlisted.calls()[1..], ["StopInstances i-1", "StopInstances i-2"]);
    }
}
