use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::fakes::{FakeAws, deployment, time};
use crate::ports::{Image, RouteTable, Subnet};

fn document() -> Value {
    json!({
        "commands": ["true"],
        "bucket": "results",
        "obj_key": "out",
        "run_options": { "ii_terminate_instance": true, "ii_cheapo": true, "n_retries_allowed": 1 },
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano", "SubnetId": "subnet-0000000a" },
    })
}

/// An account in which an execution would run.
fn aws() -> FakeAws {
    let subnet = Subnet {
        id: "subnet-0000000a".to_owned(),
        vpc: "vpc-1".to_owned(),
        zone: "us-east-1a".to_owned(),
        free_addresses: 7,
        public: true,
    };
    let table = RouteTable {
        subnets: Vec::new(),
        main: true,
        default_route: Some("igw-0123456789abcdef0".to_owned()),
    };
    let image = Image {
        state: "available".to_owned(),
        architecture: "arm64".to_owned(),
        root_device_type: "ebs".to_owned(),
    };
    FakeAws { image: Some(image), subnets: vec![subnet], route_tables: vec![table], ..FakeAws::default() }
}

/// The findings as lines: verdict, about, says, todo.
async fn lines(document: &Value, aws: &FakeAws) -> Vec<String> {
    let report = check(document, &deployment(), time("2026-03-01T05:30:00Z"), aws, aws).await;
    let report = serde_json::to_value(report).unwrap();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let line =
        |finding: &Value| ["verdict", "about", "says", "todo"].map(|field| text(finding, field)).join(" | ");
    report["findings"].as_array().unwrap().iter().map(line).collect()
}

/// The only line that is not ok.
async fn wrong(aws: &FakeAws) -> String {
    let mut lines = lines(&document(), aws).await;
    lines.retain(|line| !line.starts_with("ok"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[tokio::test]
async fn everything_that_a_launch_needs_has_a_line_and_nothing_is_launched() {
    let aws = aws();
    let would = "EC2 would launch it; capacity shows only at the launch | ";
    assert_eq!(
        lines(&document(), &aws).await,
        [
            "ok | document | valid, in us-east-1 | ",
            "ok | bucket results | exists, and the deployment may look into it | ",
            "ok | image ami-0123456789abcdef0 | available, arm64, root device ebs | ",
            "ok | type t4g.nano | in us-east-1a, us-east-1b | ",
            "ok | subnet subnet-0000000a in us-east-1a | 7 free addresses, to SSM through igw-0123456789abcdef0 | ",
            &format!("ok | launch t4g.nano spot in subnet-0000000a | {would}"),
            &format!("ok | launch t4g.nano on-demand in subnet-0000000a | {would}"),
        ]
    );
    assert_eq!(aws.calls(), [""; 0]);
    let report = check(&document(), &deployment(), time("2026-03-01T05:30:00Z"), &aws, &aws).await;
    let report = serde_json::to_value(report).unwrap();
    assert_eq!(report["region"], "us-east-1");
    let launch = |market: &str| json!({ "type": "t4g.nano", "subnet": "subnet-0000000a", "market": market });
    assert_eq!(report["launches"], json!([launch("spot"), launch("on-demand")]));
}

#[tokio::test]
async fn a_document_that_the_deployment_refuses_is_looked_at_no_further() {
    let mut document = document();
    document["region"] = json!("eu-west-1");
    let lines = lines(&document, &aws()).await;
    assert!(lines[0].starts_with("wrong | document | $.region: found \"eu-west-1\""), "{lines:?}");
    assert_eq!(lines.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_says_what_to_type() {
    let absent = FakeAws { bucket_exists: false, ..aws() };
    assert_eq!(
        wrong(&absent).await,
        "wrong | bucket results | does not exist | aws s3 mb s3://results --region us-east-1"
    );
    let no_image = FakeAws { image: None, ..aws() };
    assert!(wrong(&no_image).await.contains("is not in us-east-1, or not shared with this account"));
    let nowhere = FakeAws { zones: BTreeSet::default(), ..aws() };
    assert!(wrong(&nowhere).await.starts_with("wrong | type t4g.nano | no zone of us-east-1 has it"));
}

#[tokio::test]
async fn an_instance_without_a_way_to_ssm_is_foreseen() {
    let mut without_address = aws();
    without_address.subnets[0].public = false;
    assert!(
        wrong(&without_address).await.contains("aws ec2 modify-subnet-attribute --subnet-id subnet-0000000a")
    );
    without_address.endpoints =
        ["ssm", "ssmmessages"].map(|service| format!("com.amazonaws.us-east-1.{service}")).into();
    let lines = lines(&document(), &without_address).await;
    assert!(lines.iter().any(|line| line.contains("to SSM through VPC endpoints")), "{lines:?}");

    let cut_off = FakeAws { route_tables: Vec::new(), ..aws() };
    assert!(wrong(&cut_off).await.contains("has no way to the SSM endpoints"));
    let mut full = aws();
    full.subnets[0].free_addresses = 0;
    assert!(wrong(&full).await.contains("has no free address"));
}

#[tokio::test]
async fn a_right_that_is_missing_is_told_apart_from_a_fault_of_the_account() {
    let may_not_look = FakeAws { failing: Some(("DescribeImages", "UnauthorizedOperation")), ..aws() };
    assert!(wrong(&may_not_look).await.starts_with("unknown | image "));
    let may_not_launch = FakeAws { failing: Some(("RunInstances", "UnauthorizedOperation")), ..aws() };
    let lines = lines(&document(), &may_not_launch).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("wrong | launch ")).count(), 2, "{lines:?}");
}

#[tokio::test]
async fn a_type_that_cannot_run_the_image_is_named_with_what_to_change() {
    let mut aws = aws();
    aws.image.as_mut().unwrap().architecture = "x86_64".to_owned();
    let expected = "is of x86_64, and t4g.nano of arm64 | name an image for it, or a type of x86_64";
    assert!(wrong(&aws).await.ends_with(expected), "{}", wrong(&aws).await);
}
