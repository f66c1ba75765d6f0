//! Loads a Map state.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{Fields, StateIds};
use super::states::handling;
use super::with_states;
use crate::data::path::Path;
use crate::data::template::Template;
use crate::definition::machine::{FileType, Items, Map, Quantity, ResultWriter, StateMachine};
use crate::definition::problems::Problems;

/// The longest `Label`.
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>.
const MAX_LABEL_CHARACTERS: usize = 40;
/// The most items of one Map state, and the highest `MaxItems`.
const MAX_ITEMS: u64 = 100_000_000;

pub(super) fn map(fields: &Fields<'_>, states: &StateIds<'_>, problems: &Problems) -> Option<Map> {
    let processor = fields.require("ItemProcessor").and_then(|value| processor(fields, value, problems));
    let label = label(fields);
    let items = items(fields);
    let item_selector = fields.template("ItemSelector");
    let max_concurrency = fields.quantity("MaxConcurrency", "MaxConcurrencyPath", 0..=MAX_ITEMS);
    let tolerated_failure_count =
        fields.quantity("ToleratedFailureCount", "ToleratedFailureCountPath", 0..=MAX_ITEMS);
    let tolerated_failure_percentage =
        fields.quantity("ToleratedFailurePercentage", "ToleratedFailurePercentagePath", 0..=100);
    let result_writer = result_writer(fields);
    let handling = handling(fields, states);
    let tolerates = tolerated_failure_count.is_some() || tolerated_failure_percentage.is_some();
    if tolerates && !fields.has("ResultWriter") {
        fields.report_all(
            "the result of a Map state that tolerates failures is not modelled without a ResultWriter",
        );
    }
    Some(Map {
        label,
        items: items?,
        item_selector,
        processor: processor?,
        max_concurrency: max_concurrency.unwrap_or(Quantity::Fixed(0)),
        tolerated_failure_count,
        tolerated_failure_percentage,
        result_writer,
        handling: handling?,
    })
}

fn processor(fields: &Fields<'_>, value: &Value, problems: &Problems) -> Option<StateMachine> {
    let inner = fields.inner(value, fields.path_of("ItemProcessor"))?;
    inner.string("Comment");
    if let Some(config) = inner.require("ProcessorConfig") {
        let config = inner.inner(config, inner.path_of("ProcessorConfig"))?;
        only(&config, "Mode", "DISTRIBUTED");
        only(&config, "ExecutionType", "STANDARD");
        config.finish("a processor's configuration");
    }
    let states = inner.require("States");
    inner.require("StartAt");
    let machine = states.and_then(|states| with_states(&inner, states, None, problems));
    inner.finish("an item processor");
    machine
}

/// Reports every value of the required field `name` but the one that is modelled.
fn only(fields: &Fields<'_>, name: &'static str, modelled: &str) {
    if fields.require(name).is_none() {
        return;
    }
    if let Some(other) = fields.string(name).filter(|value| *value != modelled) {
        fields.report(name, format!("only '{modelled}' is supported, found '{other}'"));
    }
}

fn label(fields: &Fields<'_>) -> Option<Arc<str>> {
    let label = fields.string("Label")?;
    let forbidden =
        |c: char| c.is_whitespace() || c.is_control() || r##"<>{}[]?*"#%\^|~`$&,;:/"##.contains(c);
    if !(1..=MAX_LABEL_CHARACTERS).contains(&label.chars().count()) || label.contains(forbidden) {
        fields.report(
            "Label",
            format!(
                "expected 1 to {MAX_LABEL_CHARACTERS} characters that are allowed in a name, found '{label}'"
            ),
        );
    }
    Some(label.into())
}

fn items(fields: &Fields<'_>) -> Option<Items> {
    fields.at_most_one(&["ItemsPath", "ItemReader"]);
    let Some(reader) = fields.get("ItemReader") else {
        return if fields.has("ItemsPath") { fields.path("ItemsPath") } else { Some(Path::input()) }
            .map(Items::Path);
    };
    let reader = fields.inner(reader, fields.path_of("ItemReader"))?;
    only(&reader, "Resource", "arn:aws:states:::s3:getObject");
    let parameters = s3_parameters(&reader, &[("Bucket", "Bucket.$"), ("Key", "Key.$")]);
    let config = reader.require("ReaderConfig").and_then(|config| {
        let config = reader.inner(config, reader.path_of("ReaderConfig"))?;
        let input_type = file_type(&config, "InputType");
        let max_items = config.quantity("MaxItems", "MaxItemsPath", 1..=MAX_ITEMS);
        config.finish("a reader's configuration");
        Some((input_type?, max_items))
    });
    reader.finish("an item reader");
    let (input_type, max_items) = config?;
    Some(Items::Reader { input_type, parameters: parameters?, max_items })
}

fn file_type(config: &Fields<'_>, name: &'static str) -> Option<FileType> {
    config.require(name)?;
    match config.string(name)? {
        "JSON" => Some(FileType::Json),
        "JSONL" => Some(FileType::Jsonl),
        other => {
            config.report(name, format!("only 'JSON' and 'JSONL' are supported, found '{other}'"));
            None
        }
    }
}

fn result_writer(fields: &Fields<'_>) -> Option<ResultWriter> {
    let writer = fields.inner(fields.get("ResultWriter")?, fields.path_of("ResultWriter"))?;
    only(&writer, "Resource", "arn:aws:states:::s3:putObject");
    let parameters = s3_parameters(&writer, &[("Bucket", "Bucket.$"), ("Prefix", "Prefix.$")]);
    let output_type = match writer.get("WriterConfig") {
        None => Some(FileType::Json),
        Some(config) => writer.inner(config, writer.path_of("WriterConfig")).and_then(|config| {
            only(&config, "Transformation", "NONE");
            let output_type = file_type(&config, "OutputType");
            config.finish("a writer's configuration");
            output_type
        }),
    };
    writer.finish("a result writer");
    Some(ResultWriter { parameters: parameters?, output_type: output_type? })
}

/// `Parameters`, with exactly the fields `names`, each fixed or dynamic.
fn s3_parameters(fields: &Fields<'_>, names: &[(&'static str, &'static str)]) -> Option<Template> {
    let inner = fields.inner(fields.require("Parameters")?, fields.path_of("Parameters"))?;
    for (name, dynamic) in names {
        inner.at_most_one(&[name, dynamic]);
        inner.string(name);
        inner.string(dynamic);
        if !inner.has(name) && !inner.has(dynamic) {
            inner.report_all(format!("'{name}' is required"));
        }
    }
    inner.finish("the parameters of an object in S3");
    fields.template("Parameters")
}
