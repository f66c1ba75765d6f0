//! A document as the text that a person writes: its problems with their places, and what the schema says of a place.

use jiff::Timestamp;
use serde_json::Value;

use super::positions::{Place, Positions};
use super::{Job, Problem, Problems, json_schema};
use crate::Execution;

/// Something wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextProblem {
    /// Where, if it is at one place.
    pub place: Option<Place>,
    /// What was found, and what was expected.
    pub message: String,
}

/// A text that is a valid document.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The document.
    pub document: Value,
    /// What is accepted, but not what its writer may think.
    pub warnings: Vec<String>,
}

/// Checks `text` as every step does, and finds the places of its problems.
///
/// # Errors
/// If it is not JSON, has a key twice, or is no valid document: all problems that were found.
pub fn check_text(text: &str) -> Result<Checked, Vec<TextProblem>> {
    let document: Value = serde_json::from_str(text).map_err(|error| vec![not_json(&error)])?;
    let positions = Positions::of(text);
    let mut problems: Vec<_> = repeated(&positions).collect();
    let warnings = match Job::resolve(&document, &Execution::rehearsal(Timestamp::now())) {
        Ok(job) => job.warnings,
        Err(Problems(found)) => {
            let placed = |problem: Problem| TextProblem {
                place: positions.place(&problem.path),
                message: problem.to_string(),
            };
            problems.extend(found.into_iter().map(placed));
            Vec::new()
        }
    };
    if problems.is_empty() { Ok(Checked { document, warnings }) } else { Err(problems) }
}

/// The keys that an object has twice.
pub fn repeated(positions: &Positions) -> impl Iterator<Item = TextProblem> {
    positions.repeated.iter().map(|(path, place)| TextProblem {
        place: Some(*place),
        message: format!("{path}: stands here a second time; a key may stand only once"),
    })
}

/// Where a text is no JSON, and why.
pub fn not_json(error: &serde_json::Error) -> TextProblem {
    let place = Place { line: error.line().max(1), column: error.column().max(1) };
    let whole = error.to_string();
    let what = whole.split(" at line ").next().unwrap_or(&whole);
    TextProblem { place: Some(place), message: format!("not JSON: {what}") }
}

/// The path of the value at `place` of a JSON text, and what the schema says of it.
pub fn described_at(text: &str, place: Place) -> Option<(String, String)> {
    serde_json::from_str::<Value>(text).ok()?;
    let path = Positions::of(text).path(place).to_owned();
    let description = description(json_schema(), &path)?;
    Some((path, description))
}

/// The description of the innermost field on the way to `path` that has one.
fn description(schema: &Value, path: &str) -> Option<String> {
    let resolved = |value: &'_ Value| -> Value {
        let name = value["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        name.map_or_else(|| value.clone(), |name| schema["$defs"][name].clone())
    };
    let (mut at, mut found) = (schema.clone(), None);
    for name in path.split('.').skip(1) {
        let name = name.split('[').next().unwrap_or(name);
        let next = at["properties"][name].clone();
        let whole = resolved(&next);
        let text = next["description"].as_str().or(whole["description"].as_str());
        found = text.map(str::to_owned).or(found);
        at = whole;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n \"commands\": [\n  \"true\", 7],\n \"run_options\": {\"timeout_s\": 60}\n}";

    #[test]
    fn a_problem_has_the_place_of_its_value() {
        let problems = check_text(TEXT).unwrap_err();
        let seven = problems.iter().find(|problem| problem.message.starts_with("$.commands[1]: found 7"));
        assert_eq!(seven.unwrap().place, Some(Place { line: 3, column: 11 }));
        let broken = check_text("{\n \"commands\": [}").unwrap_err();
        assert_eq!(broken[0].place, Some(Place { line: 2, column: 15 }));
        assert_eq!(broken[0].message, "not JSON: expected value");
    }

    #[test]
    fn the_schema_explains_the_field_at_a_place() {
        let (path, text) = described_at(TEXT, Place { line: 4, column: 33 }).unwrap();
        assert_eq!(path, "$.run_options.timeout_s");
        assert!(!text.is_empty());
        assert_eq!(described_at("{", Place { line: 1, column: 1 }), None);
        let (path, _) = described_at(TEXT, Place { line: 3, column: 4 }).unwrap();
        assert_eq!(path, "$.commands[0]");
    }
}
