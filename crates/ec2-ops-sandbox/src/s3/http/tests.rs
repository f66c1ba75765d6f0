//! Round trips over a loopback port, written as the bytes that go over the wire.

use std::time::Duration;

use crate::http::testing::Served;
use crate::s3::checksum::ChecksumAlgorithm;

/// Serves an account that has the bucket `results`.
async fn serve() -> Served {
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    served
}

/// Sends one signed request.
async fn send(served: &Served, head: &str, body: &[u8]) -> String {
    served.call("s3", head, body).await
}

#[tokio::test]
async fn an_object_goes_there_and_back() {
    let served = serve().await;
    let put = "PUT /results/run/out.txt HTTP/1.1\r\nContent-Type: text/plain\r\nx-amz-meta-run: 7";
    let put = send(&served, put, b"hello").await;
    assert!(put.starts_with("HTTP/1.1 200"), "{put}");
    assert!(put.contains("\"5d41402abc4b2a76b9719d911017c592\""), "{put}");

    let get = send(&served, "GET /results/run/out.txt HTTP/1.1", b"").await;
    assert!(get.ends_with("\r\n\r\nhello"), "{get}");
    assert!(get.contains("text/plain") && get.contains("x-amz-meta-run: 7"), "{get}");
    let range = send(&served, "GET /results/run/out.txt HTTP/1.1\r\nRange: bytes=1-2", b"").await;
    assert!(range.starts_with("HTTP/1.1 206") && range.ends_with("\r\n\r\nel"), "{range}");
}

#[tokio::test]
async fn a_range_of_an_object_that_has_changed_is_refused() {
    let served = serve().await;
    send(&served, "PUT /results/k HTTP/1.1", b"hello").await;
    let ranged = "GET /results/k HTTP/1.1\r\nRange: bytes=0-1\r\nIf-Match";
    let same = send(&served, &format!("{ranged}: \"5d41402abc4b2a76b9719d911017c592\""), b"").await;
    assert!(same.ends_with("\r\n\r\nhe"), "{same}");
    let other = send(&served, &format!("{ranged}: \"00\""), b"").await;
    assert!(other.starts_with("HTTP/1.1 412") && other.contains("PreconditionFailed"), "{other}");
}

#[tokio::test]
async fn a_chunked_upload_is_decoded_and_its_trailing_checksum_verified_and_kept() {
    let served = serve().await;
    let sum = ChecksumAlgorithm::Crc64Nvme.of(b"hello world").value;
    let upload = |sum: &str| {
        format!("6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc64nvme:{sum}\r\n\r\n").into_bytes()
    };
    let headers = "Content-Encoding: aws-chunked\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
                   x-amz-decoded-content-length: 11\r\nx-amz-trailer: x-amz-checksum-crc64nvme";
    let head = format!("PUT /results/k HTTP/1.1\r\n{headers}");

    let bad = send(&served, &head, &upload("AAAAAAAAAAA=")).await;
    assert!(bad.starts_with("HTTP/1.1 400") && bad.contains("BadDigest"), "{bad}");
    let good = send(&served, &head, &upload(&sum)).await;
    assert!(good.starts_with("HTTP/1.1 200"), "{good}");
    let get = send(&served, "GET /results/k HTTP/1.1\r\nx-amz-checksum-mode: ENABLED", b"").await;
    assert!(get.ends_with("\r\n\r\nhello world"), "{get}");
    assert!(get.contains(&format!("x-amz-checksum-crc64nvme: {sum}")), "{get}");
}

#[tokio::test]
async fn a_presigned_url_is_served_until_it_expires() {
    let served = serve().await;
    send(&served, "PUT /results/k HTTP/1.1", b"hello").await;
    let now = jiff::Timestamp::now();
    let version_2 = |end: i64| format!("AWSAccessKeyId={}&Signature=b%3D&Expires={end}", served.keys.owner());
    for query in [served.presigned(now, 60), version_2(now.as_second() + 60)] {
        let get = served.send(&format!("GET /results/k?{query} HTTP/1.1"), b"").await;
        assert!(get.ends_with("\r\n\r\nhello"), "{get}");
    }
    for query in [served.presigned(now - Duration::from_secs(61), 60), version_2(now.as_second() - 1)] {
        let get = served.send(&format!("GET /results/k?{query} HTTP/1.1"), b"").await;
        assert!(get.starts_with("HTTP/1.1 403") && get.contains("Request has expired"), "{get}");
    }
}

#[tokio::test]
async fn what_is_not_modelled_is_refused_by_name() {
    let served = serve().await;
    let refused = async |head: &str, name: &str| {
        let answer = send(&served, head, b"").await;
        assert!(answer.starts_with("HTTP/1.1 501") && answer.contains(name), "{answer}");
    };
    refused("PUT /results/k HTTP/1.1\r\nx-amz-storage-class: GLACIER", "x-amz-storage-class").await;
    refused("PUT /results/k HTTP/1.1\r\nIf-None-Match: *", "if-none-match").await;
    refused("GET /results/k?versionId=7 HTTP/1.1", "versionId").await;
    refused("GET /results?acl HTTP/1.1", "GetBucketAcl").await;
    refused("GET /results?versions HTTP/1.1", "ListObjectVersions").await;
    let absent = send(&served, "GET /results/k HTTP/1.1", b"").await;
    assert!(absent.starts_with("HTTP/1.1 404") && absent.contains("<Code>NoSuchKey</Code>"), "{absent}");
}

#[tokio::test]
async fn a_listing_is_paged_and_url_encoded() {
    let served = serve().await;
    for key in ["a%20b", "dir/1", "dir/2", "z"] {
        send(&served, &format!("PUT /results/{key} HTTP/1.1"), b"x").await;
    }
    let mut token = String::new();
    let mut found = Vec::new();
    loop {
        let query = format!("list-type=2&delimiter=/&encoding-type=url&max-keys=1{token}");
        let page = send(&served, &format!("GET /results?{query} HTTP/1.1"), b"").await;
        let between = |open: &str| page.split(open).nth(1).and_then(|rest| rest.split('<').next());
        let name = between("<Key>").or_else(|| between("<CommonPrefixes><Prefix>"));
        found.push(name.unwrap_or_else(|| panic!("{page}")).to_owned());
        match between("<NextContinuationToken>") {
            Some(next) => token = format!("&continuation-token={next}"),
            None => break,
        }
    }
    assert_eq!(found, ["a%20b", "dir/", "z"]);
}

#[tokio::test]
async fn a_bucket_in_another_region_answers_as_from_there() {
    const HEADER: &str = "x-amz-bucket-region: us-west-2";
    let served = serve().await;
    served.account.s3.create_bucket("west", "us-west-2").unwrap();
    served.account.s3.put_object("west", "k", "hello").unwrap();

    // From a regional endpoint: a redirect that always names the region.
    for head in ["GET /west/k", "PUT /west/k", "GET /west?list-type=2", "HEAD /west", "HEAD /west/k"] {
        let answer = served.call_in("eu-west-1", "s3", &format!("{head} HTTP/1.1"), b"").await;
        assert!(answer.starts_with("HTTP/1.1 301") && answer.contains(HEADER), "{head}: {answer}");
    }
    let get = served.call_in("eu-west-1", "s3", "GET /west/k HTTP/1.1", b"").await;
    assert!(get.contains("<Code>PermanentRedirect</Code>"), "{get}");
    assert!(get.contains("<Endpoint>west.s3-us-west-2.amazonaws.com</Endpoint>"), "{get}");

    // From the global endpoint: the signature is wrong. Only HeadBucket names the region in a header.
    let get = send(&served, "GET /west/k HTTP/1.1", b"").await;
    assert!(get.starts_with("HTTP/1.1 400") && get.contains("<Region>us-west-2</Region>"), "{get}");
    assert!(get.contains("<Code>AuthorizationHeaderMalformed</Code>") && !get.contains(HEADER), "{get}");
    let head = send(&served, "HEAD /west/k HTTP/1.1", b"").await;
    assert!(head.starts_with("HTTP/1.1 400") && !head.contains(HEADER), "{head}");
    let bucket = send(&served, "HEAD /west HTTP/1.1", b"").await;
    assert!(bucket.starts_with("HTTP/1.1 400") && bucket.contains(HEADER), "{bucket}");

    let own = served.call_in("us-west-2", "s3", "GET /west/k HTTP/1.1", b"").await;
    assert!(own.ends_with("\r\n\r\nhello"), "{own}");
    let location = send(&served, "GET /west?location HTTP/1.1", b"").await;
    assert!(location.starts_with("HTTP/1.1 200") && location.contains("us-west-2"), "{location}");
    let buckets = served.call_in("eu-west-1", "s3", "GET / HTTP/1.1", b"").await;
    assert!(buckets.contains("<Name>west</Name>") && buckets.contains("<Name>results</Name>"), "{buckets}");
}

#[tokio::test]
async fn a_bucket_is_created_in_the_region_of_the_endpoint() {
    let served = serve().await;
    let create = async |region: &str, bucket: &str, constraint: Option<&str>| {
        let body = constraint.map_or_else(String::new, |region| {
            format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            )
        });
        served.call_in(region, "s3", &format!("PUT /{bucket} HTTP/1.1"), body.as_bytes()).await
    };
    for (region, bucket, constraint, own) in [
        ("us-east-1", "east", None, "us-east-1"),
        ("us-east-1", "west", Some("us-west-2"), "us-west-2"),
        ("eu-west-1", "europe", Some("EU"), "eu-west-1"),
    ] {
        let created = create(region, bucket, constraint).await;
        assert!(created.starts_with("HTTP/1.1 200"), "{created}");
        assert_eq!(served.account.s3.head_bucket(bucket).unwrap().region, own);
    }
    for (region, constraint, code) in [
        ("us-east-1", Some("us-east-1"), "InvalidLocationConstraint"),
        ("us-west-2", None, "IllegalLocationConstraintException"),
        ("us-west-2", Some("eu-west-1"), "IllegalLocationConstraintException"),
    ] {
        let refused = create(region, "refused", constraint).await;
        assert!(refused.starts_with("HTTP/1.1 400") && refused.contains(code), "{refused}");
    }
}

#[tokio::test]
async fn a_read_has_conditions_and_ranges_with_get_and_with_head() {
    let served = serve().await;
    send(&served, "PUT /results/k HTTP/1.1", b"hello").await;
    let (own, other) = ("\"5d41402abc4b2a76b9719d911017c592\"", "\"00\"");
    let (past, future) = ("Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT");
    for method in ["GET", "HEAD"] {
        for (header, value, status) in [
            ("If-Match", own, 200),
            ("If-Match", other, 412),
            ("If-None-Match", own, 304),
            ("If-None-Match", "*", 304),
            ("If-None-Match", other, 200),
            ("If-Modified-Since", past, 200),
            ("If-Modified-Since", future, 304),
            ("If-Unmodified-Since", past, 412),
            ("If-Unmodified-Since", future, 200),
            ("Range", "bytes=1-2", 206),
            ("Range", "bytes=9-", 416),
        ] {
            let answer =
                send(&served, &format!("{method} /results/k HTTP/1.1\r\n{header}: {value}"), b"").await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{method} {header}: {value}: {answer}"
            );
        }
        // The condition on the ETag counts more than that on the time.
        let both = format!("{method} /results/k HTTP/1.1\r\nIf-Match: {own}\r\nIf-Unmodified-Since: {past}");
        assert!(send(&served, &both, b"").await.starts_with("HTTP/1.1 200"));
    }
    let head = send(&served, "HEAD /results/k HTTP/1.1\r\nRange: bytes=1-2", b"").await;
    assert!(head.contains("content-range: bytes 1-2/5") && head.contains("content-length: 2"), "{head}");
}

#[tokio::test]
async fn every_object_is_encrypted_with_the_keys_of_s3_and_with_no_others() {
    let served = serve().await;
    let encrypted = "x-amz-server-side-encryption: AES256";
    for head in [
        "PUT /results/k HTTP/1.1",
        &format!("PUT /results/k HTTP/1.1\r\n{encrypted}"),
        "HEAD /results/k HTTP/1.1",
    ] {
        let answer = send(&served, head, b"").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(encrypted), "{head}: {answer}");
    }
    let kms = send(&served, "PUT /results/k HTTP/1.1\r\nx-amz-server-side-encryption: aws:kms", b"").await;
    assert!(kms.starts_with("HTTP/1.1 501") && kms.contains("aws:kms"), "{kms}");
}

#[tokio::test]
async fn version_1_of_the_listing_has_markers() {
    let served = serve().await;
    for key in ["a/1", "a/2", "b"] {
        send(&served, &format!("PUT /results/{key} HTTP/1.1"), b"x").await;
    }
    let page = send(&served, "GET /results?max-keys=2 HTTP/1.1", b"").await;
    assert!(page.contains("<Key>a/1</Key>") && page.contains("<Key>a/2</Key>"), "{page}");
    assert!(page.contains("<IsTruncated>true</IsTruncated>") && !page.contains("NextMarker"), "{page}");
    let rest = send(&served, "GET /results?marker=a/2 HTTP/1.1", b"").await;
    assert!(rest.contains("<Key>b</Key>") && rest.contains("<IsTruncated>false</IsTruncated>"), "{rest}");
    let rolled = send(&served, "GET /results?delimiter=/&max-keys=1 HTTP/1.1", b"").await;
    assert!(rolled.contains("<NextMarker>a/</NextMarker>"), "{rolled}");
}

#[tokio::test]
async fn the_parts_of_an_upload_are_listed_in_pages() {
    let served = serve().await;
    let created = send(&served, "POST /results/big?uploads HTTP/1.1", b"").await;
    let id = created.split("<UploadId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
    for number in [1, 2, 5] {
        send(&served, &format!("PUT /results/big?partNumber={number}&uploadId={id} HTTP/1.1"), b"part").await;
    }
    let page = send(&served, &format!("GET /results/big?uploadId={id}&max-parts=2 HTTP/1.1"), b"").await;
    assert!(page.contains("<NextPartNumberMarker>2</NextPartNumberMarker>"), "{page}");
    assert!(page.contains("<IsTruncated>true</IsTruncated>"), "{page}");
    let rest =
        send(&served, &format!("GET /results/big?uploadId={id}&part-number-marker=2 HTTP/1.1"), b"").await;
    assert!(rest.contains("<PartNumber>5</PartNumber>") && rest.contains("<Size>4</Size>"), "{rest}");
    let absent = send(&served, "GET /results/big?uploadId=absent HTTP/1.1", b"").await;
    assert!(absent.starts_with("HTTP/1.1 404") && absent.contains("NoSuchUpload"), "{absent}");
}

#[tokio::test]
async fn a_request_that_names_no_object_is_refused() {
    let served = serve().await;
    let copy = "PUT /results/copy HTTP/1.1\r\nx-amz-copy-source: results/";
    let copied = send(&served, copy, b"").await;
    assert!(copied.starts_with("HTTP/1.1 400") && copied.contains("InvalidArgument"), "{copied}");
    let body = b"<Delete><Object><Key></Key></Object></Delete>";
    let digest = "Content-MD5: D4u8Yz2FKBjaKmHO7IlgxQ==";
    let deleted = send(&served, &format!("POST /results?delete HTTP/1.1\r\n{digest}"), body).await;
    assert!(deleted.starts_with("HTTP/1.1 400") && deleted.contains("MalformedXML"), "{deleted}");
}
