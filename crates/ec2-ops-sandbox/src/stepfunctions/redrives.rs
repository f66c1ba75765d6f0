//! `RedriveExecution`: an execution continues where it failed, timed out or was aborted.

use std::time::Duration;

use ec2_ops_asl::{Execution, NotRedrivable};
use jiff::Timestamp;

use super::StepFunctions;
use super::api::{RedriveExecutionRequest, RedriveExecutionResponse};
use crate::AwsError;
use crate::epoch::epoch;
use crate::lock::lock;

/// How long and how many client tokens are remembered, and how long an execution can be redriven after its end. See
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html>.
const TOKEN_LIFE: Duration = Duration::from_mins(15);
const TOKENS: usize = 10;
const REDRIVABLE_PERIOD: Duration = Duration::from_hours(14 * 24);

impl StepFunctions {
    /// `RedriveExecution`. A client token that was used before finds the redrive of that call.
    pub fn redrive_execution(
        &self,
        request: RedriveExecutionRequest,
    ) -> Result<RedriveExecutionResponse, AwsError> {
        let execution = self.execution(&request.execution_arn)?;
        let token = request.client_token.unwrap_or_else(|| self.shared.platform.uuid());
        let now = self.shared.platform.clock.now();
        let mut state = lock(&self.shared.state);
        let earlier = state.redriven.entry(request.execution_arn.clone()).or_default();
        earlier.retain(|(_, at)| now.duration_since(*at).unsigned_abs() < TOKEN_LIFE);
        if let Some((_, at)) = earlier.iter().rev().take(TOKENS).find(|(used, _)| *used == token) {
            return Ok(RedriveExecutionResponse { redrive_date: epoch(*at) });
        }
        let machine = state.started_with.get(&request.execution_arn).cloned();
        let machine = machine.ok_or_else(|| refused(NotRedrivable::InMap))?;
        within_period(&execution, now)?;
        execution.redrive(&machine.definition, now).map_err(refused)?;
        state.redriven.entry(request.execution_arn).or_default().push((token, now));
        drop(state);
        tokio::spawn(self.clone().run(execution, machine));
        Ok(RedriveExecutionResponse { redrive_date: epoch(now) })
    }

    /// `redriveStatus` and `redriveStatusReason` of `DescribeExecution`.
    pub(super) fn redrive_status(&self, execution: &Execution) -> (&'static str, Option<String>) {
        let machine = lock(&self.shared.state).started_with.get(&*execution.identity().arn).cloned();
        let now = self.shared.platform.clock.now();
        let redrivable = match machine {
            None => return ("REDRIVABLE_BY_MAP_RUN", None),
            Some(machine) => execution.redrivable(&machine.definition).map_err(refused),
        };
        match redrivable.and_then(|()| within_period(execution, now)) {
            Ok(()) => ("REDRIVABLE", None),
            Err(error) => ("NOT_REDRIVABLE", Some(error.message)),
        }
    }
}

fn within_period(execution: &Execution, now: Timestamp) -> Result<(), AwsError> {
    let ended = execution.history().ending();
    if ended.is_some_and(|(_, at)| now.duration_since(at).unsigned_abs() > REDRIVABLE_PERIOD) {
        return Err(AwsError::client("ExecutionNotRedrivable", "Execution redrivable period exceeded."));
    }
    Ok(())
}

fn refused(why: NotRedrivable) -> AwsError {
    match why {
        NotRedrivable::InMap => {
            AwsError::unmodelled("the redrive of an execution in a Map state, or of its child")
        }
        why => AwsError::client("ExecutionNotRedrivable", why.to_string()),
    }
}
