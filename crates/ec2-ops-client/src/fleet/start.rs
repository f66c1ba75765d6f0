//! The start of a run of a fleet.

use serde_json::{Value, json};

use super::{FleetRun, run_name};
use crate::{Client, Error};

/// A run that is to be started.
#[derive(Clone, Debug)]
pub struct FleetStart<'a> {
    /// The name of the fleet.
    pub fleet: &'a str,
    /// The number of the run, from 1.
    pub run: u32,
    /// The document, as far as all rows share it.
    pub template: &'a Value,
    /// The rows, each with its number: the members that replace those of the template.
    pub rows: &'a [Value],
    /// How many rows run at once; 0 is no limit.
    pub at_once: u64,
    /// Whether the first row that fails stops all others.
    pub fail_fast: bool,
}

impl Client {
    /// Uploads the rows and starts the run.
    ///
    /// # Errors
    /// Where there is a run of that name, where the deployment has no bucket for the rows, or where AWS refuses or gives no
    /// answer.
    pub async fn start_fleet(&self, start: &FleetStart<'_>) -> Result<FleetRun, Error> {
        let fleets = self.fleets();
        let name = run_name(start.fleet, start.run);
        let arn = fleets.execution_arn(&name);
        // Its rows would be replaced.
        match fleets.describe(&arn).await {
            Ok(_) => {
                return Err(Error::Usage(format!("there is a fleet {name} already; choose another --name")));
            }
            Err(error) if error.is_no_execution() => {}
            Err(error) => return Err(error),
        }
        let bucket = fleets.rows_bucket().await?;
        let key = format!("fleets/{}/rows-{}.jsonl", start.fleet, start.run);
        let lines: String = start.rows.iter().flat_map(|row| [row.to_string(), "\n".to_owned()]).collect();
        self.put_object(&bucket, &key, lines.into_bytes()).await?;
        let input = json!({
            "fleet": start.fleet,
            "run": start.run,
            "template": start.template,
            "rows": { "bucket": bucket, "key": key },
            "max_concurrency": start.at_once,
            "tolerated_failure_percentage": if start.fail_fast { 0 } else { 100 },
            "results": { "bucket": bucket, "prefix": format!("fleets/{}", start.fleet) },
        });
        fleets.start(&name, &input.to_string()).await?;
        Ok(FleetRun { number: start.run, execution: fleets.describe(&arn).await? })
    }

    /// The bucket of the deployment for rows and results. Called on the client of the fleets.
    async fn rows_bucket(&self) -> Result<String, Error> {
        bucket_in(&self.machine().await?.definition).ok_or_else(|| {
            Error::Usage(
                "the deployment has no log bucket for the rows: upload them yourself, and start the fleet with \
                 `aws stepfunctions start-execution` (docs/fleets.md)"
                    .to_owned(),
            )
        })
    }
}

fn bucket_in(definition: &Value) -> Option<String> {
    let defaults = &definition["States"]["Defaults"]["Parameters"]["defaults"];
    defaults["results"]["bucket"].as_str().filter(|bucket| !bucket.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_the_one_that_the_definition_defaults_to() {
        let definition = include_str!("../../../../state_machine/fleet.asl.json");
        let bucket = |text: &str| bucket_in(&serde_json::from_str(text).unwrap());
        assert_eq!(bucket(definition).as_deref(), Some("${log_bucket}"));
        assert_eq!(bucket(&definition.replace("${log_bucket}", "")), None);
    }
}
