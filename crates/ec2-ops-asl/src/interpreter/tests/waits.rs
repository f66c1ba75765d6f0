use super::*;
use crate::failure::RUNTIME;

async fn wait(way: Value, input: Value) -> Run {
    let mut state = json!({"Type": "Wait", "End": true});
    state.as_object_mut().unwrap().extend(way.as_object().unwrap().clone());
    Functions::new([]).run(&machine(&state), input).await
}

#[tokio::test(start_paused = true)]
async fn a_wait_lasts_as_long_as_defined() {
    let day = 24 * 60 * 60;
    for (way, input, seconds) in [
        (json!({"Seconds": day}), json!({}), day),
        (json!({"SecondsPath": "$.s"}), json!({"s": 90}), 90),
        (json!({"SecondsPath": "$.s"}), json!({"s": 0}), 0),
        (json!({"Timestamp": "2026-01-02T04:04:05Z"}), json!({}), 3600),
        (json!({"TimestampPath": "$.t"}), json!({"t": "2026-01-02T05:04:05+01:00"}), 3600),
        (json!({"Timestamp": "2020-01-01T00:00:00Z"}), json!({}), 0),
    ] {
        let run = wait(way.clone(), input.clone()).await;
        assert_eq!(run.output(), &input);
        assert_eq!(run.took.as_secs(), seconds, "{way}");
        assert_eq!(run.types()[1..3], ["WaitStateEntered", "WaitStateExited"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_be_computed_fails_with_the_message_of_aws() {
    for (way, value, cause) in [
        (
            json!({"SecondsPath": "$.v"}),
            json!(-1),
            "The SecondsPath parameter references a negative value: $.v == -1",
        ),
        (
            json!({"SecondsPath": "$.v"}),
            json!(1.5),
            "The SecondsPath parameter cannot be parsed as a long value: $.v == 1.5",
        ),
        (
            json!({"SecondsPath": "$.v"}),
            json!(100_000_000),
            "The SecondsPath parameter references a value over the maximum of 99999999: $.v == 100000000",
        ),
        (
            json!({"TimestampPath": "$.v"}),
            json!("2016-12-05 21:29:29Z"),
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: \
             $.v == 2016-12-05 21:29:29Z",
        ),
        (json!({"TimestampPath": "$.v"}), json!("2126-01-01T00:00:00Z"), "Wait state delay is too long."),
    ] {
        let run = wait(way, json!({"v": value})).await;
        let prefix = "An error occurred while executing the state 'S' (entered at the event id #2).";
        assert_eq!(run.failure(), (RUNTIME, format!("{prefix} {cause}").as_str()));
    }
}
