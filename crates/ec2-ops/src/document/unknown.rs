//! Advice for an unknown name: its spelling, its section, or why it is not possible.

use serde_json::{Map, Value};

use super::problem::comma_separated;
use super::schema::{json_schema, resolve, variants};

/// How similar two names must be to suggest one for the other, from 0 to 1.
const ALIKE: f64 = 0.88;
/// How long a name must be to suggest another that contains it, in characters.
const TELLING: usize = 5;

/// RunInstances arguments that no document may carry.
const NOT_POSSIBLE: &[(&[&str], &str)] = &[
    (
        &["ClientToken", "DryRun", "InstanceInitiatedShutdownBehavior"],
        "not possible: every launch sets it by itself",
    ),
    (
        &["DisableApiTermination", "DisableApiStop", "HibernationOptions"],
        "not possible: it could keep the instance from being ended",
    ),
];

/// The advice for the unknown `name` in a section whose names are `known`.
pub(super) fn advice(name: &str, known: &'static Map<String, Value>) -> String {
    if let Some((_, why)) = NOT_POSSIBLE.iter().find(|(names, _)| names.contains(&name)) {
        return (*why).to_owned();
    }
    let here: Vec<_> = names(known).collect();
    let did_you_mean = |candidate: &str| format!("unknown name; did you mean {candidate}?");
    if let Some(candidate) = here.iter().find(|candidate| plain(candidate) == plain(name)) {
        return did_you_mean(candidate);
    }
    let elsewhere = sections();
    let homes = |same: &dyn Fn(&str) -> bool| {
        let homes = elsewhere.iter().filter(|(_, names)| names.iter().any(|name| same(name)));
        homes.map(|(path, _)| path.as_str()).take(2).collect::<Vec<_>>().join(" or ")
    };
    let exact = homes(&|candidate| candidate == name);
    let home = if exact.is_empty() { homes(&|candidate| plain(candidate) == plain(name)) } else { exact };
    if !home.is_empty() {
        return format!("unknown name here; it belongs in {home}");
    }
    if let Some(candidate) = nearest(name, here.iter().copied()) {
        return did_you_mean(candidate);
    }
    let paths: Vec<_> = elsewhere
        .iter()
        .flat_map(|(path, names)| names.iter().map(move |name| (*name, format!("{path}.{name}"))))
        .collect();
    if let Some(candidate) = nearest(name, paths.iter().map(|(name, _)| *name)) {
        let path = paths.iter().find(|(name, _)| *name == candidate).map_or(candidate, |(_, path)| path);
        return did_you_mean(path);
    }
    format!("unknown name, expected one of {}", comma_separated(here.iter()))
}

/// The name in `known` that is most similar to `name`, if one is similar enough.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    known
        .map(|candidate| (candidate, plain(candidate)))
        .map(|(candidate, plain)| {
            let part = name.len() >= TELLING && plain.contains(&name);
            (strsim::jaro_winkler(&name, &plain), part, candidate)
        })
        .filter(|(similarity, part, _)| *similarity > ALIKE || *part)
        .map(|(similarity, _, candidate)| (similarity, candidate))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// A name without case and separators: `image_id` and `ImageId` are the same.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The names among `properties` that are not deprecated.
fn names(properties: &'static Map<String, Value>) -> impl Iterator<Item = &'static str> {
    let current = properties
        .iter()
        .filter(|(name, schema)| !name.starts_with('$') && schema.get("deprecated").is_none());
    current.map(|(name, _)| name.as_str())
}

/// Every section of the document, with its names.
fn sections() -> Vec<(String, Vec<&'static str>)> {
    let mut sections = Vec::new();
    collect("$", json_schema(), &mut sections);
    sections
}

fn collect(path: &str, schema: &'static Value, sections: &mut Vec<(String, Vec<&'static str>)>) {
    let schema = resolve(schema);
    for variant in variants(schema).into_iter().flatten() {
        collect(path, variant, sections);
    }
    if let Some(items) = schema.get("items") {
        collect(&format!("{path}[]"), items, sections);
    }
    if let Some(properties) = schema["properties"].as_object() {
        sections.push((path.to_owned(), names(properties).collect()));
        for (name, property) in properties {
            collect(&format!("{path}.{name}"), property, sections);
        }
    }
}
