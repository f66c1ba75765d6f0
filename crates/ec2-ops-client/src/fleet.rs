//! Fleets: one document for many rows, each of which is an execution.
//!
//! A fleet is a name and its runs. Each run is an execution of the state machine of fleets: the first has the name of the
//! fleet, and one that runs failed rows again has a number. `fleet.asl.json` starts the executions of the rows.

mod progress;
mod records;
mod start;

pub use progress::{Failures, FleetProgress};
pub use start::FleetStart;

use ec2_ops::fleet::execution_name;
use serde_json::Value;

use crate::execution::only;
use crate::{Client, Error, Execution};

/// The state machine of fleets is called like that of the executions, and this.
const MACHINE: &str = "-fleet";
/// Between the name of a fleet and the number of a run that is not its first.
const AGAIN: &str = "-again-";

/// A fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// Its name.
    pub name: String,
    /// Its runs: the first, and one for each time that rows were run again.
    pub runs: Vec<FleetRun>,
}

impl Fleet {
    /// The latest run.
    pub fn latest(&self) -> Option<&FleetRun> {
        self.runs.last()
    }
}

/// One run of a fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetRun {
    /// Its number, from 1.
    pub number: u32,
    /// The execution of the state machine of fleets. Its document is the fleet's input.
    pub execution: Execution,
}

impl FleetRun {
    /// How the run stands: `Running`, `Succeeded`, `Aborted`, or the error with which it failed, such as `RowsFailed`.
    pub fn status(&self) -> &str {
        match self.execution.status.as_str() {
            _ if self.is_running() => crate::RUNNING,
            "SUCCEEDED" => "Succeeded",
            "ABORTED" => "Aborted",
            other => self.execution.error.as_deref().unwrap_or(other),
        }
    }

    /// Whether the run has not ended.
    pub fn is_running(&self) -> bool {
        self.execution.is_running()
    }

    /// Why it failed, where that is no row's failure.
    pub fn reason(&self) -> Option<&str> {
        self.execution.cause.as_deref().filter(|_| self.summary().is_none())
    }

    /// What RunChecker has counted, if the run came so far: the `Summary` without its failures, and where all of it is.
    pub fn summary(&self) -> Option<Value> {
        let section = match &self.execution.output {
            Value::Null => serde_json::from_str(self.execution.cause.as_deref()?).ok()?,
            output => output.clone(),
        };
        section["summary"].is_string().then_some(section)
    }

    /// The template of its rows.
    pub fn template(&self) -> &Value {
        &self.execution.document["template"]
    }

    /// The fleet's part of the names of the rows' executions.
    pub fn fleet(&self) -> &str {
        self.execution.document["fleet"].as_str().unwrap_or(&self.execution.name)
    }

    /// The name of the execution of `row`.
    pub fn execution_of(&self, row: u32) -> String {
        execution_name(self.fleet(), row, self.run())
    }

    /// The run that `execution` is, and the name of its fleet.
    pub fn of(execution: Execution) -> (String, Self) {
        let number = execution.name.rsplit_once(AGAIN).and_then(|(_, number)| number.parse().ok());
        (fleet_of(&execution.name).to_owned(), Self { number: number.unwrap_or(1), execution })
    }

    /// The run's part of the names of the rows' executions.
    fn run(&self) -> u32 {
        self.execution.document["run"].as_u64().and_then(|run| run.try_into().ok()).unwrap_or(1)
    }
}

impl Client {
    /// The same deployment, seen as its fleets: the executions are those of the state machine of fleets.
    #[must_use]
    pub fn fleets(&self) -> Self {
        self.of_machine(format!("{}{MACHINE}", self.state_machine_arn()))
    }

    /// The fleet of that name, or the only one whose name begins so, with its runs.
    ///
    /// # Errors
    /// Where there is none, or more than one, or Step Functions cannot be asked.
    pub async fn fleet(&self, name: &str) -> Result<Fleet, Error> {
        let name = fleet_of(name);
        let fleet = self.fleet_called(name).await?;
        if !fleet.runs.is_empty() {
            return Ok(fleet);
        }
        let found = self.fleets().named(name).await?;
        let mut names: Vec<_> = found.iter().map(|name| fleet_of(name).to_owned()).collect();
        names.sort();
        names.dedup();
        match only(&names, name, "fleet")? {
            Some(name) => self.fleet_called(name).await,
            None => {
                let place = self.place();
                Err(Error::Usage(format!(
                    "no fleet has a name that begins with {name:?}, in {place}; `ec2-ops fleet status` names the latest"
                )))
            }
        }
    }

    /// The fleet of exactly that name; without runs if there is none.
    async fn fleet_called(&self, name: &str) -> Result<Fleet, Error> {
        let fleets = self.fleets();
        let mut runs = Vec::new();
        for number in 1.. {
            match fleets.describe(&fleets.execution_arn(&run_name(name, number))).await {
                Ok(execution) => runs.push(FleetRun { number, execution }),
                Err(error) if error.is_no_execution() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Fleet { name: name.to_owned(), runs })
    }
}

/// The name of the execution that is the run `number` of `fleet`.
fn run_name(fleet: &str, number: u32) -> String {
    if number == 1 { fleet.to_owned() } else { format!("{fleet}{AGAIN}{number}") }
}

/// The fleet of which the execution `name` is a run.
fn fleet_of(name: &str) -> &str {
    match name.rsplit_once(AGAIN) {
        Some((fleet, number)) if number.parse::<u32>().is_ok() => fleet,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_name_of_its_fleet_and_its_number() {
        assert_eq!([1, 2, 30].map(|run| run_name("vpu", run)), ["vpu", "vpu-again-2", "vpu-again-30"]);
        for run in [1, 2, 30] {
            assert_eq!(fleet_of(&run_name("vpu-again", run)), "vpu-again");
        }
        assert_eq!(fleet_of("vpu-again-later"), "vpu-again-later");
    }
}
