use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::config::endpoint::{DefaultResolver, ResolveEndpoint as _};
use aws_smithy_async::time::StaticTimeSource;
use ec2_ops::AwsErrorKind;

use super::*;
use crate::replay::{Answer, Replay, http};

const IN_WEST: &[(&str, &str)] = &[("x-amz-bucket-region", "us-west-2")];
const FOUND: &[(&str, &str)] = &[("last-modified", "Thu, 01 Jan 2026 00:00:07 GMT"), ("content-length", "5")];

/// A key with what a URL must not have.
const KEY: &str = "run/a b+c/\u{e9}";

fn west() -> Region {
    Region::new("us-west-2")
}

fn region() -> Region {
    Region::new("us-east-1")
}

fn key() -> OutputTarget {
    OutputTarget::Key { bucket: "bucket".to_owned(), key: "run/out.nc".to_owned() }
}

fn prefix() -> OutputTarget {
    OutputTarget::Prefix { bucket: "bucket".to_owned(), prefix: "run/".to_owned() }
}

fn head(status: u16, headers: &'static [(&'static str, &'static str)]) -> Answer {
    Answer::Http(status, headers, String::new())
}

fn page(next: Option<&str>, objects: &[(&str, &str)]) -> Answer {
    let item = |(key, at): &(&str, &str)| {
        format!("<Contents><Key>{key}</Key><LastModified>{at}</LastModified><Size>3</Size></Contents>")
    };
    let contents: String = objects.iter().map(item).collect();
    let next = next.map_or_else(String::new, |token| {
        format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>")
    });
    http(200, format!("<ListBucketResult>{contents}{next}</ListBucketResult>"))
}

fn refusal(status: u16, headers: &'static [(&'static str, &'static str)], code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Answer::Http(status, headers, body)
}

async fn newest(
    target: &OutputTarget,
    answers: impl IntoIterator<Item = Answer>,
) -> (Replay, Result<Option<Object>, AwsError>) {
    let replay = Replay::new(answers);
    let s3 = S3::new(&replay.config());
    let newest = s3.newest(&region(), target, Timestamp::MAX).await;
    (replay, newest)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_bucket_exists_unless_s3_says_that_it_does_not() {
    for (answer, exists) in [
        (vec![head(200, &[])], true),
        (vec![head(404, &[])], false),
        (vec![head(301, IN_WEST), head(200, &[])], true),
        (vec![head(400, IN_WEST), head(404, &[])], false),
    ] {
        let replay = Replay::new(answer);
        let s3 = S3::new(&replay.config());
        assert_eq!(s3.bucket_exists(&region(), "bucket").await, Ok(exists));
    }
}

#[tokio::test]
async fn a_failure_does_not_make_a_bucket_absent() {
    for (answer, kind) in [
        // A role that may not read the bucket now could not find the output after hours of work either.
        (vec![head(403, &[])], AwsErrorKind::Refused),
        (vec![head(301, IN_WEST), head(403, &[])], AwsErrorKind::Refused),
        (vec![head(503, &[])], AwsErrorKind::Unavailable),
        (vec![head(400, &[]), head(400, &[])], AwsErrorKind::Refused),
        (vec![Answer::Lost], AwsErrorKind::Unavailable),
        (vec![Answer::Gateway(404)], AwsErrorKind::Unavailable),
        (vec![Answer::Gateway(200)], AwsErrorKind::Unavailable),
    ] {
        let replay = Replay::new(answer);
        let s3 = S3::new(&replay.config());
        assert_eq!(s3.bucket_exists(&region(), "bucket").await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn an_object_is_found_by_its_key() {
    let (_, found) = newest(&key(), [head(200, FOUND)]).await;
    let object =
        Object { key: "run/out.nc".to_owned(), last_modified: at("2026-01-01T00:00:07Z"), size: Some(5) };
    assert_eq!(found, Ok(Some(object)));
    assert_eq!(newest(&key(), [head(404, &[])]).await.1, Ok(None));
}

#[tokio::test]
async fn a_page_of_a_gateway_says_nothing_about_an_object() {
    for status in [200, 404] {
        for target in [key(), prefix()] {
            let error = newest(&target, [Answer::Gateway(status)]).await.1.unwrap_err();
            assert_eq!(error.kind, AwsErrorKind::Unavailable, "{error}");
        }
    }
}

#[tokio::test]
async fn the_region_that_a_head_does_not_name_comes_from_headbucket() {
    let answers = [head(400, &[]), head(403, IN_WEST), head(200, FOUND)];
    let (replay, found) = newest(&key(), answers).await;
    assert!(found.unwrap().is_some());
    let asked: Vec<_> = replay.asked().into_iter().map(|asked| asked.uri).collect();
    assert!(asked[1].starts_with("https://bucket.s3.us-east-1.amazonaws.com"), "{asked:?}");
    assert!(asked[2].starts_with("https://bucket.s3.us-west-2.amazonaws.com/run/out.nc"), "{asked:?}");
}

#[tokio::test]
async fn a_forbidden_object_is_not_read_as_absent() {
    let error = newest(&key(), [head(403, &[])]).await.1.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Refused);
    assert!(error.message.contains("s3:ListBucket"), "{error}");
}

#[tokio::test]
async fn a_bucket_in_another_region_is_called_there() {
    for status in [301, 400] {
        let (replay, found) = newest(&key(), [head(status, IN_WEST), head(200, FOUND)]).await;
        assert!(found.unwrap().is_some());
        let hosts: Vec<_> = replay.asked().into_iter().map(|asked| asked.uri).collect();
        assert!(hosts[0].starts_with("https://bucket.s3.us-east-1.amazonaws.com/"), "{hosts:?}");
        assert!(hosts[1].starts_with("https://bucket.s3.us-west-2.amazonaws.com/"), "{hosts:?}");
    }
    let moved = refusal(301, IN_WEST, "PermanentRedirect");
    let there = page(None, &[("run/a", "2026-01-01T00:00:01.000Z")]);
    assert!(newest(&prefix(), [moved, there]).await.1.unwrap().is_some());
}

#[tokio::test]
async fn a_redirect_is_followed_once() {
    let in_east: &[_] = &[("x-amz-bucket-region", "us-east-1")];
    let (replay, found) = newest(&key(), [head(301, IN_WEST), head(301, in_east)]).await;
    assert_eq!(found.unwrap_err().code, "Http301");
    assert_eq!(replay.asked().len(), 2);
}

#[tokio::test]
async fn the_newest_object_of_all_pages_counts_and_a_sibling_does_not() {
    let first = page(
        Some("more"),
        &[("run/old", "2026-01-01T00:00:01.000Z"), ("run/new", "2026-01-01T00:00:09.000Z")],
    );
    let second =
        page(None, &[("run/later-key", "2026-01-01T00:00:05.000Z"), ("runner", "2026-01-01T00:01:00.000Z")]);
    let (replay, found) = newest(&prefix(), [first, second]).await;
    assert_eq!(found.unwrap().map(|object| object.key), Some("run/new".to_owned()));
    let asked = replay.asked();
    assert!(asked[0].uri.contains("prefix=run&") || asked[0].uri.ends_with("prefix=run"));
    assert!(asked[1].uri.contains("continuation-token=more"));
}

/// An output of a million objects has a thousand pages.
#[tokio::test]
async fn a_listing_ends_at_the_first_page_with_an_object_that_is_new_enough() {
    let more = || {
        page(Some("more"), &[("run/b", "2026-01-01T00:00:05.000Z"), ("run/a", "2026-01-01T00:00:01.000Z")])
    };
    for (enough, pages) in [("2026-01-01T00:00:05Z", 1), ("2026-01-01T00:00:06Z", 2)] {
        let replay = Replay::new([more(), page(None, &[])]);
        let found = S3::new(&replay.config()).newest(&region(), &prefix(), at(enough)).await;
        assert_eq!(found.unwrap().map(|object| object.key), Some("run/b".to_owned()));
        assert_eq!(replay.asked().len(), pages, "{enough}");
    }
}

#[tokio::test]
async fn an_empty_prefix_and_a_missing_bucket_have_no_object() {
    assert_eq!(newest(&prefix(), [page(None, &[])]).await.1, Ok(None));
    assert_eq!(newest(&prefix(), [refusal(404, &[], "NoSuchBucket")]).await.1, Ok(None));
}

#[tokio::test]
async fn a_failed_page_is_not_read_as_the_end_of_the_list() {
    let first = page(Some("more"), &[("run/a", "2026-01-01T00:00:01.000Z")]);
    let (_, found) = newest(&prefix(), [first, refusal(503, &[], "SlowDown")]).await;
    assert_eq!(found.unwrap_err().kind, AwsErrorKind::Throttled);
}

/// S3 of `replay`, at 2026-01-01T00:00:07Z.
fn s3_at_seven(replay: &Replay) -> S3 {
    let now = StaticTimeSource::new(UNIX_EPOCH + Duration::from_secs(1_767_225_607));
    S3::new(&replay.config().into_builder().time_source(now).build())
}

/// The signatures are those of botocore's `S3SigV4Auth`.
#[tokio::test]
async fn a_request_is_signed_as_s3_wants_it() {
    let replay = Replay::new([http(206, "3456"), http(200, "")]);
    let s3 = s3_at_seven(&replay);
    assert_eq!(s3.read(&west(), "bucket", KEY, 3..7).await, Ok(b"3456".to_vec()));
    s3.put_line(&west(), "bucket", KEY, "{}").await.unwrap();
    let of = |headers: &str, signature: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/s3/aws4_request, SignedHeaders={headers}, \
             Signature={signature}"
        )
    };
    let got = of(
        "host;range;x-amz-content-sha256;x-amz-date",
        "ae842952dc4e84a068c5a10ad1611b141ae96769fa5748ca7ef2c0c74726641b",
    );
    let put = of(
        "content-type;host;x-amz-content-sha256;x-amz-date",
        "7ee648ed17f38dcbe8952b455e637aeafdfcd57c8fae4319509d86335fd4ea19",
    );
    let asked = replay.asked();
    for (asked, method, authorization, body) in [(&asked[0], "GET", got, ""), (&asked[1], "PUT", put, "{}")] {
        assert_eq!(asked.uri, "https://bucket.s3.us-west-2.amazonaws.com/run/a%20b%2Bc/%C3%A9");
        assert_eq!((asked.method.as_str(), asked.body.as_str()), (method, body));
        assert_eq!(asked.authorization, authorization);
    }
}

/// The rules of the SDK's own client, wherever it has any.
#[tokio::test]
async fn the_endpoint_is_the_one_that_the_sdk_would_take() {
    let regions = [
        "us-east-1",
        "eu-central-1",
        "mx-central-1",
        "us-gov-west-1",
        "cn-north-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
    ];
    let mut compared = 0;
    for (region, bucket, fips, dual_stack) in regions
        .into_iter()
        .flat_map(|region| ["b-1", "b.1"].map(|bucket| (region, bucket)))
        .flat_map(|(region, bucket)| [false, true].map(|fips| (region, bucket, fips)))
        .flat_map(|(region, bucket, fips)| [false, true].map(|dual| (region, bucket, fips, dual)))
    {
        let params = aws_sdk_s3::config::endpoint::Params::builder().region(region).bucket(bucket);
        let params = params.use_fips(fips).use_dual_stack(dual_stack).build().unwrap();
        let Ok(expected) = DefaultResolver::new().resolve_endpoint(&params).await else { continue };
        let config =
            Replay::new([]).config().into_builder().use_fips(fips).use_dual_stack(dual_stack).build();
        assert_eq!(call::endpoint(&config, &Region::new(region), bucket), expected.url());
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

#[tokio::test]
async fn a_custom_endpoint_is_called_with_the_bucket_in_the_path() {
    for custom in ["http://localhost:4566", "http://localhost:4566/"] {
        let replay = Replay::new([http(200, "x")]);
        let config = replay.config().into_builder().endpoint_url(custom).build();
        S3::new(&config).end(&region(), "b-1", "k", 1).await.unwrap();
        assert_eq!(replay.asked()[0].uri, "http://localhost:4566/b-1/k");
    }
}

#[tokio::test]
async fn a_refusal_has_the_code_and_the_message_of_s3() {
    let absent =
        "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>no &amp; never</Message></Error>";
    let replay = Replay::new([http(404, absent)]);
    let error = s3_at_seven(&replay).end(&west(), "bucket", KEY, 9).await.unwrap_err();
    assert_eq!((error.action, error.code.as_str()), ("GetObject", "NoSuchKey"));
    assert_eq!(error.message, "no & never");
}

#[tokio::test]
async fn a_failure_without_a_code_is_told_by_its_status() {
    for (answer, code, kind) in [
        (http(503, ""), "Http503", AwsErrorKind::Unavailable),
        (http(403, "not XML"), "Http403", AwsErrorKind::Refused),
        (Answer::Lost, "DispatchFailure", AwsErrorKind::Unavailable),
        (Answer::Gateway(200), "DispatchFailure", AwsErrorKind::Unavailable),
        (Answer::Gateway(404), "DispatchFailure", AwsErrorKind::Unavailable),
    ] {
        let replay = Replay::new([answer]);
        let error = s3_at_seven(&replay).write(&west(), "bucket", KEY, Vec::new()).await.unwrap_err();
        assert_eq!((error.action, error.code.as_str(), error.kind), ("PutObject", code, kind));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_listing_is_no_empty_one() {
    for body in ["<Other/>", "", "<ListBucketResult><Contents><Key>run/a</Key></Contents></ListBucketResult>"]
    {
        let error = newest(&prefix(), [http(200, body)]).await.1.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.kind),
            ("UnexpectedAnswer", AwsErrorKind::Unavailable),
            "{body}"
        );
    }
}
