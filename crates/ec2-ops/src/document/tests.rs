mod parameters;
mod refusals;
mod schema;

use serde_json::{Value, json};

use super::*;
use crate::execution::Execution;

fn minimal() -> Value {
    json!({
        "commands": ["true"],
        "run_options": { "ii_terminate_instance": false },
        "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
    })
}

/// The minimal document with `value` at `pointer`, whose sections are made as needed.
pub(super) fn with(pointer: &str, value: Value) -> Value {
    let mut document = minimal();
    let mut at = &mut document;
    for name in pointer.split('/') {
        at = &mut at[name];
    }
    *at = value;
    document
}

fn try_resolve(document: &Value) -> Result<Job, Problems> {
    let execution = Execution::rehearsal("2026-03-01T05:30:00Z".parse().unwrap());
    Job::resolve(document, &execution)
}

pub(super) fn accepted(document: &Value) -> Job {
    try_resolve(document).unwrap_or_else(|problems| panic!("{document} is refused: {problems}"))
}

fn refused(document: &Value) -> String {
    try_resolve(document).expect_err(&document.to_string()).to_string()
}

#[test]
fn the_smallest_document_gets_every_default() {
    let job = accepted(&minimal());
    assert_eq!((job.region, job.output), (None, None));
    assert_eq!((job.timeout_s, job.attempts_allowed, job.spot_first), (3600, 1, false));
    assert!(!job.on_end.terminate && !job.on_end.delete_volumes);
    assert_eq!(job.warnings, Vec::<String>::new());
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
        "$.run_options.timeout_s",
        "$.run_options.typo",
        "$.instance_parameters.InstanceType",
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
fn daily_between_underscores_is_a_date_for_which_an_unsuspecting_user_gets_a_warning() {
    let command = "runuser -l ec2-user -c 'F=grid_out_DAILY.parquet && [ -s \"$F\" ]'";
    let job =
        accepted(&with("commands", json!(["echo --s3_bucket b-1 --s3_prefix krig/run.DAILY", command])));
    assert_eq!(job.commands[1], command.replace("DAILY", "20260228"));
    assert_eq!(job.warnings, Vec::<String>::new());
    let job = accepted(&with("commands", json!([command])));
    assert_eq!(job.commands[0], command.replace("DAILY", "20260228"));
    assert!(job.warnings[0].starts_with("$.commands[0]: DAILY was replaced"), "{:?}", job.warnings);
    let mut kept = with("commands", json!(["echo $WORD", "export MY_DAILY"]));
    kept["variables"] = json!({ "WORD": "DAILY", "MY_DAILY": "1" });
    let job = accepted(&kept);
    assert_eq!((job.commands[1].as_str(), job.warnings), ("export MY_DAILY", Vec::new()));
}

#[test]
fn an_output_that_a_shell_variable_names_is_refused_where_it_would_be_checked() {
    let command = "run --S3_BUCKET b-1 --S3_PREFIX out/VPU_$VPU";
    accepted(&with("commands", json!([command])));
    let mut document = with("commands", json!([command]));
    document["run_options"]["ii_check_s3"] = json!(true);
    assert_eq!(
        refused(&document),
        "$.commands: found \"out/VPU_$VPU\", expected the S3 key of the output; no shell fills in a $ here, \
         and \"VPU\" is not one of variables: write the value, or set ii_check_s3 to false"
    );
}

#[test]
fn fields_that_only_older_documents_have_are_accepted_with_a_warning() {
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
    accepted(&with("$schema", json!("x".repeat(190 * 1024))));
    let message = refused(&with("$schema", json!("x".repeat(300 * 1024))));
    assert!(message.starts_with("$: found 307"), "{message}");
    assert!(message.ends_with(" bytes of JSON, expected at most 196608"), "{message}");
}

#[test]
fn commands_that_ssm_would_not_take_or_would_change_are_refused() {
    let long = refused(&with("commands", json!(["true", "x".repeat(64 * 1024)])));
    assert!(long.starts_with("$.commands: found 7"), "{long}");
    let reference = refused(&with("commands", json!(["true", "echo {{ssm:/prod/db/user}}"])));
    assert!(reference.starts_with("$.commands[1]: found {{ssm:/prod/db/user}}, "), "{reference}");
    let reference = refused(&with("variables", json!({ "USER_NAME": "{{ ssm:/prod/db/user }}" })));
    assert!(reference.starts_with("$.variables.USER_NAME: found {{ ssm:/prod/db/user }}, "), "{reference}");
    let missing = refused(&with("commands", json!(["#!", "true"])));
    assert!(missing.starts_with("$.commands[0]: found #! without a program, "), "{missing}");
}

#[test]
fn line_ends_of_windows_become_those_of_the_shell() {
    let job =
        accepted(&with("commands", json!(["echo a\r", "if true; then\r\necho b\r\nfi\r", "printf 'a\rb'"])));
    assert_eq!(job.commands, ["echo a", "if true; then\necho b\nfi", "printf 'a\rb'"]);
    let warned = |i: u32| format!("$.commands[{i}]: its line ends of Windows are replaced by line feeds");
    assert_eq!(job.warnings, [warned(0), warned(1)]);
}

#[test]
fn commands_that_may_not_mean_what_they_say_are_warned_of() {
    let job = accepted(&with("commands", json!(["[[ -e x ]]", "make | tee log"])));
    let paths: Vec<_> = job.warnings.iter().map(|warning| warning.split(',').next().unwrap()).collect();
    assert_eq!(paths, ["$.commands[0]: found [[", "$.commands[1]: found a pipe into tee"]);
}

#[test]
fn the_deepest_json_that_can_be_read_is_refused_without_overflowing_the_stack() {
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let message = refused(&with("instance_parameters/KeyName", serde_json::from_str(&deep).unwrap()));
    assert_eq!(
        message,
        "$.instance_parameters.KeyName: found a list of 1, expected a string that is not empty"
    );
    assert!(refused(&with("typo", serde_json::from_str(&deep).unwrap())).starts_with("$.typo: unknown name"));
}

#[test]
fn long_texts_and_names_are_cut_in_messages() {
    let document = with("region", json!("é".repeat(500)));
    assert!(refused(&document).len() < 250, "{}", refused(&document));
    let name = "run_options/\u{1F980} \"quoted\"";
    assert!(refused(&with(name, json!(1))).starts_with(r#"$.run_options["🦀 \"quoted\""]: unknown name"#));
}
