//! The form of a request, and the tree that its dotted names describe.

use std::collections::BTreeMap;

use crate::AwsError;

/// A request as it was sent.
pub(super) struct Form {
    pub(super) action: Option<String>,
    pub(super) version: Option<String>,
    /// All other parameters, in the order of the request.
    pub(super) parameters: Vec<(String, String)>,
}

/// A value of a request.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    /// `Name=text`.
    Text(String),
    /// `Name.1…`, `Name.2…`.
    List(Vec<Node>),
    /// `Name.Field…`.
    Fields(Vec<Field>),
}

/// A field of a structure, by both its names.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    /// On the wire, for example `Filter`.
    pub(super) wire: String,
    /// In the API, for example `Filters`.
    pub(super) name: String,
    pub(super) node: Node,
}

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        let mut form = Self {
            action: None,
            version: None,
            parameters: Vec::new(),
        };
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
pub(super) fn tree(parameters: &[(String, String)]) -> Result<Node, AwsError> {
    let mut root = Branch::default();
    for (name, value) in parameters {
        root.insert(name, name, value)?;
    }
    root.node("", "")
}

/// A node before it is known whether it is a list.
#[derive(Default)]
struct Branch {
    value: Option<String>,
    children: BTreeMap<String, Branch>,
}

impl Branch {
    fn insert(&mut self, whole: &str, rest: &str, value: &str) -> Result<(), AwsError> {
        let (head, tail) = rest
            .split_once('.')
            .map_or((rest, None), |(head, tail)| (head, Some(tail)));
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
    fn node(self, path: &str, parent: &str) -> Result<Node, AwsError> {
        match self.value {
            Some(_) if !self.children.is_empty() => Err(malformed(path)),
            Some(text) => Ok(Node::Text(text)),
            None if self
                .children
                .keys()
                .any(|key| key.bytes().all(|b| b.is_ascii_digit())) =>
            {
                list(self.children, path, parent)
            }
            None => fields(self.children, path, parent),
        }
    }
}

/// The items in the order of their numbers, which start at one and leave none out.
fn list(mut children: BTreeMap<String, Branch>, path: &str, parent: &str) -> Result<Node, AwsError> {
    let mut items = Vec::with_capacity(children.len());
    for number in 1..=children.len() {
        let path = format!("{path}.{number}");
        let item = children
            .remove(&number.to_string())
            .ok_or_else(|| malformed(&path))?;
        items.push(item.node(&path, parent)?);
    }
    Ok(Node::List(items))
}

fn fields(children: BTreeMap<String, Branch>, path: &str, parent: &str) -> Result<Node, AwsError> {
    let mut fields = Vec::with_capacity(children.len());
    for (wire, child) in children {
        let path = if path.is_empty() {
            wire.clone()
        } else {
            format!("{path}.{wire}")
        };
        let node = child.node(&path, &wire)?;
        let name = if matches!(node, Node::List(_)) {
            plural(parent, &wire)
        } else {
            wire.clone()
        };
        fields.push(Field { wire, name, node });
    }
    Ok(Node::Fields(fields))
}

/// The API's name of a list: the wire uses the singular, and for two lists another word altogether.
fn plural(parent: &str, wire: &str) -> String {
    match (parent, wire) {
        ("", "ResourceId") => "Resources".to_owned(),
        ("NetworkInterface", "SecurityGroupId") => "Groups".to_owned(),
        _ => format!("{wire}s"),
    }
}

fn malformed(name: &str) -> AwsError {
    AwsError::client(
        "MalformedQueryString",
        format!("The parameter {name} is repeated, skipped or both a value and a structure"),
    )
}
