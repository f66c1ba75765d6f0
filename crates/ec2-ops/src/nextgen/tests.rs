use std::iter;

use proptest::prelude::*;

use super::*;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn one(command: &str, time: &str) -> String {
    resolve_daily(&[command.to_owned()], iter::empty(), at(time)).remove(0)
}

fn run(source: &str, time: &str) -> String {
    let resolved = one(&format!("run --FORCING_SOURCE {source} --S3_PREFIX DAILY"), time);
    resolved.rsplit_once(' ').unwrap().1.to_owned()
}

#[test]
fn without_a_forcing_source_the_date_is_always_yesterday() {
    for (time, date) in [
        ("2026-03-01T00:00:00Z", "20260228"),
        ("2026-03-01T23:59:59Z", "20260228"),
        ("2024-03-01T12:00:00Z", "20240229"),
        ("2026-01-01T12:00:00Z", "20251231"),
        // The clocks of Europe and America change on these days; the date does not notice.
        ("2026-03-29T01:30:00Z", "20260328"),
        ("2026-11-01T06:30:00Z", "20261031"),
    ] {
        assert_eq!(one("stream.sh -s DAILY", time), format!("stream.sh -s {date}"), "{time}");
    }
}

#[test]
fn before_its_hour_a_cycle_is_yesterdays_and_from_it_on_todays() {
    for (source, hour) in [
        ("NWM_V3_SHORT_RANGE_06", 6),
        ("NWM_V3_SHORT_RANGE_23", 23),
        ("NWM_V3_CHRTOUT_SHORT_RANGE_05", 5),
        ("NWM_V3_ANALYSIS_ASSIM_RESTART_CHRT_09", 9),
        ("NWM_V3_ANALYSIS_ASSIM_EXTEND", 16),
        ("NWM_V3_ANALYSIS_ASSIM_EXTEND_05", 16),
        ("NWM_RETRO_V3", 16),
        ("NWM_V3_MEDIUM_RANGE_12_1", 12),
        ("NWM_V3_MEDIUM_RANGE_18_7", 18),
        // No cycle in the name: as for any other source. No member: the first.
        ("NWM_V3_SHORT_RANGE", 16),
        ("NWM_V3_SHORT_RANGE_24", 16),
        ("NWM_V3_SHORT_RANGE_$INIT", 16),
        ("NWM_V3_MEDIUM_RANGE", 16),
        ("NWM_V3_MEDIUM_RANGE_06", 6),
        ("NWM_V3_$RUN_TYPE_H_$INIT_$MEMBER", 16),
    ] {
        let before = format!("2026-03-01T{:02}:59:59Z", hour - 1);
        let from = format!("2026-03-01T{hour:02}:00:00Z");
        assert_eq!(run(source, &before), "20260228", "{source} at {before}");
        assert_eq!(run(source, &from), "20260301", "{source} at {from}");
    }
    assert_eq!(run("NWM_V3_SHORT_RANGE_00", "2026-03-01T00:00:00Z"), "20260301");
}

#[test]
fn a_forcing_source_leaves_daily_to_the_program_except_in_the_prefix_and_the_forcing_path() {
    let command = "run -s DAILY -F s3://b/ngen.DAILY/f.nc --FORCING_SOURCE NWM_V3_SHORT_RANGE_00 -t s3://b/r_DAILY_00.nc \
                   --S3_BUCKET b --S3_PREFIX out/ngen.DAILY/x_DAILY";
    let expected = "run -s DAILY -F s3://b/ngen.20260301/f.nc --FORCING_SOURCE NWM_V3_SHORT_RANGE_00 -t s3://b/r_DAILY_00.nc \
                    --S3_BUCKET b --S3_PREFIX out/ngen.20260301/x_20260301";
    assert_eq!(one(command, "2026-03-01T05:00:00Z"), expected);
}

#[test]
fn only_whole_words_are_replaced() {
    for (text, expected) in [
        ("DAILY", "20260228"),
        ("ngen.DAILY/x", "ngen.20260228/x"),
        ("\"DAILY\" 'DAILY' (DAILY) DAILY;", "\"20260228\" '20260228' (20260228) 20260228;"),
        ("s=DAILY,DAILY", "s=20260228,20260228"),
        ("XDAILY DAILYX DAILY1 9DAILY éDAILY", "XDAILY DAILYX DAILY1 9DAILY éDAILY"),
        ("grid_out_DAILY.parquet DAILY_00.nc", "grid_out_20260228.parquet 20260228_00.nc"),
        ("F=grid_out_DAILY.parquet", "F=grid_out_20260228.parquet"),
        ("s3://b/dt_DAILY=1/x", "s3://b/dt_20260228=1/x"),
        ("DAILYDAILY DAILYDAILYDAILY", "DAILYDAILY DAILYDAILYDAILY"),
        ("DAILYDAILY.DAILY", "DAILYDAILY.20260228"),
        ("DAILY.DAILYDAILY", "20260228.DAILYDAILY"),
        ("daily Daily", "daily Daily"),
    ] {
        assert_eq!(one(text, "2026-03-01T05:00:00Z"), expected);
    }
}

#[test]
fn the_name_of_a_variable_has_no_date() {
    for text in [
        "DAILY_LIMIT=5",
        "DAILY=today",
        "PATHS_DAILY+=:/x",
        "(MY_DAILY=1; x)",
        "bash -c 'DAILY_LIMIT=5 x'",
        "echo $DAILY_X ${MY_DAILY} ${#DAILY_X} ${MY_DAILY:-1} \"$DAILY\"",
        "cp --S3_PREFIX out/$DAILY_DIR/x",
        "export DAILY_LIMIT; DAILY_LIMIT=5",
        "read -r A_DAILY B; echo $A_DAILY",
        "python -c 'import os; os.environ[\"MY_DAILY\"]'; echo $MY_DAILY",
    ] {
        assert_eq!(one(text, "2026-03-01T05:00:00Z"), text);
    }
    let mixed = "MY_DAILY=/x/run_DAILY; stream -s DAILY -o $MY_DAILY/DAILY; DAILY=$(x)";
    let expected = "MY_DAILY=/x/run_20260228; stream -s 20260228 -o $MY_DAILY/20260228; DAILY=$(x)";
    assert_eq!(one(mixed, "2026-03-01T05:00:00Z"), expected);
    // Set in one entry, or by the document, and exported in another one.
    let commands = ["export A_DAILY", "x A_DAILY B_DAILY C_DAILY", "A_DAILY=1"].map(str::to_owned);
    let resolved = resolve_daily(&commands, iter::once("B_DAILY"), at("2026-03-01T05:00:00Z"));
    assert_eq!(resolved, ["export A_DAILY", "x A_DAILY B_DAILY C_20260228", "A_DAILY=1"]);
}

#[test]
fn a_date_in_commands_that_have_nothing_of_nextgen_is_a_surprise() {
    let warned = |text: &str| {
        let commands = ["true".to_owned(), text.to_owned()];
        let resolved = resolve_daily(&commands, iter::empty(), at("2026-03-01T05:00:00Z"));
        surprise(&commands, &resolved)
    };
    let warning = warned("tar cf DAILY_backup.tar .").unwrap();
    assert!(
        warning.starts_with("$.commands[1]: DAILY was replaced") && warning.contains("$WORD"),
        "{warning}"
    );
    for text in [
        "echo x",
        "echo $DAILY_X",
        "ngen DAILY",
        "cd NextGen; run DAILY",
        "x --s3_prefix a --s3_bucket b DAILY",
    ] {
        assert_eq!(warned(text), None, "{text}");
    }
}

#[test]
fn a_later_member_starts_from_an_earlier_cycle() {
    for (source, time, expected) in [
        ("12_1", "2026-03-01T13:00:00Z", "20260301/f/12/n.t12z"),
        ("12_2", "2026-03-01T13:00:00Z", "20260301/f/06/n.t06z"),
        ("12_3", "2026-03-01T13:00:00Z", "20260301/f/00/n.t00z"),
        ("12_4", "2026-03-01T13:00:00Z", "20260228/f/18/n.t18z"),
        ("12_5", "2026-03-01T13:00:00Z", "20260228/f/12/n.t12z"),
        ("12_6", "2026-03-01T13:00:00Z", "20260228/f/06/n.t06z"),
        ("12_7", "2026-03-01T13:00:00Z", "20260228/f/00/n.t00z"),
        ("12_2", "2026-03-01T11:00:00Z", "20260228/f/06/n.t06z"),
        ("00_2", "2024-03-01T00:00:00Z", "20240229/f/18/n.t18z"),
        ("00_7", "2026-01-02T00:00:00Z", "20251231/f/12/n.t12z"),
        ("00_0", "2026-03-01T00:00:00Z", "20260301/f/00/n.t00z"),
    ] {
        let hour = &source[..2];
        let command = format!(
            "run -F s3://b/ngen.DAILY/f/{hour}/n.t{hour}z --FORCING_SOURCE NWM_V3_MEDIUM_RANGE_{source}"
        );
        let expected = format!("run -F s3://b/ngen.{expected} --FORCING_SOURCE NWM_V3_MEDIUM_RANGE_{source}");
        assert_eq!(one(&command, time), expected, "{source} at {time}");
    }
}

#[test]
fn a_later_member_shifts_the_hour_that_its_path_names_and_a_path_without_one_keeps_its_date() {
    let source = "--FORCING_SOURCE NWM_V3_MEDIUM_RANGE_12_4";
    for (path, expected) in [
        ("b/ngen.DAILY/n.t00z.nc", "b/ngen.20260228/n.t06z.nc"),
        ("b/ngen.DAILY/00/n.nc", "b/ngen.20260228/06/n.nc"),
        ("b/ngen.DAILY/18/n.t18z.nc", "b/ngen.20260301/00/n.t00z.nc"),
        ("b/ngen.DAILY/n.nc", "b/ngen.20260301/n.nc"),
        ("b/ngen.20250101/12/n.t12z.nc", "b/ngen.20250101/18/n.t18z.nc"),
    ] {
        let done = one(&format!("run -F {path} {source} --S3_PREFIX o/DAILY"), "2026-03-01T13:00:00Z");
        assert_eq!(done, format!("run -F {expected} {source} --S3_PREFIX o/20260301"));
    }
}

#[test]
fn a_small_f_is_not_the_forcing_option() {
    for command in [
        "rm -f s3/DAILY.nc && run --FORCING_SOURCE NWM_V3_SHORT_RANGE_00",
        "ls -F; cat x/DAILY; run --FORCING_SOURCE NWM_V3_SHORT_RANGE_00",
        "ls -F | grep DAILY && run --FORCING_SOURCE NWM_V3_SHORT_RANGE_00",
        "ls -F\ncat DAILY --FORCING_SOURCE NWM_V3_SHORT_RANGE_00",
        "run --F DAILY -FF DAILY -F --S DAILY --FORCING_SOURCE NWM_V3_SHORT_RANGE_00",
    ] {
        assert_eq!(one(command, "2026-03-01T05:00:00Z"), command);
    }
}

#[test]
fn the_output_is_read_from_the_commands_however_they_are_quoted() {
    for (command, bucket, prefix) in [
        ("run --S3_BUCKET b --S3_PREFIX a/p", "b", "a/p"),
        ("run --s3_bucket b --S3_Prefix a/p", "b", "a/p"),
        ("run --S3_BUCKET=b --s3_prefix=a/p", "b", "a/p"),
        ("run --S3_BUCKET='b' --S3_PREFIX=\"a/p\"", "b", "a/p"),
        ("run --S3_BUCKET 'b' --S3_PREFIX \"a/p\"", "b", "a/p"),
        ("runuser -l u -c 'run --S3_BUCKET b --S3_PREFIX a/p'", "b", "a/p"),
        ("bash -c \"run --S3_BUCKET b --S3_PREFIX a/p\"", "b", "a/p"),
        ("bash -c \"run --S3_BUCKET \\\"b\\\" --S3_PREFIX \\\"a/p\\\"\"", "b", "a/p"),
        ("bash -c 'run --S3_BUCKET '\\''b'\\'' --S3_PREFIX '\\''a/p'\\'''", "b", "a/p"),
        ("docker run --rm -v /a:/b x python3 c.py --s3_bucket b --s3_prefix a/p", "b", "a/p"),
        ("(run --S3_BUCKET b --S3_PREFIX a/p); echo", "b", "a/p"),
        ("run --S3_BUCKET b --S3_PREFIX a/p>log", "b", "a/p"),
        ("run --S3_BUCKET b \\\n  --S3_PREFIX \\\n  a/p", "b", "a/p"),
        ("echo \"--s3_bucket b --s3_prefix a/p --forcing_source X\" > /dev/null", "b", "a/p"),
        ("run --S3_BUCKET b --S3_PREFIX 'a b/p' x", "b", "a b/p"),
        ("bash -c \"run --S3_BUCKET b --S3_PREFIX \\\"a b/p\\\"\"", "b", "a b/p"),
        ("run --S3_BUCKET old --S3_PREFIX old && run --S3_BUCKET b --S3_PREFIX a/p", "b", "a/p"),
        ("run --S3_PREFIX é/p --S3_BUCKET b", "b", "é/p"),
    ] {
        let expected = OutputTarget::Prefix { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        assert_eq!(output_of_commands(&[command.to_owned()]), Some(expected), "{command}");
    }
}

#[test]
fn the_last_of_several_commands_says_where_the_output_is_and_which_cycle_counts() {
    let commands = [
        "fp --forcing_source NWM_V3_SHORT_RANGE_20 --s3_bucket one --s3_prefix DAILY/one",
        "run --FORCING_SOURCE NWM_V3_SHORT_RANGE_00 --S3_BUCKET two --S3_PREFIX DAILY/two",
        "echo DAILY",
    ]
    .map(str::to_owned);
    let started = at("2026-03-01T05:00:00Z");
    let resolved = resolve_daily(&commands, iter::empty(), started);
    assert!(resolved[0].ends_with("20260301/one") && resolved[1].ends_with("20260301/two"), "{resolved:?}");
    assert_eq!(resolved[2], "echo DAILY");
    let target = output_of_commands(&resolved).unwrap();
    assert_eq!(target.to_string(), "s3://two/20260301/two/*");
}

/// Each program uploads something below its prefix even if its run failed.
#[test]
fn a_program_of_nextgen_is_done_when_its_last_object_exists() {
    let below = |prefix: &str| OutputTarget::Prefix { bucket: "b".to_owned(), prefix: prefix.to_owned() };
    for (command, output) in [
        ("runuser -l u -c '/home/u/datastreamcli/scripts/datastream -s DAILY'", "s3://b/p/ngen-run.tar.gz"),
        (
            "docker run awiciroh/forcingprocessor:latest c.py",
            "s3://b/p/metadata/forcings_metadata/metadata.csv",
        ),
        ("sh scripts/datastreamer x", "s3://b/p/*"),
        ("sh datastream -s DAILY", "s3://b/p/*"),
    ] {
        for prefix in ["p", "p/"] {
            assert_eq!(last_object(below(prefix), &[command.to_owned()]).to_string(), output, "{command}");
        }
    }
}

#[test]
fn half_an_output_is_none() {
    for command in [
        "run",
        "run --S3_BUCKET b",
        "run --S3_PREFIX p",
        "run --S3_BUCKET --S3_PREFIX p",
        "run --S3_BUCKET b --S3_PREFIX",
        "run --S3_BUCKET b --S3_PREFIX; echo p",
        "run --S3_BUCKETS b --S3_PREFIXES p",
        "run -S3_BUCKET b S3_PREFIX p",
    ] {
        assert_eq!(output_of_commands(&[command.to_owned()]), None, "{command}");
    }
}

#[test]
fn the_older_form_becomes_one_command() {
    let text = |text: &str| text.to_owned();
    let mut options = DatastreamCommandOptions {
        start_time: text("202006200100"),
        end_time: text("202006210000"),
        forcing_source: text("NWM_RETRO_V3"),
        subset_id: text("Gages-09106150"),
        subset_id_type: text("hl"),
        hydrofabric_version: text("2.1.1"),
        realization: text("$(pwd)/configs/r.json"),
        nprocs: text("4"),
        s3_bucket: Some(text("my-bucket")),
        s3_prefix: Some(text("test_directory")),
    };
    let command = "runuser -l ec2-user -c 'cd /home/ec2-user/datastream && ./scripts/datastream -s 202006200100 \
                   -e 202006210000 -C NWM_RETRO_V3 -I Gages-09106150 -i hl -v 2.1.1 -d $(pwd)/data/datastream \
                   -R $(pwd)/configs/r.json -n 4";
    assert_eq!(options.command(), format!("{command} -S my-bucket -o test_directory'"));
    (options.s3_bucket, options.s3_prefix) = (None, None);
    assert_eq!(options.command(), format!("{command}'"));
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (1_600_000_000_i64..2_000_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

proptest! {
    #[test]
    fn a_command_without_a_date_is_left_as_it_is(command in "[ -~é\n]{0,80}", started in any_time()) {
        prop_assume!(!command.contains(DAILY) && !command.contains("MEDIUM_RANGE"));
        prop_assert_eq!(resolve_daily(std::slice::from_ref(&command), iter::empty(), started), [command]);
    }

    #[test]
    fn options_are_found_wherever_they_stand(before in "[a-z '\"(;]{0,20}", bucket in "[a-z]{3,9}", prefix in "[a-zA-Z0-9/._]{1,20}",
                                             after in "(['\";|)>&` ][ -~]{0,20})?") {
        prop_assume!(!after.contains("--"));
        let command = format!("{before} --S3_BUCKET {bucket} --S3_PREFIX {prefix}{after}");
        prop_assert_eq!(output_of_commands(&[command]), Some(OutputTarget::Prefix { bucket, prefix }));
    }

    #[test]
    fn nothing_panics_on_any_text(command in "(--S3_PREFIX|--FORCING_SOURCE|MEDIUM_RANGE_12_3|-F|DAILY|['\"\\\\=; \n/]|t00z|é|[a-z]){0,30}",
                                  started in any_time()) {
        let resolved = resolve_daily(&[command], iter::empty(), started);
        output_of_commands(&resolved);
    }

    #[test]
    fn resolving_twice_is_resolving_once_except_for_the_hours_of_members(prefix in "[a-z/._]{0,9}DAILY[a-z/._]{0,9}", hour in 0..24,
                                                                         started in any_time()) {
        let command = format!("run -F {prefix} --FORCING_SOURCE NWM_V3_SHORT_RANGE_{hour:02} --S3_PREFIX {prefix}");
        let once = resolve_daily(&[command], iter::empty(), started);
        prop_assert_eq!(resolve_daily(&once, iter::empty(), started), once);
    }

    #[test]
    fn the_target_has_the_date_of_the_commands(hour in 0..24_i8, member in 1..8_u8, kind in 0..4_usize, started in any_time()) {
        let source = [
            format!("--FORCING_SOURCE NWM_V3_SHORT_RANGE_{hour:02}"),
            format!("--FORCING_SOURCE NWM_V3_MEDIUM_RANGE_{hour:02}_{member}"),
            "--FORCING_SOURCE NWM_V3_ANALYSIS_ASSIM_EXTEND".to_owned(),
            String::new(),
        ][kind].clone();
        let commands = [format!("run {source} --S3_BUCKET b --S3_PREFIX a/ngen.DAILY/x")];
        let target = OutputTarget::Prefix { bucket: "b".to_owned(), prefix: "a/ngen.DAILY/x".to_owned() };
        let dated = date_output(&target, &commands, started);
        prop_assert_eq!(Some(dated), output_of_commands(&resolve_daily(&commands, iter::empty(), started)));
    }

    #[test]
    fn a_member_starts_six_hours_before_the_one_before_it(hour in 0..24_i8, member in 1..8_i64, started in any_time()) {
        let command = format!("run -F b/DAILY/{hour:02}/t{hour:02}z --FORCING_SOURCE NWM_V3_MEDIUM_RANGE_{hour:02}_{member}");
        let resolved = resolve_daily(&[command], iter::empty(), started).remove(0);
        let now = started.to_zoned(TimeZone::UTC);
        let today = now.date().at(hour, 0, 0, 0);
        let cycle = if now.hour() < hour { today - SignedDuration::from_hours(24) } else { today };
        let from = cycle - SignedDuration::from_hours(6 * (member - 1));
        let path = from.strftime("b/%Y%m%d/%H/t%Hz").to_string();
        prop_assert!(resolved.starts_with(&format!("run -F {path} ")), "{resolved} is not from {path}");
    }
}
