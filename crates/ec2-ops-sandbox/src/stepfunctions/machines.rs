//! State machines: created, changed, validated, described.

use std::sync::Arc;

use ec2_ops_asl::StateMachine;

use super::api::{
    CreateStateMachineRequest, CreateStateMachineResponse, DescribeStateMachineForExecutionRequest,
    DescribeStateMachineForExecutionResponse, DescribeStateMachineRequest, DescribeStateMachineResponse,
    ListStateMachinesRequest, ListStateMachinesResponse, StateMachineListItem, UpdateStateMachineRequest,
    UpdateStateMachineResponse, ValidateStateMachineDefinitionDiagnostic,
    ValidateStateMachineDefinitionRequest, ValidateStateMachineDefinitionResponse,
};
use super::arn::Kind;
use super::executions::check_name;
use super::listing::{has_data, page};
use super::{Machine, StepFunctions};
use crate::AwsError;
use crate::epoch::epoch;
use crate::lock::lock;

impl StepFunctions {
    /// `CreateStateMachine`; a definition that uses anything the interpreter does not implement is refused.
    pub fn create_state_machine(
        &self,
        region: &str,
        request: CreateStateMachineRequest,
    ) -> Result<CreateStateMachineResponse, AwsError> {
        if request.r#type.as_deref().is_some_and(|kind| kind != "STANDARD") {
            return Err(AwsError::unmodelled("Express state machines"));
        }
        check_name(&request.name)?;
        let definition = parsed(&request.definition)?;
        let arn = self.arn(region, "stateMachine", &request.name);
        let machine = Machine {
            arn: arn.clone(),
            name: request.name,
            region: region.to_owned(),
            role_arn: request.role_arn,
            text: request.definition,
            definition,
            created: self.shared.platform.clock.now(),
            updated: None,
        };
        let mut state = lock(&self.shared.state);
        let machine = match state.machines.get(&arn) {
            Some(old) if old.text == machine.text && old.role_arn == machine.role_arn => old,
            Some(_) => {
                let message = format!("State Machine Already Exists: '{arn}'");
                return Err(AwsError::client("StateMachineAlreadyExists", message));
            }
            None => state.machines.entry(arn.clone()).or_insert(machine),
        };
        Ok(CreateStateMachineResponse { state_machine_arn: arn, creation_date: epoch(machine.created) })
    }

    /// `UpdateStateMachine`. Executions that run keep what they began with.
    pub fn update_state_machine(
        &self,
        request: UpdateStateMachineRequest,
    ) -> Result<UpdateStateMachineResponse, AwsError> {
        let UpdateStateMachineRequest { state_machine_arn, definition, role_arn } = request;
        if definition.is_none() && role_arn.is_none() {
            let message = "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the \
                           EncryptionConfiguration must be specified";
            return Err(AwsError::client("MissingRequiredParameter", message));
        }
        let definition = definition.map(|text| Ok::<_, AwsError>((parsed(&text)?, text))).transpose()?;
        let (now, revision_id) = (self.shared.platform.clock.now(), self.shared.platform.uuid());
        let mut state = lock(&self.shared.state);
        let machine = state.machines.get_mut(&state_machine_arn);
        let machine = machine.ok_or_else(|| Kind::StateMachine.absent(&state_machine_arn))?;
        if let Some((definition, text)) = definition {
            (machine.definition, machine.text) = (definition, text);
        }
        machine.role_arn = role_arn.unwrap_or_else(|| machine.role_arn.clone());
        machine.updated = Some((now, revision_id.clone()));
        Ok(UpdateStateMachineResponse { update_date: epoch(now), revision_id })
    }

    /// `ValidateStateMachineDefinition`. What the interpreter does not implement is an error, too.
    pub fn validate_state_machine_definition(
        &self,
        request: &ValidateStateMachineDefinitionRequest,
    ) -> Result<ValidateStateMachineDefinitionResponse, AwsError> {
        if request.r#type.as_deref() == Some("EXPRESS") {
            return Err(AwsError::unmodelled("Express state machines"));
        }
        let diagnostic = |problem: &dyn std::fmt::Display| ValidateStateMachineDefinitionDiagnostic {
            severity: "ERROR".to_owned(),
            code: "SCHEMA_VALIDATION_FAILED".to_owned(),
            message: problem.to_string(),
            location: None,
        };
        let diagnostics = match StateMachine::parse(&request.definition) {
            Ok(_) => Vec::new(),
            Err(problems) => vec![diagnostic(&problems)],
        };
        let result = if diagnostics.is_empty() { "OK" } else { "FAIL" };
        Ok(ValidateStateMachineDefinitionResponse {
            result: result.to_owned(),
            diagnostics,
            truncated: false,
        })
    }

    /// `DescribeStateMachineForExecution`: the state machine as it was when the execution started.
    pub fn describe_state_machine_for_execution(
        &self,
        request: &DescribeStateMachineForExecutionRequest,
    ) -> Result<DescribeStateMachineForExecutionResponse, AwsError> {
        let found = lock(&self.shared.state).started_with.get(&request.execution_arn).cloned();
        let machine = found.ok_or_else(|| Kind::Execution.absent(&request.execution_arn))?;
        let (updated, revision_id) =
            machine.updated.map_or((machine.created, None), |(at, id)| (at, Some(id)));
        Ok(DescribeStateMachineForExecutionResponse {
            state_machine_arn: machine.arn,
            name: machine.name,
            definition: Some(machine.text).filter(|_| has_data(request.included_data)),
            role_arn: machine.role_arn,
            update_date: epoch(updated),
            revision_id,
        })
    }

    /// `DescribeStateMachine`.
    pub fn describe_state_machine(
        &self,
        request: &DescribeStateMachineRequest,
    ) -> Result<DescribeStateMachineResponse, AwsError> {
        let state = lock(&self.shared.state);
        let machine = state
            .machines
            .get(&request.state_machine_arn)
            .ok_or_else(|| Kind::StateMachine.absent(&request.state_machine_arn))?;
        Ok(DescribeStateMachineResponse {
            state_machine_arn: machine.arn.clone(),
            name: machine.name.clone(),
            status: "ACTIVE".to_owned(),
            definition: Some(machine.text.clone()).filter(|_| has_data(request.included_data)),
            role_arn: machine.role_arn.clone(),
            r#type: "STANDARD".to_owned(),
            creation_date: epoch(machine.created),
        })
    }

    /// `ListStateMachines`.
    pub fn list_state_machines(
        &self,
        region: &str,
        request: &ListStateMachinesRequest,
    ) -> Result<ListStateMachinesResponse, AwsError> {
        let state = lock(&self.shared.state);
        let here = state.machines.values().filter(|machine| machine.region == region);
        let items = here.map(|machine| StateMachineListItem {
            state_machine_arn: machine.arn.clone(),
            name: machine.name.clone(),
            r#type: "STANDARD".to_owned(),
            creation_date: epoch(machine.created),
        });
        let (state_machines, next_token) =
            page(items.collect(), request.max_results, request.next_token.as_deref())?;
        Ok(ListStateMachinesResponse { state_machines, next_token })
    }
}

fn parsed(definition: &str) -> Result<Arc<StateMachine>, AwsError> {
    StateMachine::parse(definition)
        .map(Arc::new)
        .map_err(|problems| AwsError::client("InvalidDefinition", problems.to_string()))
}
