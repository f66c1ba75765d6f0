//! Reference paths: `$.a.b[0]['c']` into the input, `$$.Task.Token` into the context object.

use std::fmt;

use serde_json::{Map, Value};

use super::size::MAX_DEPTH;

/// A path to one value. A path that can select more than one, by a filter, a wildcard or a slice, is refused.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    root: Root,
    segments: Vec<Segment>,
}

/// The beginning of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$`
    Input,
    /// `$$`
    Context,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `.name` or `['name']`
    Field(String),
    /// `[0]`
    Index(usize),
}

/// The error of [`Path::assign`]: there is a value of another type on the way, or no such element.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DoesNotFit;

impl Path {
    /// The path `$`.
    pub(crate) fn input() -> Self {
        Self { root: Root::Input, segments: Vec::new() }
    }

    /// Reads a path. The error names the invalid part of `text` and the valid forms.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (root, mut rest) = if let Some(rest) = text.strip_prefix("$$") {
            (Root::Context, rest)
        } else if let Some(rest) = text.strip_prefix('$') {
            (Root::Input, rest)
        } else {
            return Err(format!("'{text}' is not a path: a path begins with '$' or '$$'"));
        };
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = segment(rest).map_err(|problem| {
                format!("'{text}' is not a reference path: {problem}; only '.name', \"['name']\" and '[0]' are supported")
            })?;
            if segments.len() == MAX_DEPTH {
                return Err(format!(
                    "'{}…' has more than {MAX_DEPTH} steps, and no payload is as deep",
                    start(text)
                ));
            }
            segments.push(segment);
            rest = after;
        }
        Ok(Self { root, segments })
    }

    /// Whether this is exactly `$`.
    pub(crate) fn is_whole_input(&self) -> bool {
        self.root == Root::Input && self.segments.is_empty()
    }

    /// Where the path begins.
    pub(crate) fn root(&self) -> Root {
        self.root
    }

    /// The steps from the root.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The value at this path, with `value` as its root.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        descend(value, &self.segments)
    }

    /// Puts `value` into `target` at this path. Creates the objects that are missing on the way.
    pub(crate) fn assign(&self, target: &mut Value, value: Value) -> Result<(), DoesNotFit> {
        let mut place = target;
        for segment in &self.segments {
            place = match (segment, place) {
                (Segment::Field(name), Value::Object(object)) => {
                    object.entry(name.as_str()).or_insert_with(nothing)
                }
                (Segment::Index(index), Value::Array(array)) => array.get_mut(*index).ok_or(DoesNotFit)?,
                _ => return Err(DoesNotFit),
            };
        }
        *place = value;
        Ok(())
    }
}

/// The empty object that [`Path::assign`] creates for a missing field.
fn nothing() -> Value {
    Value::Object(Map::new())
}

/// The beginning of a text that is too long to repeat.
fn start(text: &str) -> &str {
    let end = text.char_indices().nth(40).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// The value at `segments` below `value`.
pub(crate) fn descend<'v>(value: &'v Value, segments: &[Segment]) -> Option<&'v Value> {
    segments.iter().try_fold(value, |value, segment| match segment {
        Segment::Field(name) => value.as_object()?.get(name),
        Segment::Index(index) => value.as_array()?.get(*index),
    })
}

/// Reads one step, and returns it with the rest of `text`.
fn segment(text: &str) -> Result<(Segment, &str), String> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return Err(format!("a field name is missing at '{text}'"));
        }
        return Ok((Segment::Field(name.to_owned()), after));
    }
    let Some(rest) = text.strip_prefix('[') else {
        return Err(format!("unexpected '{text}'"));
    };
    for quote in ['\'', '"'] {
        if let Some(rest) = rest.strip_prefix(quote) {
            return quoted(rest, quote).ok_or_else(|| format!("'[{quote}' is not closed at '{text}'"));
        }
    }
    let (digits, after) = rest.split_once(']').ok_or_else(|| format!("'[' is not closed at '{text}'"))?;
    match digits.parse() {
        Ok(index) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Ok((Segment::Index(index), after)),
        _ => Err(format!("'[{digits}]' is not an index")),
    }
}

/// Reads `name'] …` after the opening quote; a backslash escapes the quote and itself.
fn quoted(text: &str, quote: char) -> Option<(Segment, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            name.push(characters.next()?.1);
        } else if character == quote {
            let after = text[at + 1..].strip_prefix(']')?;
            return Some((Segment::Field(name), after));
        } else {
            name.push(character);
        }
    }
    None
}

/// Whether `character` may stand in a name without quotes.
fn plain(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

/// The path of the field `name` below `at`: `$.States['My state']`.
pub(crate) fn field_of(at: &str, name: &str) -> String {
    format!("{at}{}", Segment::Field(name.to_owned()))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.root {
            Root::Input => "$",
            Root::Context => "$$",
        })?;
        self.segments.iter().try_for_each(|segment| segment.fmt(f))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Field(name) if !name.is_empty() && name.chars().all(plain) => write!(f, ".{name}"),
            Self::Field(name) => write!(f, "['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn a_path_finds_fields_and_elements() {
        let value = json!({"a": {"b": [{"c d": 7}]}});
        assert_eq!(path("$.a.b[0]['c d']").find(&value), Some(&json!(7)));
        assert_eq!(path("$.a.b[1]").find(&value), None);
        assert_eq!(path("$.a[0]").find(&value), None);
        assert_eq!(path("$").find(&value), Some(&value));
    }

    #[test]
    fn a_path_that_can_select_many_values_is_refused() {
        for text in
            ["$.a[*]", "$..a", "$.a[?(@.b)]", "$.a[0:2]", "$.a[-1]", "$.a.*", "$.a[0,1]", "$.a.length()"]
        {
            let error = Path::parse(text).unwrap_err();
            assert!(error.contains("not a reference path"), "{text}: {error}");
        }
        for text in ["a", "", "$a", "$.", "$.a.", "$[", "$['a", "$['a'", "$[+1]"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_result_creates_the_objects_on_its_way() {
        let mut target = json!({"a": 1});
        path("$.b.c.d").assign(&mut target, json!(2)).unwrap();
        assert_eq!(target, json!({"a": 1, "b": {"c": {"d": 2}}}));
    }

    #[test]
    fn a_result_replaces_the_value_at_its_path() {
        let mut target = json!({"a": [1, 2]});
        path("$.a[1]").assign(&mut target, json!("x")).unwrap();
        assert_eq!(target, json!({"a": [1, "x"]}));
        path("$").assign(&mut target, json!(3)).unwrap();
        assert_eq!(target, json!(3));
    }

    #[test]
    fn a_result_does_not_fit_into_a_scalar_or_past_the_end() {
        assert_eq!(path("$.a.b").assign(&mut json!({"a": 1}), json!(2)), Err(DoesNotFit));
        assert_eq!(path("$.a").assign(&mut json!("text"), json!(2)), Err(DoesNotFit));
        assert_eq!(path("$.a[1]").assign(&mut json!({"a": [1]}), json!(2)), Err(DoesNotFit));
        assert_eq!(path("$.n[0]").assign(&mut json!({}), json!(2)), Err(DoesNotFit));
    }

    fn any_path() -> impl Strategy<Value = Path> {
        let segment = prop_oneof![
            ".{0,8}".prop_map(Segment::Field),
            "[a-z_][a-zA-Z0-9_-]{0,6}".prop_map(Segment::Field),
            (0usize..1000).prop_map(Segment::Index),
        ];
        let root = prop_oneof![Just(Root::Input), Just(Root::Context)];
        (root, prop::collection::vec(segment, 0..6)).prop_map(|(root, segments)| Path { root, segments })
    }

    proptest! {
        #[test]
        fn a_printed_path_reads_back_as_itself(path in any_path()) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\$.{0,20}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn an_assigned_value_is_found(path in any_path(), value in 0..100i32) {
            let mut target = json!({});
            if path.assign(&mut target, json!(value)).is_ok() {
                prop_assert_eq!(path.find(&target), Some(&json!(value)));
            }
        }
    }
}
