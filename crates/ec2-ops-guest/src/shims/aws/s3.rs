//! A small S3 client: path-style, without TLS, for the sandbox's own endpoint, which reads the access key of a signature
//! and does not verify the signature.

use std::fs::File;
use std::io::{self, Read};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder, SendBody};

use super::call::Location;
use super::{Failure, xml};

/// What a URL path may hold as it is: the unreserved characters and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// One object of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) size: u64,
    /// RFC 3339, UTC.
    pub(super) last_modified: String,
}

/// A listing: the objects, and with a delimiter the prefixes that stand for more of them.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) objects: Vec<Object>,
    pub(super) prefixes: Vec<String>,
}

pub(super) struct S3 {
    agent: Agent,
    endpoint: String,
    /// The header that carries the access key.
    authorization: String,
}

impl S3 {
    /// The client for `AWS_ENDPOINT_URL`.
    pub(super) fn from_environment() -> Result<Self, Failure> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|_| Failure { text: format!("aws: {name} is not set"), code: 253 })
        };
        let endpoint = variable("AWS_ENDPOINT_URL")?;
        let scope = format!(
            "{}/20260101/{}/s3/aws4_request",
            variable("AWS_ACCESS_KEY_ID")?,
            variable("AWS_REGION")?
        );
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=unverified");
        let agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        Ok(Self { agent, endpoint: endpoint.trim_end_matches('/').to_owned(), authorization })
    }

    pub(super) fn put(&self, to: &Location, body: File) -> Result<(), Failure> {
        let length = body.metadata()?.len();
        let request =
            self.signed(self.agent.put(self.url(&to.bucket, &to.key))).header("content-length", length);
        let sent = request.send(SendBody::from_owned_reader(body));
        self.answer("PutObject", sent).map(drop)
    }

    /// The object's content. A missing one is reported as the CLI does, which asks for its head first.
    pub(super) fn get(&self, from: &Location) -> Result<impl Read + use<>, Failure> {
        let answer = self.signed(self.agent.get(self.url(&from.bucket, &from.key))).call();
        if answer.as_ref().is_ok_and(|answer| answer.status() == 404) {
            let why = format!("Key \"{}\" does not exist", from.key);
            return Err(error_occurred("404", "HeadObject", &why));
        }
        Ok(self.answer("GetObject", answer)?.into_body().into_reader())
    }

    pub(super) fn delete(&self, what: &Location) -> Result<(), Failure> {
        let answer = self.signed(self.agent.delete(self.url(&what.bucket, &what.key))).call();
        self.answer("DeleteObject", answer).map(drop)
    }

    pub(super) fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        let answer = self.signed(self.agent.put(self.url(bucket, ""))).send_empty();
        self.answer("CreateBucket", answer).map(drop)
    }

    /// Names and creation dates.
    pub(super) fn buckets(&self) -> Result<Vec<(String, String)>, Failure> {
        let xml = self.text("ListBuckets", format!("{}/", self.endpoint))?;
        let field = |bucket, tag| xml::text(bucket, tag).unwrap_or_default();
        Ok(xml::elements(&xml, "Bucket").map(|b| (field(b, "Name"), field(b, "CreationDate"))).collect())
    }

    /// All objects whose key starts with that of `at`; with `flat`, those beyond the next slash as prefixes.
    pub(super) fn list(&self, at: &Location, flat: bool) -> Result<Listing, Failure> {
        let mut listing = Listing::default();
        let mut token: Option<String> = None;
        loop {
            let mut url = format!("{}?list-type=2&prefix={}", self.url(&at.bucket, ""), query(&at.key));
            if flat {
                url.push_str("&delimiter=%2F");
            }
            if let Some(token) = &token {
                url.push_str("&continuation-token=");
                url.push_str(&query(token));
            }
            let xml = self.text("ListObjectsV2", url)?;
            listing.objects.extend(xml::elements(&xml, "Contents").map(object));
            let prefixes = xml::elements(&xml, "CommonPrefixes").filter_map(|p| xml::text(p, "Prefix"));
            listing.prefixes.extend(prefixes);
            token = xml::text(&xml, "NextContinuationToken");
            if token.is_none() {
                return Ok(listing);
            }
        }
    }

    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        request.header("authorization", &self.authorization)
    }

    fn url(&self, bucket: &str, key: &str) -> String {
        format!("{}/{bucket}/{}", self.endpoint, utf8_percent_encode(key, PATH))
            .trim_end_matches(|c| key.is_empty() && c == '/')
            .to_owned()
    }

    fn text(&self, operation: &str, url: String) -> Result<String, Failure> {
        let answer = self.signed(self.agent.get(url)).call();
        let mut text = String::new();
        self.answer(operation, answer)?.into_body().into_reader().read_to_string(&mut text)?;
        Ok(text)
    }

    /// The answer, if it is one of success; else what the CLI says.
    fn answer(
        &self,
        operation: &str,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Failure> {
        let connection = |error: &dyn std::fmt::Display| Failure {
            text: format!("Could not connect to the endpoint URL: \"{}\" ({error})", self.endpoint),
            code: 255,
        };
        let answer = answer.map_err(|error| connection(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let mut body = String::new();
        answer.into_body().into_reader().read_to_string(&mut body)?;
        let code = xml::text(&body, "Code").unwrap_or_else(|| status.as_u16().to_string());
        let message = xml::text(&body, "Message");
        let message = message.as_deref().or(status.canonical_reason()).unwrap_or("Unknown");
        Err(error_occurred(&code, operation, message))
    }
}

fn error_occurred(code: &str, operation: &str, message: &str) -> Failure {
    let text = format!("An error occurred ({code}) when calling the {operation} operation: {message}");
    Failure { text, code: 1 }
}

fn query(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

fn object(xml: &str) -> Object {
    Object {
        key: xml::text(xml, "Key").unwrap_or_default(),
        size: xml::text(xml, "Size").and_then(|size| size.parse().ok()).unwrap_or_default(),
        last_modified: xml::text(xml, "LastModified").unwrap_or_default(),
    }
}

/// All of stdin in a file without a name: S3 wants to know the length before the content.
pub(super) fn spooled_stdin() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("aws-stdin-{}", std::process::id()));
    let mut file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    io::Seek::rewind(&mut file)?;
    Ok(file)
}
