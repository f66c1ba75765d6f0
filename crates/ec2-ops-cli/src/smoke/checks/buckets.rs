//! Output in S3: proven, refused before the launch, in another region, under a key of the customer.

use serde_json::json;

use super::Found;
use crate::smoke::site::{Trial, Wrong, expect};

/// An object of the usual bucket is written and proven.
pub(super) async fn hello(trial: &Trial<'_>) -> Found {
    writes_to(trial, "--bucket", trial.site.buckets.usual.as_deref()).await
}

/// A bucket in another region than the deployment's.
pub(super) async fn elsewhere(trial: &Trial<'_>) -> Found {
    writes_to(trial, "--bucket-elsewhere", trial.site.buckets.elsewhere.as_deref()).await
}

/// A bucket whose objects are encrypted with a key of the customer.
pub(super) async fn under_key(trial: &Trial<'_>) -> Found {
    writes_to(trial, "--bucket-under-key", trial.site.buckets.under_key.as_deref()).await
}

async fn writes_to(trial: &Trial<'_>, option: &str, bucket: Option<&str>) -> Found {
    let bucket = bucket.ok_or_else(|| Wrong::Missing(format!("it needs {option} NAME")))?;
    let key = format!("ec2-ops-smoke/{}.txt", trial.name());
    let copy = format!("echo hello | aws s3 cp - s3://{bucket}/{key}");
    let mut document = trial.document(&[&copy]);
    document["bucket"] = json!(bucket);
    document["obj_key"] = json!(key);
    let run = trial.run(&document).await?;
    run.expect("Succeeded")?;
    let output = run.text("output");
    expect(output == format!("s3://{bucket}/{key}"), || format!("the output is {output:?}"))?;
    Ok(output)
}

/// A bucket that does not exist is refused before anything is launched.
pub(super) async fn refused(trial: &Trial<'_>) -> Found {
    let run = trial.run(&without_bucket(trial)).await?;
    run.expect("InvalidExecution")?;
    let instances = run.attempt("instances");
    expect(instances == json!([]), || format!("it launched {instances}"))?;
    Ok(run.text("reason").lines().next_back().unwrap_or_default().to_owned())
}

/// A document whose output is in a bucket that does not exist.
pub(super) fn without_bucket(trial: &Trial<'_>) -> serde_json::Value {
    let mut document = trial.document(&["true"]);
    document["bucket"] = json!(format!("ec2-ops-{}", trial.name()));
    document["obj_key"] = json!("nothing");
    document
}
