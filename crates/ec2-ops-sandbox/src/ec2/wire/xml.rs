//! From a typed response to EC2's XML.

use std::borrow::Cow;

use serde_json::Value;

use crate::AwsError;

/// The answer of `action`.
pub(super) fn response(action: &str, request_id: &str, answer: &Value) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response \
         xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{request_id}</requestId>"
    );
    match answer {
        // The actions that answer with nothing say so.
        Value::Null => out.push_str("<return>true</return>"),
        answer => content(&mut out, "", answer),
    }
    out.push_str("</");
    out.push_str(action);
    out.push_str("Response>");
    out
}

/// An error as EC2 sends it.
pub(super) fn error(error: &AwsError, request_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message>\
         </Error></Errors><RequestID>{request_id}</RequestID></Response>",
        escaped(&error.code),
        escaped(&error.message)
    )
}

/// What stands between the tags of the element that the API calls `owner`.
fn content(out: &mut String, owner: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Array(items) => {
            for item in items {
                element(out, "item", owner, item);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                element(out, &name(owner, field), field, value);
            }
        }
    }
}

fn element(out: &mut String, tag: &str, owner: &str, value: &Value) {
    out.push('<');
    out.push_str(tag);
    out.push('>');
    content(out, owner, value);
    out.push_str("</");
    out.push_str(tag);
    out.push('>');
}

/// The wire's name of `field` in a structure that the API calls `owner` (empty for the response itself).
fn name(owner: &str, field: &str) -> Cow<'static, str> {
    Cow::Borrowed(match (owner, field) {
        (_, "Attachments") => "attachmentSet",
        (_, "BlockDeviceMappings") => "blockDeviceMapping",
        (_, "Images") => "imagesSet",
        ("", "InstanceTypes") => "instanceTypeSet",
        (_, "Instances" | "StartingInstances" | "StoppingInstances" | "TerminatingInstances") => {
            "instancesSet"
        }
        (_, "Reservations") => "reservationSet",
        (_, "SecurityGroups") => "groupSet",
        (_, "Tags") => "tagSet",
        (_, "Volumes") => "volumeSet",
        (_, "StateTransitionReason") => "reason",
        (_, "PublicDnsName") => "dnsName",
        ("Images", "OwnerId") => "imageOwnerId",
        ("Images", "Public") => "isPublic",
        ("Images", "State") => "imageState",
        ("Instances", "State") => "instanceState",
        // A volume or an attachment, in a list or as the response itself.
        ("Volumes" | "Attachments" | "", "State") => "status",
        _ => return Cow::Owned(lower_first(field)),
    })
}

fn lower_first(field: &str) -> String {
    let mut chars = field.chars();
    chars
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(chars)
        .collect()
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
