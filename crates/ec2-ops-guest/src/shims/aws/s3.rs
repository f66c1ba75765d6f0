//! A small S3 client: path-style, without TLS, for the sandbox's own endpoint.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Response;
use ureq::{Body, SendBody};

use super::call::Location;
use super::endpoint::{Endpoint, error_occurred, variable};
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
    endpoint: Endpoint,
    region: String,
    /// The regions of buckets that are elsewhere.
    elsewhere: RefCell<HashMap<String, String>>,
}

type Answer = Result<Response<Body>, ureq::Error>;

impl S3 {
    /// The client for `AWS_ENDPOINT_URL`, in `region` or the one of the environment.
    pub(super) fn from_environment(region: Option<&str>) -> Result<Self, Failure> {
        Ok(Self {
            endpoint: Endpoint::from_environment()?,
            region: region.map_or_else(|| variable("AWS_REGION"), |region| Ok(region.to_owned()))?,
            elsewhere: RefCell::default(),
        })
    }

    pub(super) fn put(&self, to: &Location, body: &File) -> Result<(), Failure> {
        let length = body.metadata()?.len();
        let sent = self.send(&to.bucket, |authorization| {
            let mut content = body.try_clone()?;
            content.rewind()?;
            let request =
                self.endpoint.agent.put(self.url(&to.bucket, &to.key)).header("content-length", length);
            request.header("authorization", authorization).send(SendBody::from_owned_reader(content))
        });
        self.answer("PutObject", sent).map(drop)
    }

    /// The object's content. A missing one is reported as the CLI does, which asks for its head first.
    pub(super) fn get(&self, from: &Location) -> Result<impl Read + use<>, Failure> {
        let answer = self.get_url(&from.bucket, &self.url(&from.bucket, &from.key));
        if answer.as_ref().is_ok_and(|answer| answer.status() == 404) {
            let why = format!("Key \"{}\" does not exist", from.key);
            return Err(error_occurred("404", "HeadObject", &why, 1));
        }
        Ok(self.answer("GetObject", answer)?.into_body().into_reader())
    }

    pub(super) fn delete(&self, what: &Location) -> Result<(), Failure> {
        let answer = self.send(&what.bucket, |authorization| {
            let request = self.endpoint.agent.delete(self.url(&what.bucket, &what.key));
            request.header("authorization", authorization).call()
        });
        self.answer("DeleteObject", answer).map(drop)
    }

    pub(super) fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        let request = self.endpoint.agent.put(self.url(bucket, ""));
        let request = request.header("authorization", self.authorization(&self.region));
        let answer = match self.region.as_str() {
            "us-east-1" => request.send_empty(),
            region => request.send(format!(
                "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            )),
        };
        self.answer("CreateBucket", answer).map(drop)
    }

    /// Names and creation dates.
    pub(super) fn buckets(&self) -> Result<Vec<(String, String)>, Failure> {
        let xml = self.text("ListBuckets", "", &format!("{}/", self.endpoint.url))?;
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
            let xml = self.text("ListObjectsV2", &at.bucket, &url)?;
            listing.objects.extend(xml::elements(&xml, "Contents").map(object));
            let prefixes = xml::elements(&xml, "CommonPrefixes").filter_map(|p| xml::text(p, "Prefix"));
            listing.prefixes.extend(prefixes);
            token = xml::text(&xml, "NextContinuationToken");
            if token.is_none() {
                return Ok(listing);
            }
        }
    }

    /// The header of a call in `region`.
    fn authorization(&self, region: &str) -> String {
        self.endpoint.authorization(region, "s3")
    }

    /// Makes a request about a bucket, and once more in the bucket's region if that is another one, as the CLI does.
    fn send(&self, bucket: &str, request: impl Fn(String) -> Answer) -> Answer {
        let region = self.elsewhere.borrow().get(bucket).unwrap_or(&self.region).clone();
        let answer = request(self.authorization(&region))?;
        if !matches!(answer.status().as_u16(), 301 | 400) {
            return Ok(answer);
        }
        let head = self.endpoint.agent.head(self.url(bucket, ""));
        let head = head.header("authorization", self.authorization(&region)).call()?;
        match head.headers().get("x-amz-bucket-region").and_then(|own| own.to_str().ok()) {
            Some(own) if own != region => {
                self.elsewhere.borrow_mut().insert(bucket.to_owned(), own.to_owned());
                request(self.authorization(own))
            }
            _ => Ok(answer),
        }
    }

    fn get_url(&self, bucket: &str, url: &str) -> Answer {
        self.send(bucket, |authorization| {
            self.endpoint.agent.get(url).header("authorization", authorization).call()
        })
    }

    fn url(&self, bucket: &str, key: &str) -> String {
        format!("{}/{bucket}/{}", self.endpoint.url, utf8_percent_encode(key, PATH))
            .trim_end_matches(|c| key.is_empty() && c == '/')
            .to_owned()
    }

    fn text(&self, operation: &str, bucket: &str, url: &str) -> Result<String, Failure> {
        let answer = self.get_url(bucket, url);
        let mut text = String::new();
        self.answer(operation, answer)?.into_body().into_reader().read_to_string(&mut text)?;
        Ok(text)
    }

    /// The answer, if it is one of success; else what the CLI says.
    fn answer(&self, operation: &str, answer: Answer) -> Result<Response<Body>, Failure> {
        let answer = answer.map_err(|error| self.endpoint.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let mut body = String::new();
        answer.into_body().into_reader().read_to_string(&mut body)?;
        let code = xml::text(&body, "Code").unwrap_or_else(|| status.as_u16().to_string());
        let message = xml::text(&body, "Message");
        let message = message.as_deref().or(status.canonical_reason()).unwrap_or("Unknown");
        Err(error_occurred(&code, operation, message, 1))
    }
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
