//! What strangers can send: pages in a browser, other users of this machine, and clients that want to break things.

use std::time::Duration;

use super::testing::Served;

const LAUNCH: &[u8] =
    b"Action=RunInstances&Version=2016-11-15&ImageId=ami-0123456789abcdef0&InstanceType=t3.micro\
                        &MinCount=1&MaxCount=1";
const FORM: &str = "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";

/// A head signed with the owner's key, for `service`, and addressed to `host`.
fn head(served: &Served, line: &str, service: &str, host: &str, more: &str, length: usize) -> String {
    let credential = format!("{}/20260101/us-east-1/{service}/aws4_request", served.keys.owner());
    format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00\r\n{more}\r\n"
    )
}

/// DNS rebinding: the browser believes that the page and this port are one origin, so the page may even know the key.
#[tokio::test]
async fn a_page_whose_name_resolves_to_this_machine_launches_nothing() {
    let served = Served::start().await;
    let port = served.address.rsplit(':').next().unwrap();
    let evil = format!("evil.example:{port}");
    let own = &served.address;
    for host in [
        evil.as_str(),
        "127.0.0.1",
        "127.0.0.1:1",
        "",
        &format!("{own}\r\nHost: {evil}"),
        &format!("{evil}@{own}"),
    ] {
        let launch = head(&served, "POST /", "ec2", host, "", LAUNCH.len());
        let answer = served.exchange(&[launch.as_bytes(), LAUNCH].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{host}: {answer}");
    }
    let absolute = head(&served, &format!("POST http://{evil}/"), "ec2", own, "", LAUNCH.len());
    let answer = served.exchange(&[absolute.as_bytes(), LAUNCH].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(served.account.ec2.instances().len(), 0);

    for host in
        [own.clone(), format!("localhost:{port}"), format!("LocalHost:{port}"), format!("[::1]:{port}")]
    {
        let launch = head(&served, "POST /", "ec2", &host, "", LAUNCH.len());
        let answer = served.exchange(&[launch.as_bytes(), LAUNCH].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
}

/// A form needs no script and no permission of ours: without a defence its object would pass as the output of a run.
#[tokio::test]
async fn a_form_on_a_foreign_page_plants_no_object() {
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    let form = b"--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nplanted\r\n--b\r\n\
                 Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n";
    let head = "POST /results HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b";
    let browser = format!("{head}\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: cross-site");
    for head in [head, &browser, &format!("{head}\r\nOrigin: null")] {
        let answer = served.send(head, form).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    let signed = served.call("s3", head, form).await;
    assert!(signed.starts_with("HTTP/1.1 501") && signed.contains("the upload by a form"), "{signed}");
    let listed = served.account.s3.list_objects_v2("results", crate::s3::ListObjectsV2::default()).unwrap();
    assert_eq!(listed.contents.len(), 0);
}

#[tokio::test]
async fn only_pages_of_its_own_are_answered() {
    let served = Served::start().await;
    let own = &served.address;
    for (headers, status) in [
        (format!("Origin: http://{own}\r\nSec-Fetch-Site: same-origin\r\n"), 200),
        ("Sec-Fetch-Site: none\r\n".to_owned(), 200),
        (format!("Origin: https://{own}\r\n"), 403),
        ("Origin: http://127.0.0.1:1\r\n".to_owned(), 403),
        ("Origin: null\r\n".to_owned(), 403),
        (format!("Origin: http://{own}\r\nOrigin: https://evil.example\r\n"), 403),
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), 403),
        ("Sec-Fetch-Site: same-site\r\n".to_owned(), 403),
        (format!("Origin: http://{own}\r\nSec-Fetch-Site: same-site\r\n"), 403),
    ] {
        let list = head(&served, "GET /", "s3", own, &headers, 0);
        let answer = served.exchange(list.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{headers}: {answer}");
    }
}

#[tokio::test]
async fn another_user_of_this_machine_lacks_the_key() {
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    let key = served.keys.owner();
    for credential in
        ["", "sandbox", "EC2Poller", "_EC2Poller", &key[..19], &format!("{key}x"), &key.to_lowercase()]
    {
        for (service, head) in
            [("ec2", FORM), ("states", FORM), ("s3", "PUT /results/k HTTP/1.1"), ("x", "GET / HTTP/1.1")]
        {
            let scope = format!("{credential}/20260101/us-east-1/{service}/aws4_request");
            let signed =
                format!("{head}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host");
            let answer = served.send(&signed, LAUNCH).await;
            assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("InvalidAccessKeyId"), "{answer}");
        }
    }
    let presigned = served.presigned(jiff::Timestamp::now(), 60).replace(key, "sandbox");
    for head in [
        FORM.to_owned(),
        "PUT /results/k HTTP/1.1".to_owned(),
        format!("PUT /results/k?{presigned} HTTP/1.1"),
    ] {
        let answer = served.send(&head, LAUNCH).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    assert_eq!(served.account.ec2.instances().len(), 0);
    assert!(served.account.s3.get_object("results", "k").is_err());
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    let dots = format!("Action=RunInstances&Version=2016-11-15&a{}=1", ".a".repeat(10_000));
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let xml = format!("{}{}", "<Delete>".repeat(100_000), "</Delete>".repeat(100_000));
    let pattern = format!(
        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag:a&Filter.1.Value.1={}",
        "*a".repeat(100_000)
    );
    let json = "POST / HTTP/1.1\r\nX-Amz-Target: AmazonSSM.SendCommand";
    for (service, head, body, status) in [
        ("ec2", FORM, dots, 400),
        ("ssm", json, nested.clone(), 400),
        ("lambda", "POST /2015-03-31/functions/f/invocations HTTP/1.1", nested, 400),
        ("s3", "POST /results?delete HTTP/1.1", xml, 400),
        ("ec2", FORM, pattern, 200),
    ] {
        let answer = served.call(service, head, body.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{service}: {}",
            &answer[..answer.len().min(500)]
        );
    }
}

/// The announced sizes would be 500 GiB together.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_set_aside_for_what_arrives_and_not_for_what_is_announced() {
    use tokio::io::AsyncWriteExt as _;
    let pages = || {
        std::fs::read_to_string("/proc/self/statm")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    let before = pages();
    let mut clients = Vec::new();
    for _ in 0..100 {
        let put = head(&served, "PUT /results/k", "s3", &served.address, "", 5 * 1024 * 1024 * 1024);
        let mut client = tokio::net::TcpStream::connect(&served.address).await.unwrap();
        client.write_all(&[put.as_bytes(), b"abc"].concat()).await.unwrap();
        clients.push(client);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let after = pages();
    assert!(after.saturating_sub(before) < 1024 * 1024 * 1024 / 4096, "{before} pages became {after}");
    assert!(served.call("s3", "GET / HTTP/1.1", b"").await.starts_with("HTTP/1.1 200"));
}
