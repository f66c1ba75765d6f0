//! The answer of EC2StarterFromAMI to `{"check": DOCUMENT}`: what would keep an execution from its launch, found with the rights
//! of the function's role and before anything is paid.
//!
//! EC2 itself judges the launch, by `RunInstances` with `DryRun`. It looks at neither capacity nor quotas, and says nothing of
//! what an instance finds once it runs: so the image and the network are looked at as well.

mod finding;
mod network;

use ec2_ops_limits::instance_type;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::deployment::Deployment;
use crate::document::{Job, Problems};
use crate::error::Error;
use crate::execution::Execution;
use crate::ids::{AttemptId, Region};
use crate::launch::{Candidate, candidates, plan};
use crate::ports::{Catalog, Clock, Objects};
use crate::step::write;
use finding::Finding;

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    findings: Vec<Finding>,
    /// Where, and what would be launched there; for the caller, who may see the account's quotas.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
    launches: Vec<Candidate>,
}

/// The document that is to be checked, if the payload asks for that.
pub fn asked(payload: &Value) -> Option<&Value> {
    payload.get("check")
}

/// Checks `document` against the deployment and the account: a list `findings`, each with what it is `about`, a `verdict` (`ok`,
/// `wrong`, `unknown`), what it `says`, and perhaps what there is `todo`; and the `region` and the `launches` that it has tried.
///
/// # Errors
/// If the answer cannot be written.
pub async fn handle(
    document: &Value,
    deployment: &Deployment,
    clock: &impl Clock,
    ec2: &impl Catalog,
    objects: &impl Objects,
) -> Result<Value, Error> {
    write(&check(document, deployment, clock.now(), ec2, objects).await)
}

async fn check(
    document: &Value,
    deployment: &Deployment,
    now: Timestamp,
    ec2: &impl Catalog,
    objects: &impl Objects,
) -> Report {
    let execution = Execution::rehearsal(now);
    let (job, region) = match job(document, &execution, deployment) {
        Ok(found) => found,
        Err(findings) => return Report { findings, region: None, launches: Vec::new() },
    };
    let mut findings = vec![Finding::ok("document", format!("valid, in {region}"))];
    findings
        .extend(job.warnings.iter().map(|warning| Finding::ok("document", format!("warning: {warning}"))));
    findings.extend(bucket(&job, &region, objects).await);
    let attempt = AttemptId { execution: execution.id, attempt: 1 };
    let all = candidates(&job, deployment, &region, &attempt, &[]);
    let mut launches = Vec::new();
    for (number, candidate) in all.iter().enumerate() {
        let launch = plan(&job, &attempt, deployment, &region, candidate, number);
        let about = format!("launch {candidate}");
        launches.push(match ec2.dry_run(&region, &launch).await {
            Ok(()) => Finding::ok(about, "EC2 would launch it; capacity shows only at the launch"),
            Err(error) => Finding::of_call(about, &error),
        });
    }
    findings.push(image(&job, &region, ec2).await);
    for instance_type in job.instance.instance_type.as_slice() {
        findings.push(zones(instance_type, &region, ec2).await);
    }
    findings.extend(network::check(&job, &all, &region, ec2).await);
    findings.extend(launches);
    Report { findings, region: Some(region), launches: all }
}

/// The job and its region, or why the deployment refuses the document.
fn job(
    document: &Value,
    execution: &Execution,
    deployment: &Deployment,
) -> Result<(Job, Region), Vec<Finding>> {
    let refused = |error: Error| match error {
        Error::InvalidExecution(problems) => of_document(&problems),
        other => vec![Finding::wrong("document", other.to_string(), None)],
    };
    let job = Job::resolve(document, execution).map_err(|problems| of_document(&problems))?;
    let region = deployment.region_of(&job).map_err(refused)?;
    deployment.check_topic(&job).map_err(refused)?;
    deployment.check_allowed(&job).map_err(refused)?;
    Ok((job, region))
}

fn of_document(Problems(problems): &Problems) -> Vec<Finding> {
    problems.iter().map(|problem| Finding::wrong("document", problem.to_string(), None)).collect()
}

/// Whether the bucket of the output can be read.
async fn bucket(job: &Job, region: &Region, objects: &impl Objects) -> Option<Finding> {
    let bucket = job.output.as_ref()?.target.bucket();
    let about = format!("bucket {bucket}");
    Some(match objects.bucket_exists(region, bucket).await {
        Ok(true) => Finding::ok(about, "exists, and the deployment may look into it"),
        Ok(false) => Finding::wrong(
            about,
            "does not exist",
            Some(format!("aws s3 mb s3://{bucket} --region {region}")),
        ),
        Err(error) if error.code == "Http403" => Finding::wrong(
            about,
            "the deployment may not look into it",
            Some(format!("add {bucket:?} to instances.output_buckets of the Terraform module")),
        ),
        Err(error) => Finding::of_call(about, &error),
    })
}

async fn image(job: &Job, region: &Region, ec2: &impl Catalog) -> Finding {
    let id = job.instance.image_id.as_str();
    let about = format!("image {id}");
    if id.starts_with("resolve:ssm:") {
        return Finding::ok(about, "EC2 looks the parameter up at each launch");
    }
    match ec2.image(region, id).await {
        Ok(Some(image)) if image.state == "available" => match unfit(job, &image.architecture) {
            Some(other) => Finding::wrong(
                about,
                format!("is of {}, and {other}", image.architecture),
                Some(format!("name an image for it, or a type of {}", image.architecture)),
            ),
            None => Finding::ok(
                about,
                format!("available, {}, root device {}", image.architecture, image.root_device_type),
            ),
        },
        Ok(Some(image)) => Finding::wrong(
            about,
            format!("is {}, expected available", image.state),
            Some(format!("aws ec2 wait image-available --image-ids {id} --region {region}")),
        ),
        Ok(None) => Finding::wrong(
            about,
            format!("is not in {region}, or not shared with this account"),
            Some(format!("aws ec2 describe-images --owners self --region {region}")),
        ),
        Err(error) => Finding::of_call(about, &error),
    }
}

/// A type of the document whose processors run no image of `architecture`: "t4g.nano of arm64".
fn unfit(job: &Job, architecture: &str) -> Option<String> {
    let types = job.instance.instance_type.as_slice().iter();
    let mut others = types.filter_map(|name| Some((name, instance_type::architecture(name)?)));
    let (name, other) = others.find(|(_, other)| *other != architecture)?;
    Some(format!("{name} of {other}"))
}

async fn zones(instance_type: &str, region: &Region, ec2: &impl Catalog) -> Finding {
    let about = format!("type {instance_type}");
    match ec2.zones_of(region, instance_type).await {
        Ok(zones) if zones.is_empty() => Finding::wrong(
            about,
            format!("no zone of {region} has it"),
            Some(format!(
                "aws ec2 describe-instance-type-offerings --region {region} --query InstanceTypeOfferings[].InstanceType"
            )),
        ),
        Ok(zones) => Finding::ok(about, format!("in {}", zones.into_iter().collect::<Vec<_>>().join(", "))),
        Err(error) => Finding::of_call(about, &error),
    }
}

#[cfg(test)]
mod tests;
