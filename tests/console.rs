//! The console over HTTP, without a browser: who may ask, what it shows, what it does.

use std::fmt::Write as _;
use std::time::Duration;

use ec2_ops_client::{Client, Served};
use ec2_ops_console::{Backstage, Console};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{LONG, TestSandbox, document};

/// A browser in front of the console of a sandbox.
struct Page {
    address: String,
    /// The URL that opens the console.
    url: String,
    cookie: String,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Page {
    async fn open(sandbox: &TestSandbox) -> Self {
        let served = Served {
            endpoint_url: sandbox.sandbox().url().to_owned(),
            region: sandbox.sandbox().names().region.clone(),
            access_key_id: sandbox.sandbox().keys().owner().to_owned(),
            secret_access_key: "sandbox".to_owned(),
            state_machine_arn: sandbox.state_machine_arn().to_owned(),
            console_url: None,
        };
        let backstage = Backstage {
            journal: sandbox.account().platform.journal.clone(),
            faults: sandbox.sandbox().faults().clone(),
        };
        let console = Console::bind(0, Client::of_sandbox(served), Some(backstage)).await.unwrap();
        let url = console.url();
        let address = url.split('/').nth(2).unwrap().to_owned();
        tokio::spawn(console.serve());
        let mut page = Self { address, url, cookie: String::new() };
        let opened = page.request("GET", page.url.rsplit_once('/').unwrap().1, &[], "").await;
        assert_eq!(opened.status, 303, "{opened:?}");
        let cookie = opened.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut page.cookie);
        page
    }

    /// A request with headers in place of, or beside, those of a browser.
    async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.send(method, path, headers, body).await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::read(&String::from_utf8(bytes).unwrap())
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let length = body.len().to_string();
        let usual = [
            ("host", self.address.as_str()),
            ("cookie", self.cookie.as_str()),
            ("connection", "close"),
            ("content-length", length.as_str()),
        ];
        let replaced = |name: &str| headers.iter().any(|(other, _)| *other == name);
        let usual = usual.iter().filter(|(name, _)| !replaced(name));
        let mut head = format!("{method} /{} HTTP/1.1\r\n", path.trim_start_matches('/'));
        for (name, value) in usual.chain(headers) {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        stream
    }

    async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.request("POST", path, &[], &encoded(form)).await
    }

    /// What a stream of events has sent until `text` came.
    async fn stream_until(&self, path: &str, headers: &[(&str, &str)], text: &str) -> String {
        let mut stream = self.send("GET", path, headers, "").await;
        let (mut seen, mut buffer) = (Vec::new(), vec![0; 65_536]);
        let read = tokio::time::timeout(LONG, async {
            loop {
                let length = stream.read(&mut buffer).await.unwrap();
                assert_ne!(length, 0, "the stream ended without {text:?}");
                seen.extend_from_slice(&buffer[..length]);
                if String::from_utf8_lossy(&seen).contains(text) {
                    return String::from_utf8_lossy(&seen).into_owned();
                }
            }
        });
        read.await.unwrap_or_else(|_| panic!("no {text:?}"))
    }

    /// The page at `path`, once it has `text`.
    async fn until(&self, path: &str, text: &str) -> String {
        for _ in 0..LONG.as_millis() / 20 {
            let answer = self.get(path).await;
            if answer.body.contains(text) {
                return answer.body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path} never had {text:?}: {}", self.get(path).await.body);
    }

    async fn start(&self, name: &str, document: &Value) {
        let started = self.post("/start", &[("name", name), ("document", &document.to_string())]).await;
        assert_eq!(started.status, 303, "{started:?}");
        assert_eq!(started.header("location").unwrap(), format!("/executions/{}", encoded_segment(name)));
    }
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

fn encoded_segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn encoded(form: &[(&str, &str)]) -> String {
    let pairs = form.iter().map(|(name, value)| format!("{name}={}", encoded_segment(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[test]
fn only_a_browser_with_the_token_sees_anything() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let token = page.cookie.split_once('=').unwrap().1.to_owned();
        for cookie in
            ["", "a=b", &format!("ec2-ops-console-1={token}"), &page.cookie[..page.cookie.len() - 1]]
        {
            for (method, path) in
                [("GET", "/"), ("GET", "/live"), ("GET", "/new"), ("POST", "/start"), ("POST", "/check")]
            {
                let answer = page.request(method, path, &[("cookie", cookie)], "").await;
                assert_eq!(answer.status, 401, "{method} {path} with {cookie:?}");
                assert!(!answer.body.contains(&token));
            }
        }
        let wrong = page.request("GET", "/?token=0000", &[("cookie", "")], "").await;
        assert_eq!(wrong.status, 401);
        assert_eq!(page.get("/").await.status, 200);
    });
}

#[test]
fn a_page_of_another_origin_and_another_host_are_refused_though_they_have_the_token() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let body = encoded(&[("name", "planted"), ("document", &document(&["true"]).to_string())]);
        let port = page.address.rsplit(':').next().unwrap().to_owned();
        for (name, value) in [
            ("origin", "http://evil.example".to_owned()),
            ("origin", "null".to_owned()),
            ("origin", "http://127.0.0.1:1".to_owned()),
            ("sec-fetch-site", "cross-site".to_owned()),
            ("sec-fetch-site", "same-site".to_owned()),
            ("host", format!("evil.example:{port}")),
            ("host", "127.0.0.1:1".to_owned()),
        ] {
            let refused = page.request("POST", "/start", &[(name, &value)], &body).await;
            assert_eq!(refused.status, 403, "{name}: {value}");
        }
        assert!(sandbox.account().ec2.instances().is_empty());
        let own = format!("http://{}", page.address);
        let accepted = page
            .request("POST", "/start", &[("origin", &own), ("sec-fetch-site", "same-origin")], &body)
            .await;
        assert_eq!(accepted.status, 303);
        page.until("/executions/planted", "Succeeded").await;
    });
}

#[test]
fn every_answer_keeps_the_browser_strict() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        for path in ["/", "/new", "/assets/console.css", "/assets/console.js", "/none", "/executions/none"] {
            let answer = page.get(path).await;
            let policy = answer.header("content-security-policy").unwrap();
            assert!(
                policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            assert!(policy.contains("frame-ancestors 'none'"), "{path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            // What the policy forbids is not there.
            assert!(!answer.body.contains("<style") && !answer.body.contains(" style="), "{path}");
            assert!(!answer.body.contains(" onclick=") && !answer.body.contains("<script>"), "{path}");
        }
    });
}

/// What commands print and what documents say is the text of strangers.
#[test]
fn hostile_texts_are_shown_and_not_interpreted() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)>";
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let command = format!("echo '{HOSTILE}'; echo '\"</script>{HOSTILE}' >&2; exit 3");
        page.start("hostile-<b>'\"".replace(['<', '>', '"'], "").as_str(), &document(&[&command])).await;
        let name = encoded_segment("hostile-b'");
        let shown = page.until(&format!("/executions/{name}"), "CommandFailed").await;
        assert!(shown.contains("&lt;img src=x onerror=alert(1)&gt;"));
        assert!(!shown.contains("<img"), "{shown}");
        let stream = page.stream_until(&format!("/executions/{name}/live"), &[], "event: end").await;
        let parts = stream.split("event: lines").next().unwrap();
        assert!(!parts.contains("<img"));
        let verdict = page.post("/check", &[("document", &format!("{{\"{HOSTILE}\": 1}}"))]).await;
        assert!(verdict.body.contains("&lt;img") && !verdict.body.contains("<img"), "{}", verdict.body);
        let gone = page.get(&format!("/executions/{}", encoded_segment(HOSTILE))).await;
        assert!(gone.status == 404 && !gone.body.contains("<img"), "{}", gone.body);
    });
}

#[test]
fn executions_are_listed_by_outcome_and_filtered() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        assert!(page.get("/").await.body.contains("Nothing has run yet"));
        page.start("good", &document(&["true"])).await;
        page.start("wrong", &document(&["echo no >&2; exit 3"])).await;
        page.until("/?outcome=Succeeded", "row-good").await;
        let failed = page.until("/?outcome=CommandFailed", "row-wrong").await;
        assert!(failed.contains("exit code 3") && !failed.contains("row-good"));
        assert!(failed.contains("1 of 1") && failed.contains("t4g.nano · on-demand"));
        let named = page.get("/?name=goo").await.body;
        assert!(named.contains("row-good") && !named.contains("row-wrong"));
        assert_eq!(page.get("/rows?name=goo").await.body, "", "the page has all rows already");
        assert!(page.until("/", "left running: <b>0").await.contains("instances running in us-east-1: <b>0"));
    });
}

#[test]
fn an_execution_is_shown_while_it_runs_and_stopped() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        page.start("endless", &document(&["echo to stdout", "sleep 3600"])).await;
        let shown = page.until("/executions/endless", ">to stdout<").await;
        for text in [
            "its commands to end",
            "next look within",
            "instances running: <b>1",
            "aws stepfunctions describe-execution",
        ] {
            assert!(shown.contains(text), "{text}");
        }
        assert!(shown.contains("aria-label=\"EC2Poller, running\""), "the graph says it in words");
        let stopped = page.post("/executions/endless/stop", &[]).await;
        assert_eq!(stopped.status, 303);
        page.until("/executions/endless", "left running: <b>0").await;
        assert!(page.until("/executions/endless", "terminated").await.contains("Aborted"));
        sandbox.assert_empty().await;
    });
}

#[test]
fn states_attempts_and_events_have_pages_of_their_own() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let mut again = document(&["echo attempt; exit 3"]);
        again["run_options"]["n_retries_allowed"] = json!(1);
        page.start("twice", &again).await;
        let shown = page.until("/executions/twice", "took <b>").await;
        assert!(shown.contains("Attempt 1") && shown.contains("Attempt 2"));
        let first = page.get("/executions/twice?attempt=1").await.body;
        assert!(first.contains(">attempt<"), "the output of the first attempt");
        let link = first.split("href=\"/executions/twice/states/").nth(1).unwrap().split('"').next().unwrap();
        let state = page.get(&format!("/executions/twice/states/{link}")).await.body;
        assert!(state.contains("Input") && state.contains("StateEntered"), "{state}");
        assert_eq!(page.get("/executions/twice/states/99999").await.status, 404);
        let events = page.get("/executions/twice/events?after=0").await.body;
        assert!(events.contains("ExecutionStarted") && events.contains("CommandFailed"));
        let rest = page.get("/executions/twice/events?after=20").await.body;
        assert!(!rest.contains("data-id=\"20\"") && rest.contains("data-id=\"21\""));
    });
}

#[test]
fn a_stream_goes_on_where_it_broke() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let commands = ["echo first line", "sleep 1", "echo second line", "sleep 3600"];
        page.start("stream", &document(&commands)).await;
        let path = "/executions/stream/live?after=0.0";
        let seen = page.stream_until(path, &[], "first line\"]").await;
        let id = page.stream_until(path, &[], "id: ").await;
        assert!(seen.contains("event: part") && seen.contains("data: graph") && id.contains("id: "));
        let whole = page.stream_until(path, &[], "second line\"]").await;
        let last = whole.rsplit("id: ").next().unwrap().lines().next().unwrap_or_default();
        let (event, lines) = last.split_once('.').unwrap();
        assert!(event.parse::<i64>().unwrap() > 10 && lines == "2", "{last}");
        // It has seen the first line, so only the second comes again.
        let resumed =
            page.stream_until(path, &[("last-event-id", &format!("{event}.1"))], "second line\"]").await;
        assert!(!resumed.contains("first line\"]"), "{resumed}");
        page.post("/executions/stream/stop", &[]).await;
        page.stream_until("/executions/stream/live", &[], "event: end").await;
    });
}

#[test]
fn a_document_is_checked_while_it_is_written_and_before_it_is_started() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let editor = page.get("/new").await.body;
        assert!(editor.contains("sandbox-output/hello/hello.txt") && editor.contains("✓ valid"));
        let wrong = "{\n \"comands\": [],\n \"instance_parameters\": {}\n}";
        let verdict = page.post("/check", &[("document", wrong)]).await.body;
        assert!(
            verdict.contains("did you mean commands?") && verdict.contains("data-line=\"2\""),
            "{verdict}"
        );
        let valid = document(&["true"]);
        let text = serde_json::to_string_pretty(&valid).unwrap();
        let at = text.lines().position(|line| line.contains("timeout_s")).unwrap() + 1;
        let described = page
            .post("/check", &[("document", &text), ("line", &at.to_string()), ("column", "8")])
            .await
            .body;
        assert!(described.contains("$.run_options.timeout_s"), "{described}");
        let refused = page.post("/start", &[("name", "wrong"), ("document", wrong)]).await;
        assert!(refused.status == 422 && refused.body.contains("nothing was started"), "{refused:?}");
        let named = page.post("/start", &[("name", "a b"), ("document", &valid.to_string())]).await;
        assert!(named.status == 422 && named.body.contains("InvalidName"), "{named:?}");
        page.start("first", &valid).await;
        let again = page.get("/new?from=first").await.body;
        assert!(again.contains("value=\"first-") && again.contains("ami-0abcdef1234567890"));
        page.until("/executions/first", "Succeeded").await;
    });
}

#[test]
fn a_fault_by_a_button_strikes_and_its_call_stands_out() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        assert!(page.get("/sandbox").await.body.contains("Nothing is planned"));
        let wrong = page.post("/faults", &[("fault", "break everything")]).await;
        assert!(wrong.status == 422 && wrong.body.contains("expected one of error, throttle"), "{wrong:?}");
        for fault in ["throttle RunInstances", "die-after Commander.SendCommand", "lose instance"] {
            let planned = page.post("/faults", &[("fault", fault), ("back", "//evil.example")]).await;
            assert_eq!(planned.header("location"), Some("/sandbox"), "{fault}");
        }
        assert!(
            page.get("/sandbox").await.body.contains("planned: any function&#39;s RunInstances 1")
                || page.get("/sandbox").await.body.contains("RunInstances 1: Throttled")
        );
        page.start("other", &document(&["true"])).await;
        page.until("/executions/other", "took <b>").await;
        let shown = page.get("/executions/other").await.body;
        assert!(shown.contains("tr class=\"refused\""), "{shown}");
        for text in ["RequestLimitExceeded", "no answer", "Runtime.ExitError", "lost, by plan"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
        assert!(page.get("/sandbox").await.body.contains("Nothing is planned"));
        // Each execution has its own calls.
        page.start("calm", &document(&["true"])).await;
        page.until("/executions/calm", "took <b>").await;
        let calm = page.get("/executions/calm").await.body;
        assert!(calm.contains("<b>RunInstances</b>") && !calm.contains("RequestLimitExceeded"), "{calm}");
    });
}

#[test]
fn an_instance_that_is_stopped_or_interrupted_is_reported_lost() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let mut spot = document(&["sleep 3600"]);
        spot["run_options"]["ii_cheapo"] = json!(true);
        spot["run_options"]["n_retries_allowed"] = json!(1);
        page.start("spot", &spot).await;
        page.until("/executions/spot", "its commands to end").await;
        let instance = sandbox.account().ec2.instances()[0].instance.instance_id.clone();
        let path = |action: &str| format!("/executions/spot/instances/{instance}/{action}");
        assert_eq!(page.post(&path("explode"), &[]).await.status, 404);
        assert_eq!(page.post(&path("interrupt"), &[]).await.status, 303);
        page.until("/executions/spot", "SpotInterrupted").await;
        page.until("/executions/spot?attempt=2", "its commands to end").await;
        let second = sandbox
            .account()
            .ec2
            .instances()
            .into_iter()
            .find(|other| other.instance.instance_id != instance)
            .unwrap();
        assert_eq!(
            page.post(&format!("/executions/spot/instances/{}/stop", second.instance.instance_id), &[])
                .await
                .status,
            303
        );
        page.until("/executions/spot", "InstanceLost").await;
        page.until("/executions/spot", "left running: <b>0").await;
    });
}

#[test]
fn an_object_is_shown_with_its_time_beside_the_start_of_the_commands() {
    TestSandbox::with(async |sandbox| {
        let page = Page::open(sandbox).await;
        let mut promised = document(&["echo new | aws s3 cp - s3://sandbox-output/new"]);
        promised["bucket"] = json!("sandbox-output");
        promised["obj_key"] = json!("new");
        page.start("new", &promised).await;
        let shown = page.until("/executions/new", "after the start of the commands").await;
        assert!(shown.contains("s3://sandbox-output/new"), "{shown}");
    });
}
