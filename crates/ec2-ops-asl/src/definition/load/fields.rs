//! A strict reader of one JSON object. It reports each field that the loader does not ask for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::data::path::{Path, Root, field_of};
use crate::data::template::{Dynamic, Template};
use crate::definition::machine::{Quantity, StateId};
use crate::definition::problems::Problems;
use crate::suggestion::did_you_mean;

/// The states of a machine by name.
pub(super) type StateIds<'a> = HashMap<&'a str, StateId>;

/// Reads the fields of one object, and reports each invalid one to `problems`.
pub(super) struct Fields<'a> {
    /// Where the object is.
    pub(super) at: String,
    object: &'a Map<String, Value>,
    problems: &'a Problems,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// A reader of `value`, which must be an object.
    pub(super) fn new(value: &'a Value, at: impl Into<String>, problems: &'a Problems) -> Option<Self> {
        let at = at.into();
        let Value::Object(object) = value else {
            problems.report(at, format!("expected an object, found {value}"));
            return None;
        };
        Some(Self { at, object, problems, known: RefCell::default() })
    }

    /// A reader of `value` at `at`, with the same `problems`.
    pub(super) fn inner(&self, value: &'a Value, at: String) -> Option<Fields<'a>> {
        Self::new(value, at, self.problems)
    }

    /// The raw value of `name`. Marks the field as known.
    pub(super) fn get(&self, name: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().push(name);
        self.object.get(name)
    }

    /// Whether the object has `name`. Does not mark it as known.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// The raw value of the required field `name`.
    pub(super) fn require(&self, name: &'static str) -> Option<&'a Value> {
        let value = self.get(name);
        if value.is_none() {
            self.problems.report(&self.at, format!("'{name}' is required"));
        }
        value
    }

    /// The JSON path of the field `name`.
    pub(super) fn path_of(&self, name: &str) -> String {
        field_of(&self.at, name)
    }

    /// Reports a problem of the field `name`.
    pub(super) fn report(&self, name: &str, message: impl Into<String>) {
        self.problems.report(self.path_of(name), message);
    }

    /// Reports a problem at `at`, inside a field.
    pub(super) fn report_at(&self, at: String, message: impl Into<String>) {
        self.problems.report(at, message);
    }

    /// Reports a problem of the whole object.
    pub(super) fn report_all(&self, message: impl Into<String>) {
        self.problems.report(&self.at, message);
    }

    /// Reports every field that was not asked for. `what` names the object in the message.
    pub(super) fn finish(&self, what: &str) {
        let known = self.known.borrow();
        for name in self.object.keys().filter(|name| !known.contains(&name.as_str())) {
            let hint = did_you_mean(name, known.iter().copied());
            self.report(name, format!("field '{name}' is not supported in {what}{hint}"));
        }
    }

    pub(super) fn string(&self, name: &'static str) -> Option<&'a str> {
        let value = self.get(name)?;
        value.as_str().or_else(|| {
            self.report(name, format!("expected a string, found {value}"));
            None
        })
    }

    pub(super) fn boolean(&self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        value.as_bool().or_else(|| {
            self.report(name, format!("expected true or false, found {value}"));
            None
        })
    }

    pub(super) fn integer(&self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.get(name)?;
        value.as_u64().filter(|number| range.contains(number)).or_else(|| {
            let (low, high) = range.into_inner();
            self.report(name, format!("expected an integer from {low} to {high}, found {value}"));
            None
        })
    }

    /// The elements of an array, each with its JSON path.
    pub(super) fn array(
        &self,
        name: &'static str,
    ) -> Option<impl Iterator<Item = (&'a Value, String)> + use<'a>> {
        let value = self.get(name)?;
        let Value::Array(array) = value else {
            self.report(name, format!("expected an array, found {value}"));
            return None;
        };
        let at = self.path_of(name);
        Some(array.iter().enumerate().map(move |(index, element)| (element, format!("{at}[{index}]"))))
    }

    /// The elements of a required array that must not be empty.
    pub(super) fn non_empty_array(
        &self,
        name: &'static str,
    ) -> Option<impl Iterator<Item = (&'a Value, String)> + use<'a>> {
        self.require(name)?;
        let mut elements = self.array(name)?.peekable();
        if elements.peek().is_none() {
            self.report(name, "expected at least one element");
            return None;
        }
        Some(elements)
    }

    /// `QueryLanguage`: only the `JSONPath` dialect is modelled.
    pub(super) fn query_language(&self) {
        if let Some(language) = self.string("QueryLanguage").filter(|language| *language != "JSONPath") {
            self.report("QueryLanguage", format!("only 'JSONPath' is supported, found '{language}'"));
        }
    }

    /// A path.
    pub(super) fn path(&self, name: &'static str) -> Option<Path> {
        let text = self.string(name)?;
        Path::parse(text).map_err(|problem| self.report(name, problem)).ok()
    }

    /// `InputPath` or `OutputPath`: `$` by default, `None` for JSON null.
    pub(super) fn selection(&self, name: &'static str) -> Option<Path> {
        match self.get(name) {
            None => Some(Path::input()),
            Some(Value::Null) => None,
            Some(_) => self.path(name),
        }
    }

    /// `ResultPath`: like a selection, but it cannot lead into the context object.
    pub(super) fn result_path(&self) -> Option<Path> {
        let path = self.selection("ResultPath")?;
        if path.root() == Root::Context {
            self.report("ResultPath", format!("'{path}' is the context object, which cannot be written"));
        }
        Some(path)
    }

    /// A path or an intrinsic function.
    pub(super) fn dynamic(&self, name: &'static str) -> Option<Dynamic> {
        let text = self.string(name)?;
        Dynamic::parse(text).map_err(|problem| self.report(name, problem)).ok()
    }

    /// A payload template.
    pub(super) fn template(&self, name: &'static str) -> Option<Template> {
        let value = self.get(name)?;
        let mut report = |at, message| self.problems.report(at, message);
        Some(Template::load(value, &self.path_of(name), &mut report))
    }

    /// A whole number that is fixed (`name`) or at a path (`path_name`), but not both.
    pub(super) fn quantity(
        &self,
        name: &'static str,
        path_name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Quantity> {
        self.at_most_one(&[name, path_name]);
        let fixed = self.integer(name, range).map(Quantity::Fixed);
        let path = self.path(path_name).map(Quantity::Path);
        fixed.or(path)
    }

    /// Reports a problem if the object has more than one of `names`.
    pub(super) fn at_most_one(&self, names: &[&str]) {
        let present: Vec<_> = names.iter().filter(|name| self.has(name)).copied().collect();
        if present.len() > 1 {
            self.report_all(format!("only one of '{}' is allowed", present.join("' and '")));
        }
    }

    /// The state that `name` refers to.
    pub(super) fn target(&self, name: &'static str, states: &StateIds<'_>) -> Option<StateId> {
        let text = self.string(name)?;
        states.get(text).copied().or_else(|| {
            let hint = did_you_mean(text, states.keys().copied());
            self.report(name, format!("there is no state '{text}'{hint}"));
            None
        })
    }
}
