//! A rule about one part of a request, and how a request is checked against rules.

use std::ops::RangeInclusive;

use serde_json::Value;

/// A rule about one part of a request.
#[derive(Debug)]
pub struct Rule {
    /// The part: names of the API, with `[]` for each item of a list.
    pub at: &'static str,
    /// What AWS accepts there.
    pub expected: &'static str,
    /// The code of AWS's error.
    pub code: &'static str,
    /// The message of AWS's error, with `{}` for the value.
    pub message: &'static str,
    /// Where AWS documents it.
    pub page: &'static str,
    /// Whether AWS refuses what is here.
    pub(crate) refuses: fn(&Here<'_>) -> bool,
}

/// A part of a request that breaks a rule.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Where it is: `BlockDeviceMappings[0].Ebs.Iops`.
    pub path: String,
    /// The value there; `Null` if it is missing.
    pub value: Value,
    /// The rule.
    pub rule: &'static Rule,
}

impl Refusal {
    /// The message of AWS's error.
    pub fn message(&self) -> String {
        let value = match &self.value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        self.rule.message.replace("{}", &value)
    }
}

/// A part of a request, and what is around it.
pub(crate) struct Here<'a> {
    pub(crate) value: &'a Value,
    /// The structure that the value is a field of.
    pub(crate) fields: &'a Value,
    /// The items before it, if that structure is an item of a list.
    pub(crate) earlier: &'a [Value],
    pub(crate) request: &'a Value,
}

impl Here<'_> {
    /// The text here, if there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// Whether the text here, if there is one, is none of `words`.
    pub(crate) fn is_none_of(&self, words: &[&str]) -> bool {
        self.text().is_some_and(|text| !words.contains(&text))
    }

    /// Whether the number here, if there is one, is outside of `range`.
    pub(crate) fn is_outside(&self, range: &RangeInclusive<u32>) -> bool {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        is_given(self.value) && !number.is_some_and(|number| range.contains(&number))
    }

    /// Whether there is something here, and something in the field `name` beside it.
    pub(crate) fn is_beside(&self, name: &str) -> bool {
        is_given(self.value) && is_given(&self.fields[name])
    }

    pub(crate) fn is_missing(&self) -> bool {
        !is_given(self.value)
    }
}

/// An empty list is the same as none, as on the wire.
pub(crate) fn is_given(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
}

/// What of `request` breaks one of `rules`, in their order.
pub(crate) fn refusals_of(request: &Value, rules: impl Iterator<Item = &'static Rule>) -> Vec<Refusal> {
    let mut found = Vec::new();
    for rule in rules {
        let start = Here { value: request, fields: request, earlier: &[], request };
        visit(rule, rule.at, String::new(), &start, &mut found);
    }
    found
}

/// Visits each part of the request that `rest` leads to from `here`.
fn visit(rule: &'static Rule, rest: &str, path: String, here: &Here<'_>, found: &mut Vec<Refusal>) {
    if rest.is_empty() {
        if (rule.refuses)(here) {
            found.push(Refusal { path, value: here.value.clone(), rule });
        }
        return;
    }
    let (name, rest) = rest.split_once('.').unwrap_or((rest, ""));
    let (name, each) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let value = &here.value[name];
    if !each {
        // Where a structure is missing, so are its fields, and no rule is about them.
        if rest.is_empty() || is_given(value) {
            visit(rule, rest, path, &Here { value, fields: here.value, ..*here }, found);
        }
        return;
    }
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    for (i, value) in items.iter().enumerate() {
        let item = Here { value, fields: here.value, earlier: &items[..i], request: here.request };
        visit(rule, rest, format!("{path}[{i}]"), &item, found);
    }
}
