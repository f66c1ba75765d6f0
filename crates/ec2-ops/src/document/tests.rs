use proptest::prelude::*;
use serde_json::{Value, json};

use super::schema::{resolve, variants};
use super::*;

fn minimal() -> Value {
    json!({
        "commands": ["true"],
        "run_options": {},
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    })
}

/// The minimal document with `value` at `pointer`, whose sections are made as needed.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = minimal();
    let mut at = &mut document;
    for name in pointer.split('/') {
        at = &mut at[name];
    }
    *at = value;
    document
}

fn try_resolve(document: &Value) -> Result<Job, Problems> {
    Job::resolve(document, "2026-03-01T05:30:00Z".parse().unwrap())
}

fn accepted(document: &Value) -> Job {
    try_resolve(document).unwrap_or_else(|problems| panic!("{document} is refused: {problems}"))
}

fn refused(document: &Value) -> String {
    try_resolve(document).expect_err(&document.to_string()).to_string()
}

#[test]
fn the_smallest_document_gets_every_default() {
    let job = accepted(&minimal());
    assert_eq!((job.region, job.output, job.fail_execution), (None, None, None));
    assert_eq!((job.timeout_s, job.attempts_allowed, job.spot_first), (3600, 1, false));
    assert!(!job.on_end.terminate && !job.on_end.delete_volumes);
    assert_eq!(job.warnings, Vec::<String>::new());
}

#[test]
fn an_unknown_name_gets_advice() {
    for (pointer, advice) in [
        ("run_options/ii_chek_s3", "did you mean ii_check_s3?"),
        ("run_options/II_CHECK_S3", "did you mean ii_check_s3?"),
        ("run_options/timeout", "did you mean timeout_s?"),
        ("run_options/n_retries", "did you mean n_retries_allowed?"),
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
        ("prefix", "it belongs in $.run_options.ii_check_s3"),
        ("instance_parameters/VolumeSize", "it belongs in $.instance_parameters.BlockDeviceMappings[].Ebs"),
        ("instance_parameters/HttpTokens", "it belongs in $.instance_parameters.MetadataOptions"),
        ("instance_parameters/ClientToken", "every launch sets it by itself"),
        ("instance_parameters/DisableApiTermination", "could keep the instance from being ended"),
        (
            "comment",
            "expected one of bucket, commands, datastream_command_options, instance_parameters, obj_key, region, run_options",
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
    for (pointer, value, message) in [
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
            "$.run_options.ii_check_s3.bucket: found \"B\", expected the name of an S3 bucket",
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
             with ec2-ops: or aws:",
        ),
        (
            "datastream_command_options",
            json!({}),
            "$.datastream_command_options.start_time: missing, expected a string that is not empty; …",
        ),
    ] {
        let found = refused(&with(pointer, value));
        match message.strip_suffix('…') {
            Some(beginning) => assert!(found.starts_with(beginning), "{found}"),
            None => assert_eq!(found, message),
        }
    }
    assert_eq!(refused(&json!([])), "$: found an empty list, expected an object");
    assert_eq!(refused(&json!({"commands": ["ls"]})), "$.instance_parameters: missing, expected an object");
}

#[test]
fn every_problem_is_reported_once() {
    let document = json!({
        "commands": [1],
        "run_options": { "timeout_s": 1, "typo": 2 },
        "instance_parameters": { "ImageId": "ami-1" },
    });
    let problems = try_resolve(&document).unwrap_err().0;
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "$.commands[0]",
        "$.instance_parameters.InstanceType",
        "$.run_options.timeout_s",
        "$.run_options.typo",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn the_output_comes_from_the_most_explicit_place() {
    let target = |document: &Value| accepted(document).output.map(|output| output.target.to_string());
    let mut document = minimal();
    document["commands"] = json!(["run --S3_BUCKET from-commands --S3_PREFIX p"]);
    assert_eq!(target(&document), None);
    document["run_options"]["ii_check_s3"] = json!(true);
    assert_eq!(target(&document).unwrap(), "s3://from-commands/p/*");
    (document["bucket"], document["obj_key"]) = (json!("from-fields"), json!("k/DAILY"));
    assert_eq!(target(&document).unwrap(), "s3://from-fields/k/20260228");
    document["run_options"]["ii_check_s3"] = json!({"bucket": "explicit", "prefix": "p/DAILY/"});
    assert_eq!(target(&document).unwrap(), "s3://explicit/p/20260228/*");
    assert_eq!(accepted(&document).warnings.len(), 1);
    document["run_options"]["ii_check_s3"] = json!(false);
    assert_eq!(target(&document), None);
    document["run_options"] = json!({});
    assert_eq!(target(&document).unwrap(), "s3://from-fields/k/20260228");
}

#[test]
fn an_output_that_a_shell_variable_names_is_refused_where_it_would_be_checked() {
    let command = "run --S3_BUCKET b-1 --S3_PREFIX out/VPU_$VPU";
    accepted(&with("commands", json!([command])));
    let mut document = with("commands", json!([command]));
    document["run_options"]["ii_check_s3"] = json!(true);
    assert_eq!(
        refused(&document),
        "$.commands: found \"out/VPU_$VPU\", expected the S3 key of the output; no shell fills in a $ here: write the value, \
         or set ii_check_s3 to false"
    );
}

#[test]
fn what_older_documents_carry_is_accepted_with_a_warning() {
    for (pointer, value, warning) in [
        ("t0", json!(1_755_032_858.8), "$.t0: found 1755032858.8, not read: left over from an earlier run"),
        ("retry_attempt", json!(0), "$.retry_attempt: found 0, not read: left over from an earlier run"),
        (
            "run_options/check_s3",
            json!(true),
            "$.run_options.check_s3: found true, not read: ii_check_s3 decides",
        ),
        (
            "instance_parameters/MinCount",
            json!(5),
            "$.instance_parameters.MinCount: found 5, not read: it is always one instance",
        ),
        (
            "run_options/ii_detach_volume",
            json!(true),
            "$.run_options.ii_detach_volume: the old name of ii_delete_volume",
        ),
    ] {
        assert_eq!(accepted(&with(pointer, value)).warnings, [warning]);
    }
    assert!(accepted(&with("run_options/ii_detach_volume", json!(true))).on_end.delete_volumes);
}

#[test]
fn an_old_name_beside_the_new_one_must_agree_with_it() {
    let both =
        |old: bool, new: bool| with("run_options", json!({"ii_detach_volume": old, "ii_delete_volume": new}));
    assert!(accepted(&both(true, true)).on_end.delete_volumes);
    assert_eq!(
        refused(&both(false, true)),
        "$.run_options.ii_detach_volume: found false beside ii_delete_volume, its new name, which is true"
    );
    let message = refused(&with("run_options/ii_detach_volume", json!("x")));
    assert_eq!(message, "$.run_options.ii_detach_volume: found \"x\", expected true or false");
}

#[test]
fn commands_arrive_as_they_were_written() {
    let odd = [
        "echo 'it''s' \"$HOME\" `x` \\n ç 🦀\t\u{feff}",
        "",
        "if true; then\n  echo \"--S3_PREFIX='a b'\"\nfi",
    ];
    assert_eq!(accepted(&with("commands", json!(odd))).commands, odd);
}

#[test]
fn the_values_of_the_older_form_cannot_leave_their_quotes() {
    let mut options = json!({
        "start_time": "a", "end_time": "b", "forcing_source": "c", "subset_id": "d", "subset_id_type": "e",
        "hydrofabric_version": "f", "realization": "$(pwd)/g", "nprocs": "4",
    });
    let document = |options: &Value| {
        let mut document = with("datastream_command_options", options.clone());
        document.as_object_mut().unwrap().remove("commands");
        document
    };
    assert_eq!(accepted(&document(&options)).commands.len(), 1);
    options["s3_bucket"] = json!("b-1");
    assert_eq!(
        refused(&document(&options)),
        "$.datastream_command_options.s3_prefix: missing beside s3_bucket, expected both or none"
    );
    options["s3_prefix"] = json!("'; reboot; '");
    let message = refused(&document(&options));
    assert!(message.ends_with("expected a value for the command line, without a single quote"), "{message}");
}

#[test]
fn a_document_that_leaves_no_room_for_its_record_is_refused_by_its_size() {
    accepted(&with("commands", json!(["x".repeat(190 * 1024)])));
    let message = refused(&with("commands", json!(["x".repeat(300 * 1024)])));
    assert!(message.starts_with("$: found 307"), "{message}");
    assert!(message.ends_with(" bytes of JSON, expected at most 196608"), "{message}");
}

#[test]
fn the_deepest_json_that_can_be_read_is_refused_without_overflowing_the_stack() {
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let message = refused(&with("instance_parameters/KeyName", serde_json::from_str(&deep).unwrap()));
    assert_eq!(message, "$.instance_parameters.KeyName: found a list, expected a string that is not empty");
    assert!(refused(&with("typo", serde_json::from_str(&deep).unwrap())).starts_with("$.typo: unknown name"));
}

#[test]
fn long_texts_and_names_are_cut_in_messages() {
    let document = with("region", json!("é".repeat(500)));
    assert!(refused(&document).len() < 250, "{}", refused(&document));
    let name = "run_options/\u{1F980} \"quoted\"";
    assert!(refused(&with(name, json!(1))).starts_with(r#"$.run_options["🦀 \"quoted\""]: unknown name"#));
}

/// Every schema within `schema`, itself included.
fn subschemas(schema: &'static Value) -> Vec<&'static Value> {
    let mut all = vec![schema];
    for section in ["properties", "$defs"] {
        all.extend(
            schema[section].as_object().into_iter().flatten().flat_map(|(_, schema)| subschemas(schema)),
        );
    }
    all.extend(variants(schema).into_iter().flatten().flat_map(subschemas));
    all.extend(schema.get("items").into_iter().flat_map(subschemas));
    all
}

#[test]
fn the_validation_reads_every_keyword_that_the_schema_has() {
    let checked = [
        "type",
        "properties",
        "required",
        "items",
        "minItems",
        "minLength",
        "minimum",
        "maximum",
        "const",
        "anyOf",
        "oneOf",
        "$ref",
    ];
    let for_people = ["$schema", "$id", "$defs", "title", "description", "default", "deprecated", "format"];
    for schema in subschemas(json_schema()) {
        for (keyword, value) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "additionalProperties" => assert_eq!(value, false, "{schema}"),
                "type" => assert!(value.is_string(), "one type only: {schema}"),
                "items" => assert!(value.is_object(), "{schema}"),
                "$ref" => assert!(resolve(schema).is_object(), "{schema}"),
                keyword => assert!(
                    checked.contains(&keyword) || for_people.contains(&keyword),
                    "{keyword} in {schema}"
                ),
            }
        }
        match schema["type"].as_str() {
            // Or a number could pass the schema that its field cannot hold.
            Some("integer") => assert!(schema["minimum"].is_i64() && schema["maximum"].is_i64(), "{schema}"),
            Some("object") => assert_eq!(schema["additionalProperties"], false, "{schema}"),
            _ => {}
        }
    }
}

#[test]
fn every_field_is_described() {
    for schema in subschemas(json_schema()) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].as_str().is_some_and(|text| text.len() > 3), "{name}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-9..200_000_i64).prop_map(Value::from),
        "[a-z0-9.$ -]{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(any_name(), inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A name that some part of the document knows, or not quite.
fn any_name() -> impl Strategy<Value = String> {
    let known = subschemas(json_schema())
        .into_iter()
        .flat_map(|schema| schema["properties"].as_object().into_iter().flatten());
    let known: Vec<_> = known.map(|(name, _)| name.clone()).collect();
    prop_oneof![4 => prop::sample::select(known), 1 => "[a-zA-Z_ ]{0,9}"]
}

proptest! {
    #[test]
    fn what_passes_the_schema_can_be_read(section in 0..3_usize, name in any_name(), value in any_json()) {
        let section = ["", "run_options/", "instance_parameters/"][section];
        if let Err(Problems(problems)) = try_resolve(&with(&format!("{section}{name}"), value)) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.path.starts_with("$.") || problem.path.starts_with("$["), "{problem}");
            }
        }
    }
}
