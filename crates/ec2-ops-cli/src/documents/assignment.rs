//! `--set path=value`: a change of a document.

use std::str::FromStr;

use serde_json::Value;

/// One change of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    path: Vec<Step>,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field(String),
    Index(usize),
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected PATH=VALUE, such as run_options.timeout_s=60".to_owned();
        let (path, value) = text.split_once('=').ok_or_else(expected)?;
        let path = path.strip_prefix("$.").unwrap_or(path);
        Ok(Self { path: steps(path).ok_or_else(expected)?, value: json_or_text(value) })
    }
}

/// The steps of a path such as `commands[0]`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (field, indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        if field.is_empty() {
            return None;
        }
        steps.push(Step::Field(field.to_owned()));
        for index in indices.split_inclusive(']') {
            let number = index.strip_prefix('[')?.strip_suffix(']')?;
            steps.push(Step::Index(number.parse().ok()?));
        }
    }
    Some(steps)
}

fn json_or_text(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))
}

/// A column of a table of rows: the changes that its cells are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// A variable of that name, whose value is text.
    Variable(String),
    /// The path of a field, whose value is JSON or else text.
    Field(Vec<Step>),
}

impl Column {
    /// The column with that heading: `VPU`, or `$.instance_parameters.InstanceType`.
    ///
    /// # Errors
    /// Where it is neither the name of a variable nor a path.
    pub(crate) fn parse(heading: &str) -> Result<Self, String> {
        let expected =
            "expected the name of a variable, or a path such as $.instance_parameters.InstanceType";
        let column = match heading.strip_prefix("$.") {
            Some(path) => steps(path).map(Self::Field),
            None => (!heading.is_empty()).then(|| Self::Variable(heading.to_owned())),
        };
        column.ok_or_else(|| expected.to_owned())
    }

    /// The change that `cell` makes.
    pub(crate) fn with(&self, cell: &str) -> Assignment {
        match self {
            Self::Variable(name) => Assignment {
                path: ["variables", name].map(|name| Step::Field(name.to_owned())).into(),
                value: cell.into(),
            },
            Self::Field(path) => Assignment { path: path.clone(), value: json_or_text(cell) },
        }
    }
}

impl Assignment {
    /// The member of the document that it changes, or in which it changes something.
    pub(crate) fn member(&self) -> Option<&str> {
        self.path.iter().find_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
    }

    /// Changes `document`. Objects on the way are made; an entry of a list is replaced, or added at its end.
    ///
    /// # Errors
    /// Where the path leads through something that is no object or no list, or beyond the end of a list.
    pub(crate) fn apply(&self, document: &mut Value) -> Result<(), String> {
        let mut here = document;
        for step in &self.path {
            here = match step {
                Step::Field(name) => {
                    if here.is_null() {
                        *here = Value::Object(serde_json::Map::new());
                    }
                    let object = here
                        .as_object_mut()
                        .ok_or_else(|| format!("{name} is set in something that is no object"))?;
                    object.entry(name).or_insert(Value::Null)
                }
                Step::Index(index) => {
                    if here.is_null() {
                        *here = Value::Array(Vec::new());
                    }
                    let list = here
                        .as_array_mut()
                        .ok_or_else(|| format!("[{index}] is set in something that is no list"))?;
                    let length = list.len();
                    if *index == length {
                        list.push(Value::Null);
                    }
                    list.get_mut(*index).ok_or_else(|| format!("[{index}] is set in a list of {length}"))?
                }
            };
        }
        *here = self.value.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(mut document: Value, change: &str) -> Result<Value, String> {
        change.parse::<Assignment>()?.apply(&mut document)?;
        Ok(document)
    }

    #[test]
    fn a_value_is_json_or_else_text() {
        let document = json!({ "run_options": { "timeout_s": 30 } });
        assert_eq!(
            changed(document.clone(), "run_options.timeout_s=60").unwrap()["run_options"]["timeout_s"],
            60
        );
        assert_eq!(changed(document.clone(), "region=us-east-2").unwrap()["region"], "us-east-2");
        assert_eq!(changed(document.clone(), r#"obj_key="7""#).unwrap()["obj_key"], "7");
        assert_eq!(changed(document, "commands=[\"a=b\"]").unwrap()["commands"], json!(["a=b"]));
    }

    #[test]
    fn fields_on_the_way_are_made_and_lists_grow_at_their_end() {
        assert_eq!(changed(json!({}), "$.a.b=1").unwrap(), json!({ "a": { "b": 1 } }));
        assert_eq!(changed(json!({ "c": ["x"] }), "c[0]=y").unwrap(), json!({ "c": ["y"] }));
        assert_eq!(changed(json!({ "c": ["x"] }), "c[1]=y").unwrap(), json!({ "c": ["x", "y"] }));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        for (document, change) in [
            (json!({}), "timeout"),
            (json!({}), "=1"),
            (json!({}), "a..b=1"),
            (json!({}), "a[x]=1"),
            (json!({ "a": "text" }), "a.b=1"),
            (json!({ "a": {} }), "a[0]=1"),
            (json!({ "a": [] }), "a[1]=1"),
        ] {
            assert!(changed(document, change).is_err(), "{change}");
        }
    }
}
