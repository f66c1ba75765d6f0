//! What the page of a stranger can do in a real browser: nothing.
//!
//! Both attacks know the access key, so that what keeps them out is the guard alone. Needs Chromium.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use crate::harness::{TestSandbox, document};

/// The name of the stranger, which the browser resolves to the stranger's address.
const EVIL: &str = "evil.example";

fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|program| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        eprintln!("SKIPPED: this machine has no Chromium");
    }
    found
}

/// The head of one request.
fn head(stream: &mut TcpStream) -> Vec<u8> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    head
}

/// Serves `page` at `/` on 127.0.0.2, and passes everything else to 127.0.0.1: as if the stranger's name had another address
/// by then (DNS rebinding).
fn stranger(port: u16, page: String) -> u16 {
    let listener = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let bound = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let page = page.clone();
            thread::spawn(move || {
                let head = head(&mut stream);
                if head.starts_with(b"GET / ") {
                    let length = page.len();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{page}"
                    );
                    return stream.write_all(answer.as_bytes());
                }
                let mut sandbox = TcpStream::connect(("127.0.0.1", bound))?;
                sandbox.write_all(&head)?;
                let (mut up, mut to) = (stream.try_clone()?, sandbox.try_clone()?);
                thread::spawn(move || std::io::copy(&mut up, &mut to));
                std::io::copy(&mut sandbox, &mut stream).map(drop)
            });
        }
    });
    bound
}

/// The document that `url` has become after its scripts ran.
fn visit(chromium: &str, url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--virtual-time-budget=20000", "--timeout=60000"])
        .arg(format!("--host-resolver-rules=MAP {EVIL} 127.0.0.2"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// A signature of the right key for `service`.
fn authorization(sandbox: &TestSandbox, service: &str) -> String {
    let key = sandbox.sandbox().keys().owner().to_owned();
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

#[test]
fn a_page_whose_name_resolves_to_this_machine_starts_nothing() {
    let Some(chromium) = chromium() else { return };
    TestSandbox::with(async |sandbox| {
        let input = document(&["touch /tmp/ec2-ops-was-here"]).to_string();
        let body = serde_json::json!({ "stateMachineArn": sandbox.state_machine_arn(), "input": input });
        let authorization = authorization(sandbox, "states");
        let page = format!(
            "<body>waiting<script>fetch('/', {{ method: 'POST', body: {body:?}, headers: {{
               'X-Amz-Target': 'AWSStepFunctions.StartExecution',
               'Content-Type': 'application/x-amz-json-1.0',
               'Authorization': '{authorization}' }} }})
             .then(answer => answer.text().then(text => document.body.textContent = answer.status + ' ' + text))
             .catch(error => document.body.textContent = error)</script>",
            body = body.to_string(),
        );
        let port = port(sandbox.sandbox().url());
        stranger(port, page);
        let seen = tokio::task::spawn_blocking(move || visit(chromium, &format!("http://{EVIL}:{port}/")));
        let seen = seen.await.unwrap();
        assert!(seen.contains("403") && seen.contains("is a name of this machine"), "{seen}");
        assert!(sandbox.account().ec2.instances().is_empty());
    });
}

#[test]
fn a_page_of_another_origin_plants_no_object() {
    let Some(chromium) = chromium() else { return };
    TestSandbox::with(async |sandbox| {
        let url = sandbox.sandbox().url().to_owned();
        let authorization = authorization(sandbox, "s3");
        let page = format!(
            "<body>waiting
             <form id=form action='{url}/sandbox-output' method=post enctype='multipart/form-data' target=frame>
               <input name=key value=planted><input name=file value=evil></form><iframe name=frame></iframe>
             <script>form.submit();
             const put = {{ method: 'PUT', body: 'evil', headers: {{ 'Authorization': '{authorization}' }} }};
             Promise.allSettled([
               fetch('{url}/sandbox-output/planted', put),
               fetch('{url}/sandbox-output/planted', {{ method: 'POST', mode: 'no-cors', body: 'evil' }}),
             ]).then(all => document.body.append(' done ' + all.map(one => one.status)))</script>"
        );
        let stranger = stranger(0, page);
        let seen =
            tokio::task::spawn_blocking(move || visit(chromium, &format!("http://{EVIL}:{stranger}/")));
        let seen = seen.await.unwrap();
        assert!(seen.contains("done"), "{seen}");
        let s3 = &sandbox.account().s3;
        assert!(s3.get_object("sandbox-output", "planted").is_err());
    });
}
