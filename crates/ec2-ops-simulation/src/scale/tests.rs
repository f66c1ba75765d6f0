//! Two hundred at once: enough to use up the quota of launches. Every figure here is of virtual time.

use std::time::Duration;

use super::*;

#[test]
fn two_hundred_at_once_all_succeed_though_launches_are_throttled() {
    let report = simulate(Options::of(200)).unwrap();
    assert_eq!(report.outcomes.iter().collect::<Vec<_>>(), [(&"Succeeded".to_owned(), &200)]);
    let throttled = &report.calls["RunInstances"].throttled;
    assert!(throttled["EC2StarterFromAMI"] > 400, "{throttled:?}");
    for absorbed in &report.histories.absorbed {
        assert!(absorbed.most <= absorbed.max_attempts * 3 / 5, "nearly used up: {absorbed:?}");
    }
    // 97.5 s is the quota's own bound. Jitter costs the rest when there are so few.
    assert!(report.launches.efficiency() > 0.6, "{:?}", report.launches.last);
    assert!(report.lambda.peak <= 30, "{}", report.lambda.peak);
    assert!(report.histories.events.max < 400, "{:?}", report.histories.events);
}

/// Looks at instances must leave enough of their quota to the cleanup.
#[test]
fn only_launches_and_looks_at_agents_are_throttled() {
    let report = simulate(Options::of(200)).unwrap();
    let throttled: Vec<_> =
        report.calls.iter().filter(|(_, api)| !api.throttled.is_empty()).map(|(action, _)| *action).collect();
    assert_eq!(throttled, ["DescribeInstanceInformation", "RunInstances"]);
    let looks = &report.calls["DescribeInstanceInformation"];
    assert!(
        looks.throttled.values().sum::<u64>() * 10 < looks.calls,
        "{:?} of {}",
        looks.throttled,
        looks.calls
    );
}

#[test]
fn agents_that_take_a_quarter_of_an_hour_are_waited_for() {
    let slow = Duration::from_mins(15);
    let report = simulate(Options { agent: (slow, slow), ..Options::of(50) }).unwrap();
    assert_eq!(report.outcomes["Succeeded"], 50);
}

/// With room for one in ten, the others wait for their turn in the same attempt.
#[test]
fn documents_queue_for_a_quota_of_vcpus() {
    const ROOM: u32 = 20;
    let report = simulate(Options { vcpus: Some(ROOM * Options::VCPUS), ..Options::of(200) }).unwrap();
    assert_eq!(report.outcomes.iter().collect::<Vec<_>>(), [(&"Succeeded".to_owned(), &200)]);
    let launches = &report.launches;
    assert_eq!(launches.per_second.iter().sum::<u32>(), 200, "one launch for each document");
    assert_eq!(launches.most_instances(), ROOM);
    assert!(launches.mean_instances() > 0.9 * f64::from(ROOM), "{}", launches.mean_instances());
    assert!(report.calls["RunInstances"].refused > 200, "{}", report.calls["RunInstances"].refused);
    assert!(report.histories.events.max < 1_000, "{:?}", report.histories.events);
}

/// A row costs at most a tenth more than its execution alone on the smallest instance, and the history of the fleet does not grow with its rows.
#[test]
fn a_fleet_adds_little_to_its_executions() {
    let report = simulate(Options { fleet: true, ..Options::of(200) }).unwrap();
    assert_eq!(report.outcomes.iter().collect::<Vec<_>>(), [(&"Succeeded".to_owned(), &200)]);
    let fleet = report.fleet.as_ref().unwrap();
    assert_eq!(fleet.status, "SUCCEEDED");
    assert!(fleet.events < 40, "{fleet:?}");
    let (more, alone) = (report.fleet_cost(), report.cost());
    assert!(more < 0.1 * alone, "${more} beside ${alone}");
    assert!(report.launches.efficiency() > 0.6, "{:?}", report.launches.last);
}

#[test]
fn the_options_decide_everything() {
    let options = Options { seed: 7, ..Options::of(20) };
    let (first, again) = (simulate(options).unwrap(), simulate(options).unwrap());
    assert_eq!(first.launches.per_second, again.launches.per_second);
    assert_eq!(first.lambda.concurrent, again.lambda.concurrent);
    assert_eq!(first.histories, again.histories);
}
