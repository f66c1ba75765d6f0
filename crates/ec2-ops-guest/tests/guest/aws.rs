//! The built-in `aws`, against a throwaway S3 of a few lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::Instance;

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Serves one bucket, `data`, on a port of its own; returns its URL and what it holds.
fn s3() -> (String, Objects) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let objects = Objects::default();
    let shared = Arc::clone(&objects);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || serve(&stream, &shared));
        }
    });
    (url, objects)
}

fn serve(mut stream: &TcpStream, objects: &Objects) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).expect("a head") == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).expect("text");
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).expect("a body");
    let mut words = head.split(' ');
    let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
    let (status, answer) = answer(method, path, body, objects);
    let head =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer)).expect("an answer");
}

fn answer(method: &str, path: &str, body: Vec<u8>, objects: &Objects) -> (u16, Vec<u8>) {
    let mut objects = objects.lock().expect("no panic");
    let error = |status, code: &str, message: &str| {
        (status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>").into_bytes())
    };
    if method == "PUT" && path == "/data" {
        return error(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded.",
        );
    }
    if let Some(query) = path.strip_prefix("/data?list-type=2&prefix=") {
        return (200, listing(query, &objects).into_bytes());
    }
    let Some(key) = path.strip_prefix("/data/") else {
        return error(404, "NoSuchBucket", "The specified bucket does not exist");
    };
    match method {
        "PUT" => drop(objects.insert(key.to_owned(), body)),
        "DELETE" => drop(objects.remove(key)),
        _ => {
            return match objects.get(key) {
                Some(content) => (200, content.clone()),
                None => error(404, "NoSuchKey", "The specified key does not exist."),
            };
        }
    }
    (200, Vec::new())
}

/// One object a page, so that a client that stops after the first page is found out.
fn listing(query: &str, objects: &BTreeMap<String, Vec<u8>>) -> String {
    let token = query.split_once("continuation-token=").map(|(_, token)| token.parse().expect("a number"));
    let prefix = query.split('&').next().expect("a prefix").replace("%2F", "/");
    let found: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
    let page = token.unwrap_or(0);
    let mut xml = "<ListBucketResult>".to_owned();
    if let Some((key, content)) = found.get(page) {
        match key[prefix.len()..].split_once('/') {
            Some((folder, _)) if query.contains("delimiter=%2F") => {
                write!(xml, "<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>").expect("text");
            }
            _ => write!(
                xml,
                "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>{}</Size></Contents>",
                content.len()
            )
            .expect("text"),
        }
    }
    if page + 1 < found.len() {
        write!(xml, "<NextContinuationToken>{}</NextContinuationToken>", page + 1).expect("text");
    }
    xml + "</ListBucketResult>"
}

async fn boot() -> (Instance, Objects) {
    let (url, objects) = s3();
    let env = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_ACCESS_KEY_ID", "key"), ("AWS_REGION", "us-east-1")];
    (Instance::boot_with(&env).await, objects)
}

#[tokio::test]
async fn objects_go_up_and_come_down() {
    let (mut instance, objects) = boot().await;
    let script = "echo content > file.txt
        aws s3 cp file.txt s3://data/out/file.txt
        aws s3 cp file.txt s3://data/out/ --quiet
        echo piped | aws s3 cp - s3://data/out/piped --only-show-errors --region us-east-1
        aws s3 cp s3://data/out/piped -
        aws s3 cp s3://data/out/file.txt . && cat file.txt
        aws s3 cp --no-progress s3://data/out/file.txt new/folder/x --quiet && cat new/folder/x";
    let expected = "upload: ./file.txt to s3://data/out/file.txt\npiped\n\
                    download: s3://data/out/file.txt to ./file.txt\ncontent\ncontent\n";
    assert_eq!(instance.prints(script).await, expected);
    assert_eq!(objects.lock().expect("no panic")["out/piped"], b"piped\n");
}

#[tokio::test]
async fn a_big_object_is_the_same_after_both_ways() {
    let (mut instance, _) = boot().await;
    let script = "head -c 30000000 /dev/urandom > big
        aws s3 cp big s3://data/big --quiet && aws s3 cp s3://data/big again --quiet && cmp big again && echo same";
    assert_eq!(instance.prints(script).await, "same\n");
}

#[tokio::test]
async fn folders_go_up_and_come_down_and_are_listed_and_removed() {
    let (mut instance, objects) = boot().await;
    let script = "mkdir -p run/sub; echo 1 > run/a; echo 22 > run/sub/b
        aws s3 cp run s3://data/runs/1 --recursive --quiet
        echo > other; aws s3 cp other s3://data/runs/10 --quiet
        aws s3 ls s3://data/runs/1/; aws s3 ls s3://data/runs/1/ --recursive
        aws s3 cp s3://data/runs/1 back --recursive --quiet; cat back/a back/sub/b; ls back
        aws s3 rm s3://data/runs/1/ --recursive --quiet; aws s3 rm s3://data/runs/10";
    let expected = "                           PRE sub/\n2026-01-02 03:04:05          2 a\n\
                    2026-01-02 03:04:05          2 runs/1/a\n2026-01-02 03:04:05          3 runs/1/sub/b\n\
                    1\n22\na\nsub\ndelete: s3://data/runs/10\n";
    assert_eq!(instance.prints(script).await, expected);
    assert!(objects.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn what_fails_is_said_as_the_cli_says_it() {
    let (mut instance, _) = boot().await;
    for (command, code, complaint) in [
        (
            "echo x > f; aws s3 cp f s3://nowhere/k",
            1,
            "upload failed: ./f to s3://nowhere/k An error occurred (NoSuchBucket) when calling the PutObject operation: The specified bucket does not exist",
        ),
        (
            "aws s3 cp s3://data/none here",
            1,
            "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"none\" does not exist",
        ),
        (
            "aws s3 ls s3://nowhere",
            1,
            "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist",
        ),
        (
            "aws s3 mb s3://data",
            1,
            "make_bucket failed: s3://data An error occurred (BucketAlreadyOwnedByYou) when calling the CreateBucket operation: Your previous request to create the named bucket succeeded.",
        ),
        ("aws s3 cp missing s3://data/k", 255, "\nThe user-provided path missing does not exist."),
        (
            "AWS_ENDPOINT_URL=http://127.0.0.1:1 aws s3 ls",
            255,
            "Could not connect to the endpoint URL: \"http://127.0.0.1:1\"",
        ),
    ] {
        let result = instance.run(command).await;
        assert_eq!(result.exit_code, code, "{command}: {result:?}");
        assert!(result.stderr.starts_with(complaint), "{command}: {}", result.stderr);
    }
    assert_eq!(instance.run("aws s3 ls s3://data/none").await.exit_code, 1);
}

#[tokio::test]
async fn the_rest_is_left_to_the_machines_own_cli_if_there_is_one() {
    let (mut instance, _) = boot().await;
    let alone = "PATH=\"$EC2_OPS_INSTANCE_ROOT/bin:/nonexistent\"; aws sts get-caller-identity";
    let result = instance.run(alone).await;
    assert_eq!(result.exit_code, 252);
    assert!(result.stderr.starts_with("aws: the ec2-ops sandbox image brings 's3 cp'"), "{}", result.stderr);
    let real = "mkdir other; printf '#!/bin/sh\\necho real \"$@\"\\n' > other/aws; chmod +x other/aws
        PATH=\"$EC2_OPS_INSTANCE_ROOT/bin:$PWD/other:$PATH\"; export AWS_ENDPOINT_URL=http://sandbox
        aws sts get-caller-identity --query 'a b'";
    let expected = "real --endpoint-url http://sandbox sts get-caller-identity --query a b\n";
    assert_eq!(instance.prints(real).await, expected);
}
