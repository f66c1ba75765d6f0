//! What a refusal says.

use serde_json::{Value, json};

use super::{refused, with};

#[test]
fn an_unknown_name_gets_advice() {
    for (pointer, advice) in [
        ("run_options/ii_chek_s3", "did you mean ii_check_s3?"),
        ("run_options/II_CHECK_S3", "did you mean ii_check_s3?"),
        ("run_options/timeout", "did you mean timeout_s?"),
        ("run_options/n_retries", "did you mean n_retries_allowed?"),
        ("run_options/retries", "did you mean n_retries_allowed?"),
        ("run_options/terminate", "did you mean ii_terminate_instance?"),
        ("run_options/ii_delete_volumes", "did you mean ii_delete_volume?"),
        ("comands", "did you mean commands?"),
        ("command", "did you mean commands?"),
        ("instance_parameters/ImageID", "did you mean ImageId?"),
        ("instance_parameters/image_id", "did you mean ImageId?"),
        ("instance_parameters/SecurityGroupId", "did you mean SecurityGroupIds?"),
        ("imageid", "it belongs in $.instance_parameters"),
        ("InstanceType", "it belongs in $.instance_parameters"),
        ("timeout_s", "it belongs in $.run_options"),
        ("timeout", "did you mean $.run_options.timeout_s?"),
        ("s3_bucket", "it belongs in $.datastream_command_options"),
        ("run_options/commands", "it belongs in $"),
        ("prefix", "it belongs in $.inputs[] or $.run_options.ii_check_s3"),
        ("instance_parameters/VolumeSize", "it belongs in $.instance_parameters.BlockDeviceMappings[].Ebs"),
        ("instance_parameters/HttpTokens", "it belongs in $.instance_parameters.MetadataOptions"),
        ("instance_parameters/ClientToken", "every launch sets it by itself"),
        ("instance_parameters/DisableApiTermination", "could keep the instance from being ended"),
        (
            "comment",
            "expected one of region, commands, bucket, obj_key, inputs, variables, secrets, row, run_options, instance_parameters, \
             datastream_command_options",
        ),
    ] {
        let message = refused(&with(pointer, json!(1)));
        assert!(message.ends_with(advice), "{pointer}: {message}");
        assert!(message.starts_with(&format!("$.{}: ", pointer.replace('/', "."))), "{message}");
        assert!(!message.contains("; $"), "more than one problem: {message}");
    }
}

#[test]
fn every_refusal_says_where_what_was_found_and_what_was_expected() {
    let check = "run_options/ii_check_s3";
    let table = [
        (
            "run_options/timeout_s",
            json!(29),
            "$.run_options.timeout_s: found 29, expected an integer from 30 to 172800",
        ),
        (
            "run_options/timeout_s",
            json!("60"),
            "$.run_options.timeout_s: found \"60\", expected an integer from 30 to 172800",
        ),
        (
            "run_options/timeout_s",
            json!(60.5),
            "$.run_options.timeout_s: found 60.5, expected an integer from 30 to 172800",
        ),
        (
            "run_options/n_retries_allowed",
            json!(-1),
            "$.run_options.n_retries_allowed: found -1, expected an integer from 0 to 10",
        ),
        (
            "run_options/n_retries_allowed",
            json!(u64::MAX),
            "$.run_options.n_retries_allowed: found 18446744073709551615, expected an integer from 0 to 10",
        ),
        (
            "run_options/ii_cheapo",
            json!("yes"),
            "$.run_options.ii_cheapo: found \"yes\", expected true or false",
        ),
        (
            "run_options/ii_cheapo",
            Value::Null,
            "$.run_options.ii_cheapo: found null, expected true or false; leave out what has no value",
        ),
        ("run_options", json!([]), "$.run_options: found an empty list, expected an object"),
        ("region", Value::Null, "$.region: found null, expected a string; leave out what has no value"),
        ("region", json!("us-east"), "$.region: found \"us-east\", expected an AWS region such as us-east-1"),
        ("commands", json!([]), "$.commands: found an empty list, expected a list that is not empty"),
        ("commands", json!("ls"), "$.commands: found \"ls\", expected a list that is not empty"),
        ("commands", json!(["ls", 5]), "$.commands[1]: found 5, expected a string"),
        ("commands", json!([" ", ""]), "$.commands: found only empty entries, expected a shell command"),
        (
            "commands",
            json!(["a\u{0}"]),
            "$.commands[0]: found a NUL character, expected text that a shell can take",
        ),
        ("bucket", json!("b-1"), "$.obj_key: missing beside bucket, expected the key of the output object"),
        ("obj_key", json!("k"), "$.bucket: missing beside obj_key, expected the bucket of the output object"),
        (
            check,
            json!("yes"),
            "$.run_options.ii_check_s3: found \"yes\", expected true or false or {bucket, key} or {bucket, prefix}",
        ),
        (
            check,
            json!({}),
            "$.run_options.ii_check_s3: found an empty object, expected true or false or {bucket, key} or {bucket, prefix}",
        ),
        (
            check,
            json!({"bucket": "b"}),
            "$.run_options.ii_check_s3: found {bucket}, expected true or false or {bucket, key} or {bucket, prefix}",
        ),
        (
            check,
            json!({"bucket": "b", "key": "k", "prefix": "p"}),
            "$.run_options.ii_check_s3: found {bucket, key, prefix}, expected true or false or {bucket, key} or {bucket, prefix}",
        ),
        (
            check,
            json!({"bucket": 1, "key": "k"}),
            "$.run_options.ii_check_s3.bucket: found 1, expected a string that is not empty",
        ),
        (
            check,
            json!({"bucket": "B", "key": "k"}),
            "$.run_options.ii_check_s3.bucket: found \"B\", expected the name of an S3 bucket, which has 3 to 63 characters",
        ),
        (
            check,
            json!({"bucket": "b-1", "prefix": "/"}),
            "$.run_options.ii_check_s3.prefix: found \"/\", expected an S3 key of 1 to 1024 bytes",
        ),
        (
            check,
            json!(true),
            "$.run_options.ii_check_s3: found true, but nothing says where the output will be; expected bucket and obj_key, \
             {bucket, key}, {bucket, prefix}, or --S3_BUCKET and --S3_PREFIX in the commands",
        ),
    ];
    assert_refused(table);
    assert_eq!(refused(&json!([])), "$: found an empty list, expected an object");
    assert_eq!(refused(&json!({"commands": ["ls"]})), "$.instance_parameters: missing, expected an object");
}

#[test]
fn a_launch_that_ec2_could_not_accept_is_refused_before_it_is_asked() {
    let table = [
        (
            "instance_parameters/KeyName",
            json!(""),
            "$.instance_parameters.KeyName: found \"\", expected a string that is not empty",
        ),
        (
            "instance_parameters/InstanceType",
            json!("large"),
            "$.instance_parameters.InstanceType: found \"large\", expected an instance type such as t4g.large",
        ),
        (
            "instance_parameters/UserData",
            json!("#!/bin/sh"),
            "$.instance_parameters.UserData: found \"#!/bin/sh\", expected Base64, as RunInstances takes it (base64 -w0 user-data.sh)",
        ),
        (
            "instance_parameters/InstanceMarketOptions",
            json!({}),
            "$.instance_parameters.InstanceMarketOptions.MarketType: missing, expected \"spot\"",
        ),
        (
            "instance_parameters/InstanceMarketOptions",
            json!({"MarketType": "capacity-block"}),
            "$.instance_parameters.InstanceMarketOptions.MarketType: found \"capacity-block\", expected \"spot\"",
        ),
        (
            "instance_parameters/BlockDeviceMappings",
            json!([{"Ebs": {"VolumeSize": 3_000_000_000_u32}}]),
            "$.instance_parameters.BlockDeviceMappings[0].Ebs.VolumeSize: found 3000000000, expected an integer from 1 to 65536",
        ),
        (
            "instance_parameters/TagSpecifications",
            json!([{"ResourceType": "disk", "Tags": []}]),
            "$.instance_parameters.TagSpecifications[0].ResourceType: found \"disk\", expected \"instance\" or \"volume\"",
        ),
        (
            "instance_parameters/TagSpecifications",
            json!([{"ResourceType": "volume", "Tags": [{"Key": "ec2-ops:attempt", "Value": "9"}]}]),
            "$.instance_parameters.TagSpecifications[0].Tags[0].Key: found \"ec2-ops:attempt\", expected a key that does not begin \
             with ec2-ops:, in whatever case",
        ),
        (
            "instance_parameters/TagSpecifications",
            json!([{"ResourceType": "volume", "Tags": [{"Key": "EC2-Ops:deployment", "Value": "x"}]}]),
            "$.instance_parameters.TagSpecifications[0].Tags[0].Key: found \"EC2-Ops:deployment\", expected a key that does not \
             begin with ec2-ops:, in whatever case",
        ),
        (
            "instance_parameters/TagSpecifications",
            json!([{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "x"}, {"Key": "Team", "Value": "x"}]}]),
            "$.instance_parameters.TagSpecifications[0].Tags[1].Key: found \"Team\", expected a key that differs from \"team\" \
             by more than case",
        ),
    ];
    assert_refused(table);
}

fn assert_refused<const N: usize>(table: [(&str, Value, &str); N]) {
    for (pointer, value, message) in table {
        assert_eq!(refused(&with(pointer, value)), message);
    }
}
