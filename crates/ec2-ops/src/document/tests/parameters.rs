//! What a document takes beside commands: variables, secrets, inputs, and several machines to choose from.

use serde_json::{Value, json};

use super::super::{Backoff, OneOrMore, Secret};
use super::{accepted, refused, with};
use crate::ids::{AttemptId, ExecutionId};
use crate::status::Status;

/// A document with the variable `VPU`, and an output under `key`.
fn with_output(key: &str, vpu: &str) -> Value {
    let mut document = with("variables", json!({ "VPU": vpu }));
    (document["bucket"], document["obj_key"]) = (json!("bucket"), json!(key));
    document
}

#[test]
fn a_variable_is_filled_in_wherever_something_else_than_a_shell_reads_it() {
    let mut document = with_output("daily/DAILY/${VPU}/$VPU.nc", "01");
    document["inputs"] =
        json!([{ "bucket": "in-$VPU", "key": "$VPU" }, { "bucket": "bucket", "prefix": "a/$VPU/" }]);
    document["instance_parameters"]["TagSpecifications"] = json!([{ "ResourceType": "instance", "Tags": [{ "Key": "Name", "Value": "vpu $VPU of $EC2_OPS_EXECUTION" }] }]);
    let job = accepted(&document);
    assert_eq!(job.output.unwrap().target.to_string(), "s3://bucket/daily/20260228/01/01.nc");
    let inputs = job.inputs.iter().map(|input| (input.target.to_string(), input.path.as_str()));
    let expected = [("s3://in-01/01", "$.inputs[0]"), ("s3://bucket/a/01/*", "$.inputs[1]")];
    assert_eq!(inputs.collect::<Vec<_>>(), expected.map(|(target, path)| (target.to_owned(), path)));
    assert_eq!(job.instance.tag_specifications.unwrap()[0].tags[0].value, "vpu 01 of execution");
    document["run_options"]["ii_check_s3"] = json!({ "bucket": "b-$VPU", "prefix": "out/$VPU" });
    assert_eq!(accepted(&document).output.unwrap().target.to_string(), "s3://b-01/out/01/*");
}

#[test]
fn the_value_of_a_variable_is_taken_as_it_is() {
    for value in ["DAILY", "$VPU", "${x}", "a'b\"c", "$(id)", "", "é🦀"] {
        let job = accepted(&with_output("k/$VPU", value));
        assert_eq!(job.output.unwrap().target.to_string(), format!("s3://bucket/k/{value}"));
        assert_eq!(job.variables["VPU"], value);
    }
}

#[test]
fn a_dollar_that_no_variable_explains_is_refused() {
    let not_one = |name: &str| format!("and {name:?} is not one of variables");
    for (key, reason) in [
        ("a/$VPUS", not_one("VPUS")),
        ("a/${VPUS}", not_one("VPUS")),
        ("a/${VPU:-x}", not_one("VPU:-x")),
        ("a/${VPU", "it has ${ without }".to_owned()),
        ("a/$(date)", "no shell fills in a $ here".to_owned()),
        ("a/$", "no shell fills in a $ here".to_owned()),
        ("$EC2_OPS_ATTEMPT", not_one("EC2_OPS_ATTEMPT")),
    ] {
        let message = refused(&with_output(key, "01"));
        assert!(message.starts_with("$.obj_key: found") && message.contains(&reason), "{key}: {message}");
    }
    assert!(accepted(&with_output("cost/5$/$1.nc", "01")).output.unwrap().target.covers("cost/5$/$1.nc"));
    let message = refused(&with("inputs", json!([{ "bucket": "bucket", "key": "$X" }])));
    assert_eq!(
        message,
        "$.inputs[0].key: found \"$X\", expected the S3 key of an input; no shell fills in a $ here, and \"X\" is not one of \
         variables: write the value"
    );
}

#[test]
fn a_name_that_the_shell_or_ec2_ops_sets_is_no_variable() {
    for section in ["variables", "secrets"] {
        for name in ["A", "_a1", "HOME", "AWS_REGION", "LD_LIBRARY_PATH"] {
            accepted(&with(section, json!({ name: "/x" })));
        }
        for name in
            ["PATH", "IFS", "UID", "SECONDS", "EC2_OPS_EXECUTION", "ec2_ops_piece", "EC2_OPS_X", "ec2_ops"]
        {
            let message = refused(&with(section, json!({ name: "/x" })));
            let expected = "expected another name: the shell or ec2-ops sets this one";
            assert_eq!(message, format!("$.{section}.{name}: {expected}"));
        }
        for name in ["", "1A", "A-B", "A B", "Ä", "A=B", "A\n"] {
            let message = refused(&with(section, json!({ name: "/x" })));
            assert!(message.contains("expected a name of letters, digits and _"), "{name}: {message}");
        }
    }
    let mut both = with("variables", json!({ "A": "1" }));
    both["secrets"] = json!({ "A": "/x" });
    assert_eq!(refused(&both), "$.secrets.A: found the name of a variable, expected another one");
    assert!(refused(&with("variables", json!({ "A": "a\0b" }))).starts_with("$.variables.A: found a NUL"));
    assert_eq!(refused(&with("variables", json!({ "A": 1 }))), "$.variables.A: found 1, expected a string");
}

#[test]
fn a_secret_is_a_parameter_or_the_arn_of_a_secret() {
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:my/token-AbCdEf";
    let job = accepted(&with("secrets", json!({ "TOKEN": "/my/token", "KEY": "key", "OTHER": arn })));
    assert_eq!(job.secrets["TOKEN"], Secret::Parameter("/my/token".to_owned()));
    assert_eq!(job.secrets["KEY"], Secret::Parameter("key".to_owned()));
    assert_eq!(job.secrets["OTHER"], Secret::SecretsManager(arn.to_owned()));
    for source in
        ["", "a b", "my/token", "/my//token", "/", "/a/", "arn:aws:s3:::b", "{{ssm:x}}", "$(id)", "'", "a:b"]
    {
        let message = refused(&with("secrets", json!({ "TOKEN": source })));
        assert!(message.starts_with("$.secrets.TOKEN: found"), "{source}: {message}");
        assert!(message.ends_with("or the ARN of a secret of Secrets Manager"), "{source}: {message}");
    }
}

#[test]
fn the_commands_know_their_execution_attempt_and_output() {
    let job = accepted(&with_output("k/$EC2_OPS_EXECUTION", "01"));
    let attempt = AttemptId { execution: ExecutionId::new("arn:aws:x:run-7"), attempt: 2 };
    let environment: Vec<_> = job.environment(&attempt).into_iter().collect();
    let expected = [
        ("EC2_OPS_ATTEMPT", "2"),
        ("EC2_OPS_EXECUTION", "run-7"),
        ("EC2_OPS_OUTPUT_BUCKET", "bucket"),
        ("EC2_OPS_OUTPUT_KEY", "k/execution"),
        ("VPU", "01"),
    ];
    assert_eq!(environment, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn the_row_of_a_fleet_is_known_to_its_commands_and_its_keys() {
    let mut document = with_output("k/$EC2_OPS_ROW/${EC2_OPS_ROW}.nc", "01");
    let message = refused(&document);
    assert!(message.contains("\"EC2_OPS_ROW\" is not one of variables"), "{message}");
    document["row"] = 17.into();
    let job = accepted(&document);
    assert_eq!(job.output.as_ref().unwrap().target.key(), "k/17/17.nc");
    let attempt = AttemptId { execution: ExecutionId::new("arn:aws:x:f-17-1"), attempt: 1 };
    assert_eq!(job.environment(&attempt)["EC2_OPS_ROW"], "17");
    document["row"] = (-1).into();
    assert!(refused(&document).starts_with("$.row: found -1"), "{}", refused(&document));
}

#[test]
fn a_type_and_a_subnet_may_be_lists() {
    let values = |job: &super::Job| job.instance.instance_type.as_slice().to_vec();
    let one = accepted(&with("instance_parameters/InstanceType", json!("m8g.large")));
    assert_eq!(values(&one), ["m8g.large"]);
    let mut document = with("instance_parameters/InstanceType", json!(["m8g.large", "m7g.large"]));
    document["instance_parameters"]["SubnetId"] = json!(["subnet-00000001", "subnet-00000002"]);
    let several = accepted(&document);
    assert_eq!(values(&several), ["m8g.large", "m7g.large"]);
    let subnets = several.instance.subnet_id.as_ref().map(OneOrMore::as_slice);
    assert_eq!(subnets, Some(&["subnet-00000001".to_owned(), "subnet-00000002".to_owned()][..]));
    let chosen = several.instance.choose("m7g.large", Some("subnet-00000002"));
    assert_eq!(
        (chosen.instance_type.as_str(), chosen.subnet_id.as_deref()),
        ("m7g.large", Some("subnet-00000002"))
    );
}

#[test]
fn a_list_of_candidates_has_each_once_and_not_too_many() {
    let types = |value: Value| refused(&with("instance_parameters/InstanceType", value));
    let expected = "expected a list of 1 to 10";
    assert_eq!(
        types(json!([])),
        format!("$.instance_parameters.InstanceType: found an empty list, {expected}")
    );
    assert_eq!(
        types(json!(["m8g.large", "large"])),
        "$.instance_parameters.InstanceType[1]: found \"large\", expected an instance type such as t4g.large"
    );
    assert_eq!(
        types(json!(["m8g.large", "m8g.large"])),
        "$.instance_parameters.InstanceType[1]: found \"m8g.large\" a second time, expected each once"
    );
    let many: Vec<_> = (0..11).map(|n| format!("m8g.{n}xlarge")).collect();
    assert_eq!(
        types(json!(many)),
        "$.instance_parameters.InstanceType: found a list of 11, expected a list of 1 to 10"
    );
    let message = refused(&with("instance_parameters/SubnetId", json!(["subnet-00000001", "sg-1"])));
    assert!(message.starts_with("$.instance_parameters.SubnetId[1]: found \"sg-1\""), "{message}");
}

#[test]
fn all_types_have_the_architecture_of_the_image() {
    let types = |value: Value| with("instance_parameters/InstanceType", value);
    assert_eq!(
        refused(&types(json!(["m8g.large", "t4g.large", "m7i.large"]))),
        "$.instance_parameters.InstanceType[2]: found \"m7i.large\", which is x86_64, expected a type that is arm64 like \
         \"m8g.large\""
    );
    let mut document = types(json!("c7a.large"));
    let parameter = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-";
    document["instance_parameters"]["ImageId"] = json!(format!("{parameter}arm64"));
    assert_eq!(
        refused(&document),
        "$.instance_parameters.InstanceType: found \"c7a.large\", which is x86_64, expected a type that is arm64 like the image"
    );
    document["instance_parameters"]["ImageId"] = json!(format!("{parameter}x86_64"));
    accepted(&document);
}

#[test]
fn an_image_may_be_named_by_a_parameter() {
    for image in [
        "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
        "resolve:ssm:golden-image",
        "resolve:ssm:/my/image:3",
        "resolve:ssm:/my/image:stable",
    ] {
        let job = accepted(&with("instance_parameters/ImageId", json!(image)));
        assert_eq!(job.instance.image_id, image);
    }
    for image in
        ["resolve:ssm:", "resolve:ssm:/a//b", "resolve:ssm:a b", "resolve:ssm:/a:", "resolve:ssm:/a:1:2"]
    {
        let message = refused(&with("instance_parameters/ImageId", json!(image)));
        assert!(message.ends_with("or resolve:ssm:NAME, perhaps with :VERSION or :LABEL"), "{message}");
    }
}

#[test]
fn an_image_and_a_type_that_do_not_run_linux_are_refused() {
    for (image, system) in [
        ("resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2025-English-Full-Base", "Windows"),
        ("resolve:ssm:/aws/service/ec2-macos/sequoia/arm64_mac/latest/image_id", "macOS"),
    ] {
        let message = refused(&with("instance_parameters/ImageId", json!(image)));
        assert!(message.starts_with("$.instance_parameters.ImageId: found \"resolve:"), "{message}");
        assert!(
            message.contains(&format!(", an image of {system}, expected one of Linux, such as resolve:")),
            "{message}"
        );
    }
    let refused = |types| refused(&with("instance_parameters/InstanceType", types));
    for name in ["mac1.metal", "mac2-m2pro.metal", "mac-m4.metal"] {
        let expected = format!(
            "$.instance_parameters.InstanceType: found {name:?}, which runs only macOS, expected a type for Linux, such as \
             t4g.large"
        );
        assert_eq!(refused(json!(name)), expected);
    }
    let message = refused(json!(["t4g.large", "mac2.metal"]));
    assert!(message.starts_with("$.instance_parameters.InstanceType[1]: found \"mac2.metal\""), "{message}");
}

#[test]
fn retries_and_waits_are_the_documents_if_it_names_them() {
    let options = json!({
        "n_retries_allowed": 2, "retry_on": ["SpotInterrupted", "CommandFailed"],
        "retry_backoff_base_s": 1800, "retry_backoff_rate": 1.5, "retry_backoff_max_s": 7200,
        "launch_timeout_s": 86400, "inputs_timeout_s": 604_800,
    });
    let job = accepted(&with("run_options", options));
    assert_eq!(job.retry_on, Some(vec![Status::SpotInterrupted, Status::CommandFailed]));
    assert_eq!(job.backoff, Backoff { base_s: Some(1800), rate: Some(1.5), max_s: Some(7200) });
    assert_eq!((job.launch_timeout_s, job.inputs_timeout_s), (Some(86_400), 604_800));
    let job = accepted(&with("run_options", json!({})));
    assert_eq!((job.retry_on, job.backoff), (None, Backoff::default()));
    assert_eq!((job.launch_timeout_s, job.inputs_timeout_s), (None, 0));
    for (status, message) in [
        ("Succeeded", "$.run_options.retry_on[0]: found Succeeded, after which no attempt can follow"),
        (
            "InvalidExecution",
            "$.run_options.retry_on[0]: found InvalidExecution, after which no attempt can follow",
        ),
    ] {
        assert_eq!(refused(&with("run_options/retry_on", json!([status]))), message);
    }
    let message = refused(&with("run_options/retry_on", json!(["CommandFaild"])));
    assert!(
        message.starts_with("$.run_options.retry_on[0]: found \"CommandFaild\", expected \"Succeeded\" or"),
        "{message}"
    );
    assert_eq!(
        refused(&with("run_options/retry_backoff_rate", json!(0.5))),
        "$.run_options.retry_backoff_rate: found 0.5, expected a number from 1 to 10"
    );
}
