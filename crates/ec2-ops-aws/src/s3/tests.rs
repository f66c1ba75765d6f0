use ec2_ops::AwsErrorKind;

use super::*;
use crate::replay::{Answer, Replay, http};

const IN_WEST: &[(&str, &str)] = &[("x-amz-bucket-region", "us-west-2")];
const FOUND: &[(&str, &str)] = &[("last-modified", "Thu, 01 Jan 2026 00:00:07 GMT"), ("content-length", "5")];

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

#[tokio::test]
async fn a_custom_endpoint_is_called_with_the_bucket_in_the_path() {
    let replay = Replay::new([head(200, FOUND)]);
    let config = replay.config().into_builder().endpoint_url("http://localhost:4566").build();
    S3::new(&config).newest(&region(), &key(), Timestamp::MAX).await.unwrap();
    let asked = replay.asked();
    assert!(asked[0].uri.starts_with("http://localhost:4566/bucket/run/out.nc"), "{asked:?}");
}
