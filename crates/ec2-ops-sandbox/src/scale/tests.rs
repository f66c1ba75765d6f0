//! Two hundred at once: enough to use up every quota that ten thousand use up.

use super::*;

#[test]
fn two_hundred_at_once_all_succeed_whatever_is_throttled() {
    let report = simulate(Options::of(200)).unwrap();
    assert_eq!(report.outcomes.iter().collect::<Vec<_>>(), [(&"Succeeded".to_owned(), &200)]);
    let throttled = &report.calls["RunInstances"].throttled;
    assert!(throttled["EC2StarterFromAMI"] > 100, "{throttled:?}");
}
