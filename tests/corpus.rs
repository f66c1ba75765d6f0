//! Runs real documents, many at once, with quick commands instead of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use ec2_ops::document::Job;
use ec2_ops::ports::OutputTarget;
use ec2_ops::{Outcome, Status};
use ec2_ops_asl::Execution;
use ec2_ops_sandbox::ec2::api::InstanceStateName;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{TestSandbox, workspace};

/// The number of executions that run at once.
const AT_ONCE: usize = 16;

struct Case {
    file: String,
    document: Value,
    job: Job,
}

/// Every document of the corpus that is accepted.
fn cases() -> Vec<Case> {
    let folder = workspace().join("crates/ec2-ops/tests/corpus");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| {
            let document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let job = Job::resolve(&document, &ec2_ops::Execution::rehearsal(Timestamp::now())).ok()?;
            Some(Case { file: path.display().to_string(), document: quick(document, &job), job })
        })
        .collect();
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    cases
}

/// The document with its commands as comments, in which the output is still named, and one command that writes the output.
fn quick(mut document: Value, job: &Job) -> Value {
    let target = job.output.as_ref().map(|output| &output.target);
    let keep = target.map(|target| {
        let key = match target {
            OutputTarget::Key { key, .. } => key.clone(),
            OutputTarget::Prefix { prefix, .. } => format!("{}/output", prefix.trim_end_matches('/')),
        };
        format!("echo output | aws s3 cp - 's3://{}/{key}'", target.bucket())
    });
    let comments = job.commands.iter().map(|command| format!("# {}", command.replace('\n', "\n# ")));
    let commands: Vec<_> = comments.chain(["true".to_owned()]).chain(keep).collect();
    if document.as_object_mut().unwrap().remove("datastream_command_options").is_some() {
        // Only this form named the output.
        document["run_options"]["ii_check_s3"] = match target {
            Some(OutputTarget::Key { bucket, key }) => json!({ "bucket": bucket, "key": key }),
            Some(OutputTarget::Prefix { bucket, prefix }) => json!({ "bucket": bucket, "prefix": prefix }),
            None => json!(false),
        };
    }
    document["commands"] = json!(commands);
    document
}

#[test]
fn every_real_document_that_is_accepted_produces_its_output() {
    let cases = cases();
    assert!(cases.len() > 100, "only {} documents are accepted", cases.len());
    let outputs = cases.iter().filter_map(|case| case.job.output.as_ref());
    let buckets: BTreeSet<_> = outputs.map(|output| output.target.bucket().to_owned()).collect();
    let buckets: Vec<_> = buckets.into_iter().collect();
    TestSandbox::with_buckets(&buckets, async |sandbox| {
        let mut waiting = cases.iter();
        let mut running: Vec<(&Case, Arc<Execution>)> = Vec::new();
        let mut ended = BTreeMap::new();
        while ended.len() < cases.len() {
            let free = AT_ONCE - running.len();
            running.extend(waiting.by_ref().take(free).map(|case| (case, sandbox.start(&case.document))));
            tokio::time::sleep(Duration::from_millis(10)).await;
            for (case, execution) in
                running.extract_if(.., |(_, execution)| execution.history().ending().is_some())
            {
                ended.insert(case.file.clone(), (case, execution));
            }
        }
        let mut refused = Vec::new();
        for (case, execution) in ended.values() {
            let outcome = sandbox.ended(execution).await;
            if outcome.status == Status::Succeeded {
                assert_output(sandbox, case, &outcome);
            } else {
                refused.push(outcome.attempts.last().unwrap().reason.clone().unwrap_or_default());
            }
        }
        // One document misspells an instance type, which only EC2 can detect.
        let typing_error = "the instance could not be launched: RunInstances: Invalid value 't4g.2xlargee' for \
                            InstanceType. (InvalidParameterValue); nothing was launched";
        assert_eq!(refused, [typing_error]);
    });
}

fn assert_output(sandbox: &TestSandbox, case: &Case, outcome: &Outcome) {
    let attempt = outcome.attempts.last().unwrap();
    assert_eq!(attempt.output.is_some(), case.job.output.is_some(), "{}: {outcome:#?}", case.file);
    let account = sandbox.account();
    if let Some((bucket, key)) =
        attempt.output.as_deref().and_then(|url| url.strip_prefix("s3://")?.split_once('/'))
    {
        let object = account.s3.get_object(bucket, key).unwrap();
        assert!(
            object.last_modified.as_second() >= attempt.started_at.as_second(),
            "{}: a stale output",
            case.file
        );
    }
    let [instance] = attempt.instances.as_slice() else { panic!("{}: {outcome:#?}", case.file) };
    assert_ended(sandbox, case, &instance.to_string());
}

/// Asserts that the instance and its volumes ended as the document says.
fn assert_ended(sandbox: &TestSandbox, case: &Case, id: &str) {
    let ec2 = &sandbox.account().ec2;
    let record = ec2.instances().into_iter().find(|record| record.instance.instance_id == id).unwrap();
    let over = if case.job.on_end.terminate || record.is_spot() {
        matches!(record.state(), InstanceStateName::ShuttingDown | InstanceStateName::Terminated)
    } else {
        record.state() == InstanceStateName::Stopped
    };
    assert!(over, "{}: {id} is {}", case.file, record.state().as_str());
    let volumes = ec2.volumes();
    let mut attachments = volumes.iter().flat_map(|volume| &volume.volume.attachments);
    let volume_left = attachments.any(|attachment| attachment.instance_id == id);
    assert!(!(case.job.on_end.delete_volumes && volume_left), "{}: a volume is left", case.file);
}
