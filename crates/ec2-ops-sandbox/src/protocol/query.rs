//! The Query protocol's requests: the form, and the tree that its dotted names describe.
//!
//! See <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>, and for EC2's dialect
//! <https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html>. Lists are read in EC2's form, `Name.1`, which is
//! all that is needed so far.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::decode::{self, Misfit, ReadError};
use super::ec2_names;
use super::tree::{Field, Node};
use crate::AwsError;

/// How deep names may be nested. EC2's deepest has eight parts.
const MAX_DEPTH: usize = 16;

/// One service's API over Query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryApi {
    /// The only version that SDKs of today speak: `2016-11-15`.
    pub(crate) version: &'static str,
    /// The namespace of its answers.
    pub(crate) namespace: &'static str,
    pub(crate) dialect: Dialect,
}

/// How names and answers look.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    /// As in most services.
    Aws,
    /// As in EC2.
    Ec2,
}

impl Dialect {
    /// The element around each item of a list.
    pub(super) fn item(self) -> &'static str {
        match self {
            Self::Aws => "member",
            Self::Ec2 => "item",
        }
    }
}

/// The action that the form `body` asks for; empty if it names none.
pub(super) fn action(body: &[u8]) -> String {
    Form::parse(body).action.unwrap_or_default()
}

/// The typed input in the form `body`.
pub(super) fn read<T: DeserializeOwned>(api: QueryApi, body: &[u8]) -> Result<T, ReadError> {
    let Form { version, parameters, .. } = Form::parse(body);
    let missing = |name: &str| {
        AwsError::client("MissingParameter", format!("The request must contain the parameter {name}"))
    };
    match version.as_deref() {
        Some(version) if version == api.version => {}
        Some(other) => {
            return Err(ReadError::Unmodelled(format!("Version {other}, only {}", api.version)));
        }
        None => return Err(missing("Version").into()),
    }
    decode::input(tree(api.dialect, &parameters)?).map_err(|misfit| match misfit {
        Misfit::Unknown(path) => ReadError::Unmodelled(path),
        Misfit::Missing(path) => missing(&path).into(),
        Misfit::Invalid(path, why) => {
            let message = format!("The parameter {path} is invalid: {why}");
            AwsError::client("InvalidParameterValue", message).into()
        }
    })
}

/// A request as it was sent.
struct Form {
    action: Option<String>,
    version: Option<String>,
    /// All other parameters, in the order of the request.
    parameters: Vec<(String, String)>,
}

impl Form {
    fn parse(body: &[u8]) -> Self {
        let mut form = Self { action: None, version: None, parameters: Vec::new() };
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "Action" => form.action = Some(value.into_owned()),
                "Version" => form.version = Some(value.into_owned()),
                _ => form.parameters.push((name.into_owned(), value.into_owned())),
            }
        }
        form
    }
}

/// The tree of the parameters.
fn tree(dialect: Dialect, parameters: &[(String, String)]) -> Result<Node, AwsError> {
    let mut root = Branch::default();
    for (name, value) in parameters {
        if name.split('.').nth(MAX_DEPTH).is_some() {
            let message = format!("a parameter's name has more than {MAX_DEPTH} parts");
            return Err(AwsError::client("MalformedQueryString", message));
        }
        root.insert(name, name, value)?;
    }
    root.node(dialect, "", "")
}

/// A node before it is known whether it is a list.
#[derive(Default)]
struct Branch {
    value: Option<String>,
    children: BTreeMap<String, Branch>,
}

impl Branch {
    fn insert(&mut self, whole: &str, rest: &str, value: &str) -> Result<(), AwsError> {
        let (head, tail) = rest.split_once('.').map_or((rest, None), |(head, tail)| (head, Some(tail)));
        if head.is_empty() {
            return Err(malformed(whole));
        }
        let child = self.children.entry(head.to_owned()).or_default();
        match tail {
            Some(tail) => child.insert(whole, tail, value),
            None if child.value.is_some() => Err(malformed(whole)),
            None => {
                child.value = Some(value.to_owned());
                Ok(())
            }
        }
    }

    /// What this branch is, at `path` and in the structure that the wire calls `parent`.
    fn node(self, dialect: Dialect, path: &str, parent: &str) -> Result<Node, AwsError> {
        match self.value {
            Some(_) if !self.children.is_empty() => Err(malformed(path)),
            Some(text) => Ok(Node::Text(text)),
            None if self.children.keys().any(|key| key.bytes().all(|b| b.is_ascii_digit())) => {
                list(dialect, self.children, path, parent)
            }
            None => fields(dialect, self.children, path, parent),
        }
    }
}

/// The items in the order of their numbers, which start at one and leave none out.
fn list(
    dialect: Dialect,
    mut children: BTreeMap<String, Branch>,
    path: &str,
    parent: &str,
) -> Result<Node, AwsError> {
    let mut items = Vec::with_capacity(children.len());
    for number in 1..=children.len() {
        let path = format!("{path}.{number}");
        let item = children.remove(&number.to_string()).ok_or_else(|| malformed(&path))?;
        items.push(item.node(dialect, &path, parent)?);
    }
    Ok(Node::List(items))
}

fn fields(
    dialect: Dialect,
    children: BTreeMap<String, Branch>,
    path: &str,
    parent: &str,
) -> Result<Node, AwsError> {
    let mut fields = Vec::with_capacity(children.len());
    for (wire, child) in children {
        let path = if path.is_empty() { wire.clone() } else { format!("{path}.{wire}") };
        let node = child.node(dialect, &path, &wire)?;
        let name = match (dialect, &node) {
            (Dialect::Ec2, Node::List(_)) => ec2_names::list(parent, &wire),
            _ => wire.clone(),
        };
        fields.push(Field { wire, name, node });
    }
    Ok(Node::Fields(fields))
}

fn malformed(name: &str) -> AwsError {
    AwsError::client(
        "MalformedQueryString",
        format!("The parameter {name} is repeated, skipped or both a value and a structure"),
    )
}
