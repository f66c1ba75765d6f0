//! Documents that EC2 refused to their authors: `validate` refuses them, and says why.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use ec2_ops::Execution;
use ec2_ops::document::Job;
use jiff::Timestamp;

fn refused(document: &str) -> Vec<String> {
    let document = serde_json::from_str(document).unwrap();
    let problems = Job::resolve(&document, &Execution::rehearsal(Timestamp::UNIX_EPOCH)).unwrap_err();
    problems.0.iter().map(ToString::to_string).collect()
}

#[test]
fn more_tags_than_fit_beside_our_own() {
    assert_eq!(
        refused(include_str!("refused/manytags.json")),
        [
            "$.instance_parameters.TagSpecifications[0].Tags: found 50 tags, expected at most 46: EC2 takes 50, and 4 are of \
             ec2-ops"
        ]
    );
}

#[test]
fn a_subnet_and_groups_beside_network_interfaces() {
    assert_eq!(
        refused(include_str!("refused/subnet-and-eni.json")),
        [
            "$.instance_parameters.SubnetId: found \"subnet-0abcdef1234567890\", expected no SubnetId beside \
             NetworkInterfaces: each interface has its own",
            "$.instance_parameters.SecurityGroupIds: found a list of 1, expected no SecurityGroupIds beside \
             NetworkInterfaces: each interface has its own Groups",
        ]
    );
}
