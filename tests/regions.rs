//! Buckets in a region of their own: the commands write there, and the functions look there.

use ec2_ops::Status;
use serde_json::{Value, json};

use crate::harness::{TestSandbox, document};

/// A document in `region` whose commands write an output to `bucket`, and which waits for an input there.
fn writes(region: &str, bucket: &str, check: Value) -> Value {
    let mut document =
        document(&[&format!("aws s3 cp s3://{bucket}/in/put - | aws s3 cp - s3://{bucket}/run/out")]);
    document["region"] = json!(region);
    document["inputs"] = json!([{ "bucket": bucket, "key": "in/put" }, { "bucket": bucket, "prefix": "in" }]);
    document["run_options"]["ii_check_s3"] = check;
    document
}

#[test]
fn an_output_in_another_region_is_found() {
    TestSandbox::with(async |sandbox| {
        let s3 = &sandbox.account().s3;
        s3.create_bucket("elsewhere", "eu-central-1").unwrap();
        s3.put_object("elsewhere", "in/put", "hello").unwrap();
        // us-east-1 answers as the global endpoint does, us-west-2 as a regional one, and eu-central-1 is where the bucket is.
        for region in ["us-east-1", "us-west-2", "eu-central-1"] {
            for check in [
                json!({ "bucket": "elsewhere", "key": "run/out" }),
                json!({ "bucket": "elsewhere", "prefix": "run" }),
            ] {
                let outcome = sandbox.run(&writes(region, "elsewhere", check)).await;
                assert_eq!(outcome.status, Status::Succeeded, "{region}: {outcome:#?}");
                assert_eq!(s3.get_object("elsewhere", "run/out").unwrap().body, "hello");
                s3.delete_object("elsewhere", "run/out").unwrap();
            }
        }
        sandbox.assert_empty().await;
    });
}

#[test]
fn an_output_that_is_missing_in_another_region_is_missing() {
    TestSandbox::with(async |sandbox| {
        sandbox.account().s3.create_bucket("elsewhere", "eu-central-1").unwrap();
        for region in ["us-east-1", "us-west-2"] {
            let mut document = document(&["true"]);
            document["region"] = json!(region);
            document["run_options"]["ii_check_s3"] = json!({ "bucket": "elsewhere", "key": "run/out" });
            let outcome = sandbox.run(&document).await;
            assert_eq!(outcome.status, Status::OutputMissing, "{region}: {outcome:#?}");
        }
        sandbox.assert_empty().await;
    });
}
