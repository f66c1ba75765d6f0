//! What EC2's refusal of a launch means: not here, not now, or never.

use jiff::SignedDuration;

use super::candidates::Candidate;
use crate::aws_error::{A_DAY_S, AwsError, AwsErrorKind};
use crate::error::Error;
use crate::step::Market;

/// One visit of the launch state: its candidate, and how long it has lasted.
pub(crate) struct Visit<'a> {
    /// The candidates after this one.
    pub(crate) later: &'a [Candidate],
    /// Since the state was entered.
    pub(crate) waited: SignedDuration,
    /// `run_options.launch_timeout_s`.
    pub(crate) launch_timeout_s: Option<u32>,
}

/// The error of a launch that EC2 refused.
///
/// A refusal can be the answer to a repetition, after a try whose answer was lost. That try launched nothing: EC2 looks up
/// the client token first, and would have returned its instance. Only a token that was used with other parameters says that
/// there may be one.
pub(crate) fn refusal(error: AwsError, visit: &Visit<'_>) -> Error {
    let on_demand = || visit.later.iter().any(|candidate| candidate.market == Market::OnDemand);
    match error.kind {
        AwsErrorKind::Capacity if !visit.later.is_empty() => Error::CandidateUnavailable(error),
        AwsErrorKind::SpotQuota if on_demand() => Error::CandidateUnavailable(error),
        AwsErrorKind::SpotQuota => not_now(error, visit, A_DAY_S),
        AwsErrorKind::NotNow { within_s } => not_now(error, visit, within_s),
        _ => Error::launch(error),
    }
}

/// The same launch may work later. The state machine repeats it until the time is up.
fn not_now(error: AwsError, visit: &Visit<'_>, usual_s: u32) -> Error {
    let patience = visit.launch_timeout_s.unwrap_or(usual_s);
    if visit.waited < SignedDuration::from_secs(patience.into()) {
        return Error::LaunchDelayed(error);
    }
    Error::LaunchFailed(format!("{error}; it did not change within {patience} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(market: Market) -> Candidate {
        Candidate { instance_type: "t4g.nano".to_owned(), subnet: None, market }
    }

    /// The name of the error after `waited_s`, with candidates on these markets left.
    fn name(
        code: &str,
        message: &str,
        later: &[Market],
        waited_s: i64,
        timeout_s: Option<u32>,
    ) -> &'static str {
        let later: Vec<_> = later.iter().map(|market| candidate(*market)).collect();
        let visit =
            Visit { later: &later, waited: SignedDuration::from_secs(waited_s), launch_timeout_s: timeout_s };
        refusal(AwsError::new("RunInstances", code, message, Some(400)), &visit).name()
    }

    #[test]
    fn not_here_means_the_next_candidate_as_long_as_there_is_one() {
        let capacity = |later: &[Market]| name("InsufficientInstanceCapacity", "", later, 0, None);
        assert_eq!(capacity(&[Market::Spot]), "CandidateUnavailable");
        assert_eq!(capacity(&[]), "CapacityUnavailable");
    }

    #[test]
    fn a_full_spot_quota_means_on_demand_and_without_that_a_wait() {
        let spot =
            |later: &[Market], waited_s| name("MaxSpotInstanceCountExceeded", "", later, waited_s, None);
        assert_eq!(spot(&[Market::Spot, Market::OnDemand], 0), "CandidateUnavailable");
        assert_eq!(spot(&[Market::Spot], 86_399), "LaunchDelayed");
        assert_eq!(spot(&[], 86_400), "LaunchFailed");
    }

    #[test]
    fn not_now_waits_with_other_candidates_or_without_until_its_time_is_up() {
        let profile =
            "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name";
        for (code, message, bound) in [
            ("VcpuLimitExceeded", "", 86_400),
            ("InvalidParameterValue", profile, 120),
            ("InvalidAMIID.Unavailable", "", 3_600),
        ] {
            for later in [&[][..], &[Market::OnDemand]] {
                assert_eq!(name(code, message, later, bound - 1, None), "LaunchDelayed", "{code}");
                assert_eq!(name(code, message, later, bound, None), "LaunchFailed", "{code}");
            }
            assert_eq!(name(code, message, &[], 5, Some(5)), "LaunchFailed", "{code}");
            assert_eq!(name(code, message, &[], bound, Some(604_800)), "LaunchDelayed", "{code}");
        }
    }

    #[test]
    fn never_is_a_failed_launch_and_a_mismatched_token_may_have_left_an_instance() {
        use crate::error::Leftover;
        let later = [Market::OnDemand];
        assert_eq!(name("InvalidParameterValue", "anything else", &later, 0, None), "LaunchFailed");
        let mismatch = AwsError::new("RunInstances", "IdempotentParameterMismatch", "", Some(400));
        let visit = Visit { later: &[], waited: SignedDuration::ZERO, launch_timeout_s: None };
        let error = refusal(mismatch, &visit);
        assert_eq!((error.name(), error.kind().leftover()), ("Refused", Leftover::Unknown));
    }
}
