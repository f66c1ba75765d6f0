//! From typed answers and errors to XML.

use std::borrow::Cow;

use serde_json::Value;

use super::ec2_names;
use super::query::{Dialect, QueryApi};
use crate::AwsError;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The answer of `action`, in the form of the dialect.
pub(super) fn response(api: QueryApi, action: &str, request_id: &str, output: &Value) -> String {
    let QueryApi { namespace, dialect, .. } = api;
    let mut content = String::new();
    match (dialect, output) {
        // The actions of EC2 that answer with nothing say so.
        (Dialect::Ec2, Value::Null) => content.push_str("<return>true</return>"),
        (_, output) => write(&mut content, dialect, "", output),
    }
    let body = match dialect {
        Dialect::Ec2 => format!("<requestId>{request_id}</requestId>{content}"),
        Dialect::Aws => format!(
            "<{action}Result>{content}</{action}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        ),
    };
    format!("{DECLARATION}<{action}Response xmlns=\"{namespace}\">{body}</{action}Response>")
}

/// An error of a Query protocol.
pub(super) fn error(api: QueryApi, error: &AwsError, request_id: &str) -> String {
    let described = described(error);
    match api.dialect {
        Dialect::Ec2 => format!(
            "{DECLARATION}<Response><Errors><Error>{described}</Error></Errors>\
             <RequestID>{request_id}</RequestID></Response>"
        ),
        Dialect::Aws => {
            let at_fault = if error.status < 500 { "Sender" } else { "Receiver" };
            format!(
                "{DECLARATION}<ErrorResponse xmlns=\"{}\"><Error><Type>{at_fault}</Type>{described}</Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
                api.namespace
            )
        }
    }
}

/// An error of S3.
pub(super) fn rest_error(error: &AwsError, request_id: &str) -> String {
    let detail = |(element, value): &(&str, String)| format!("<{element}>{}</{element}>", escaped(value));
    let details: String = error.details.iter().map(detail).collect();
    let described = described(error);
    format!(
        "{DECLARATION}<Error>{described}{details}<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
    )
}

fn described(error: &AwsError) -> String {
    format!("<Code>{}</Code><Message>{}</Message>", escaped(&error.code), escaped(&error.message))
}

/// Writes the content of the element that the API calls `owner`.
fn write(out: &mut String, dialect: Dialect, owner: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Array(items) => {
            for item in items {
                element(out, dialect, dialect.item(), owner, item);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                let tag = match dialect {
                    Dialect::Ec2 => ec2_names::element(owner, field),
                    Dialect::Aws => Cow::Borrowed(field.as_str()),
                };
                element(out, dialect, &tag, field, value);
            }
        }
    }
}

fn element(out: &mut String, dialect: Dialect, tag: &str, owner: &str, value: &Value) {
    out.push('<');
    out.push_str(tag);
    out.push('>');
    write(out, dialect, owner, value);
    out.push_str("</");
    out.push_str(tag);
    out.push('>');
}

/// `text` with everything that XML reads as markup, or that a reader would normalise, written as a reference. XML 1.0
/// has no way to write the other control characters; they become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
