//! The `ResultWriter` of a Map state: the ends of its executions, in objects of S3.

use serde_json::{Value, json};

use super::environment::Environment;
use super::execution::Execution;
use super::map::Children;
use super::map_run::MapRun;
use super::visit::Visit;
use crate::data::context::Context;
use crate::definition::{FileType, ResultWriter};
use crate::failure::{Failure, RESULT_WRITER_FAILED};
use crate::history::Ending;

impl<E: Environment> Visit<'_, E> {
    /// Writes the results and their manifest. Returns the result of the state.
    /// See <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>.
    pub(super) async fn write_results(
        &self,
        writer: &ResultWriter,
        run: &MapRun,
        children: &Children,
        (input, context): (&Value, &Context<'_>),
    ) -> Result<Value, Failure> {
        let (bucket, prefix) = self.object(&writer.parameters, "Prefix", input, context)?;
        let (_, id) = run.arn.rsplit_once(':').unwrap_or_default();
        let separator = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        let folder = format!("{prefix}{separator}{id}");
        let failed = |why: String| Failure::new(RESULT_WRITER_FAILED, why);
        let (succeeded, others): (Vec<_>, Vec<_>) = children
            .iter()
            .flatten()
            .map(|child| result(child))
            .partition(|result| result["Status"] == "SUCCEEDED");
        let mut files = json!({"FAILED": [], "PENDING": [], "SUCCEEDED": []});
        for (status, results) in [("SUCCEEDED", succeeded), ("FAILED", others)] {
            if results.is_empty() {
                continue;
            }
            let (body, ending) = match writer.output_type {
                FileType::Json => (Value::Array(results).to_string(), "json"),
                FileType::Jsonl => (lines(&results), "jsonl"),
            };
            let key = format!("{folder}/{status}_0.{ending}");
            files[status] = json!([{"Key": key, "Size": body.len()}]);
            self.environment.put_object(&bucket, &key, body.into_bytes()).await.map_err(failed)?;
        }
        let manifest = json!({"DestinationBucket": bucket, "MapRunArn": &*run.arn, "ResultFiles": files});
        let key = format!("{folder}/manifest.json");
        self.environment
            .put_object(&bucket, &key, manifest.to_string().into_bytes())
            .await
            .map_err(failed)?;
        run.results_written();
        Ok(json!({"MapRunArn": &*run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}))
    }
}

fn lines(results: &[Value]) -> String {
    results.iter().flat_map(|result| [result.to_string(), "\n".to_owned()]).collect()
}

/// The end of one execution.
fn result(child: &Execution) -> Value {
    let identity = child.identity();
    let mut result = json!({
        "ExecutionArn": &*identity.arn,
        "Input": child.input().to_string(),
        "InputDetails": {"Included": true},
        "Name": &*identity.name,
        "StartDate": format!("{:.3}", child.started()),
        "StateMachineArn": &*identity.state_machine_arn,
    });
    let Some((ending, at)) = child.history().ending() else {
        return result;
    };
    result["Status"] = ending.status().into();
    result["StopDate"] = format!("{at:.3}").into();
    match ending {
        Ending::Succeeded { output } => {
            result["Output"] = output.to_string().into();
            result["OutputDetails"] = json!({"Included": true});
        }
        Ending::Failed(failure) | Ending::Aborted(failure) => {
            for (name, text) in [("Error", failure.error), ("Cause", failure.cause)] {
                if let Some(text) = text {
                    result[name] = (&*text).into();
                }
            }
        }
        Ending::TimedOut => {}
    }
    result
}
