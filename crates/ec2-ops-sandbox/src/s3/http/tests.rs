//! Round trips over a loopback port, written as the bytes that go over the wire.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::S3Http;
use crate::s3::checksum::ChecksumAlgorithm;
use crate::s3::testing::account;

/// Serves an account that has the bucket `results`; returns its address.
async fn serve() -> String {
    let store = account();
    store.create_bucket("results", "eu-west-1").unwrap();
    let s3 = S3Http::new(Arc::new(store));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let handler = move |request: axum::extract::Request| async move { s3.call(request).await };
    let router = axum::Router::new().fallback(handler);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Sends one request and returns the whole answer, status line and headers included.
async fn send(address: &str, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// A request line with a header whose signature nobody could verify.
fn signed(line: &str) -> String {
    let credential = "AKIDEXAMPLE/20200101/eu-west-1/s3/aws4_request";
    format!(
        "{line} HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"
    )
}

#[tokio::test]
async fn an_object_goes_there_and_back_with_any_signature_and_with_none() {
    let address = serve().await;
    let put = signed("PUT /results/run/out.txt");
    let put =
        send(&address, &format!("{put}\r\nContent-Type: text/plain\r\nx-amz-meta-run: 7"), b"hello").await;
    assert!(put.starts_with("HTTP/1.1 200"), "{put}");
    assert!(put.contains("\"5d41402abc4b2a76b9719d911017c592\""), "{put}");

    let get = send(&address, "GET /results/run/out.txt HTTP/1.1", b"").await;
    assert!(get.ends_with("\r\n\r\nhello"), "{get}");
    assert!(get.contains("text/plain") && get.contains("x-amz-meta-run: 7"), "{get}");
    let range = send(&address, "GET /results/run/out.txt HTTP/1.1\r\nRange: bytes=1-2", b"").await;
    assert!(range.starts_with("HTTP/1.1 206") && range.ends_with("\r\n\r\nel"), "{range}");
}

#[tokio::test]
async fn a_range_of_an_object_that_has_changed_is_refused() {
    let address = serve().await;
    send(&address, "PUT /results/k HTTP/1.1", b"hello").await;
    let ranged = "GET /results/k HTTP/1.1\r\nRange: bytes=0-1\r\nIf-Match";
    let same = send(
        &address,
        &format!("{ranged}: \"5d41402abc4b2a76b9719d911017c592\""),
        b"",
    )
    .await;
    assert!(same.ends_with("\r\n\r\nhe"), "{same}");
    let other = send(&address, &format!("{ranged}: \"00\""), b"").await;
    assert!(
        other.starts_with("HTTP/1.1 412") && other.contains("PreconditionFailed"),
        "{other}"
    );
}

#[tokio::test]
async fn a_chunked_upload_is_decoded_and_its_trailing_checksum_verified_and_kept() {
    let address = serve().await;
    let sum = ChecksumAlgorithm::Crc64Nvme.of(b"hello world").value;
    let upload = |sum: &str| {
        format!("6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc64nvme:{sum}\r\n\r\n").into_bytes()
    };
    let headers = "Content-Encoding: aws-chunked\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
                   x-amz-decoded-content-length: 11\r\nx-amz-trailer: x-amz-checksum-crc64nvme";
    let head = format!("{}\r\n{headers}", signed("PUT /results/k"));

    let bad = send(&address, &head, &upload("AAAAAAAAAAA=")).await;
    assert!(bad.starts_with("HTTP/1.1 400") && bad.contains("BadDigest"), "{bad}");
    let good = send(&address, &head, &upload(&sum)).await;
    assert!(good.starts_with("HTTP/1.1 200"), "{good}");
    let get = send(&address, "GET /results/k HTTP/1.1\r\nx-amz-checksum-mode: ENABLED", b"").await;
    assert!(get.ends_with("\r\n\r\nhello world"), "{get}");
    assert!(get.contains(&format!("x-amz-checksum-crc64nvme: {sum}")), "{get}");
}

#[tokio::test]
async fn a_presigned_address_is_served() {
    let address = serve().await;
    send(&address, "PUT /results/k HTTP/1.1", b"hello").await;
    let version_4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20200101%2Feu-west-1%2Fs3%2Faws4_request\
                     &X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let version_2 = "AWSAccessKeyId=a&Signature=b%3D&Expires=1";
    for query in [version_4, version_2] {
        let get = send(&address, &format!("GET /results/k?{query} HTTP/1.1"), b"").await;
        assert!(get.ends_with("\r\n\r\nhello"), "{get}");
    }
}

#[tokio::test]
async fn what_is_not_modelled_is_refused_by_name() {
    let address = serve().await;
    let refused = async |head: &str, name: &str| {
        let answer = send(&address, head, b"").await;
        assert!(answer.starts_with("HTTP/1.1 501") && answer.contains(name), "{answer}");
    };
    refused("PUT /results/k HTTP/1.1\r\nx-amz-storage-class: GLACIER", "x-amz-storage-class").await;
    refused("PUT /results/k HTTP/1.1\r\nIf-None-Match: *", "if-none-match").await;
    refused("GET /results/k?versionId=7 HTTP/1.1", "versionId").await;
    refused("GET /results?acl HTTP/1.1", "GetBucketAcl").await;
    refused("GET /results HTTP/1.1", "ListObjects").await;
    let absent = send(&address, "GET /results/k HTTP/1.1", b"").await;
    assert!(absent.starts_with("HTTP/1.1 404") && absent.contains("<Code>NoSuchKey</Code>"), "{absent}");
}

#[tokio::test]
async fn a_listing_is_paged_and_url_encoded() {
    let address = serve().await;
    for key in ["a%20b", "dir/1", "dir/2", "z"] {
        send(&address, &format!("PUT /results/{key} HTTP/1.1"), b"x").await;
    }
    let mut token = String::new();
    let mut found = Vec::new();
    loop {
        let query = format!("list-type=2&delimiter=/&encoding-type=url&max-keys=1{token}");
        let page = send(&address, &format!("GET /results?{query} HTTP/1.1"), b"").await;
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
