//! The rows of a fleet: read from a file, merged over their template, and checked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use ec2_ops::document::{Place, Positions, Problems, not_json, repeated};
use serde_json::{Map, Value};

use super::assignment::{Assignment, Column};
use super::{Fault, parse, resolve, text_of};
use crate::exit::Failure;
use crate::output;

/// A fleet that can be started.
pub(crate) struct Fleet {
    /// The document, as far as all rows share it.
    pub(crate) template: Value,
    /// The rows, each with its number.
    pub(crate) rows: Vec<Value>,
}

/// A row, and where it stands.
struct Row {
    line: usize,
    /// The columns of its values; empty for CSV.
    positions: Positions,
    /// What replaces the members of the template.
    members: Value,
}

/// The fleet in these files with `changes` of the template, if every row of it is valid; else the problems are said.
pub(crate) fn fleet(template: &Path, changes: &[Assignment], rows: &Path) -> Result<Option<Fleet>, Failure> {
    if template == Path::new("-") && rows == Path::new("-") {
        return Err(Failure::Usage("only one of the files can be standard input".to_owned()));
    }
    let mut shared = match template_in(template) {
        Ok(shared) => shared,
        Err(faults) => return Ok(say(template, &faults)),
    };
    for change in changes {
        change.apply(&mut shared).map_err(|why| Failure::Usage(format!("--set: {why}")))?;
    }
    let (all, warning) = match rows_in(rows, &shared).and_then(|read| checked(&shared, read)) {
        Ok(checked) => checked,
        Err(faults) => return Ok(say(rows, &faults)),
    };
    if let Some(warning) = warning {
        output::say(format!("{}: warning: {warning}", rows.display()));
    }
    Ok(Some(Fleet { template: shared, rows: all }))
}

/// Says what is wrong with `file`, so there is no fleet.
fn say(file: &Path, faults: &[Fault]) -> Option<Fleet> {
    for fault in faults {
        output::say(fault.line(file));
    }
    None
}

/// Whether each of `rows` is valid over `template`; else the problems are said.
pub(crate) fn valid_rows(template: &Value, rows: &[Value]) -> bool {
    let mut said = HashSet::new();
    for row in rows {
        let Err(Problems(problems)) = resolve(&merged(template, row)) else { continue };
        for problem in problems.iter().map(ToString::to_string) {
            if !said.contains(&problem) {
                output::say(format!("row {}: error: {problem}", row["row"]));
                said.insert(problem);
            }
        }
    }
    said.is_empty()
}

fn template_in(file: &Path) -> Result<Value, Vec<Fault>> {
    let (text, template) = parse(file).map_err(|fault| vec![fault])?;
    let repeated: Vec<_> = repeated(&Positions::of(&text)).map(Fault::from).collect();
    match template {
        Value::Object(_) if repeated.is_empty() => Ok(template),
        Value::Object(_) => Err(repeated),
        _ => Err(vec![Fault::of_file("is no JSON object, and the template of a fleet is one".to_owned())]),
    }
}

/// The document of a row, as `fleet.asl.json` makes it: its members replace those of the template.
fn merged(template: &Value, row: &Value) -> Value {
    let members = [template, row].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn rows_in(file: &Path, template: &Value) -> Result<Vec<Row>, Vec<Fault>> {
    let text = text_of(file).map_err(|fault| vec![fault])?;
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let rows = if is_csv { csv_rows(&text, template)? } else { json_rows(&text)? };
    if rows.is_empty() {
        return Err(vec![Fault::of_file("has no rows".to_owned())]);
    }
    Ok(rows)
}

fn json_rows(text: &str) -> Result<Vec<Row>, Vec<Fault>> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    for (line, text) in lines {
        match serde_json::from_str(text) {
            Ok(members @ Value::Object(_)) => {
                let positions = Positions::of(text);
                faults.extend(repeated(&positions).map(|problem| Fault::from(problem).on_line(line)));
                rows.push(Row { line, positions, members });
            }
            Ok(_) => {
                faults.push(Fault::at(line, 1, "expected a JSON object: {\"variables\": {…}}".to_owned()));
            }
            Err(error) => faults.push(Fault::from(not_json(&error)).on_line(line)),
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

/// The line of the row whose quote is still open at the end of `text`. The reader of CSV closes it, and takes all lines from there
/// for one cell. So a row after the end is no row of its own.
fn open_quote(text: &str) -> Option<usize> {
    let text = format!("{text}\nend");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let last = reader.records().last()?.ok().filter(|record| record.iter().ne(["end"]))?;
    usize::try_from(last.position()?.line()).ok()
}

/// Each column is a variable, or a JSON path such as `$.instance_parameters.InstanceType`. An empty cell leaves what the
/// template has.
fn csv_rows(text: &str, template: &Value) -> Result<Vec<Row>, Vec<Fault>> {
    let unreadable = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let what = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("it has {len} cells, and the first line {expected_len}")
            }
            _ => error.to_string(),
        };
        vec![Fault::at(usize::try_from(line).unwrap_or(usize::MAX), 1, format!("not CSV: {what}"))]
    };
    if let Some(line) = open_quote(text) {
        let what = "not CSV: a quote opens in this row and is never closed".to_owned();
        return Err(vec![Fault::at(line, 1, what)]);
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let mut columns = Vec::new();
    for name in &names {
        let column = Column::parse(name).map_err(|why| vec![Fault::at(1, 1, format!("{name:?}: {why}"))])?;
        if columns.contains(&column) {
            return Err(vec![Fault::at(1, 1, format!("the column {name:?} stands here a second time"))]);
        }
        columns.push(column);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(1, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let mut document = template.clone();
        let mut members = BTreeSet::new();
        for (column, cell) in columns.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            let change = column.with(cell);
            change.apply(&mut document).map_err(|why| vec![Fault::at(line, 1, why)])?;
            members.extend(change.member().map(str::to_owned));
        }
        let members: Map<_, _> =
            members.into_iter().map(|name| (name.clone(), document[&name].take())).collect();
        rows.push(Row { line, positions: Positions::default(), members: members.into() });
    }
    Ok(rows)
}

/// The rows with their numbers, and a warning if there is one, if every row is valid. A problem of many rows is named once.
fn checked(template: &Value, rows: Vec<Row>) -> Result<(Vec<Value>, Option<String>), Vec<Fault>> {
    let (mut all, mut numbers) = (Vec::new(), BTreeMap::new());
    let mut outputs: HashMap<String, Vec<usize>> = HashMap::new();
    let mut problems: Vec<(Place, String, usize)> = Vec::new();
    for (place, Row { line, positions, mut members }) in rows.into_iter().enumerate() {
        if members.get("row").is_none() {
            members["row"] = place.into();
        }
        let at = |path: &str| Place { line, column: positions.place(path).map_or(1, |place| place.column) };
        if let Some(first) = numbers.insert(members["row"].to_string(), line) {
            let what = format!("the row {} stands in line {first} too", members["row"]);
            problems.push((at("$.row"), what, 0));
        }
        match resolve(&merged(template, &members)) {
            Ok(job) => {
                if let Some(output) = job.output {
                    outputs.entry(output.target.to_string()).or_default().push(line);
                }
            }
            Err(Problems(found)) => {
                for problem in found {
                    let what = problem.to_string();
                    match problems.iter_mut().find(|(_, known, _)| *known == what) {
                        Some((_, _, more)) => *more += 1,
                        None => problems.push((at(&problem.path), what, 0)),
                    }
                }
            }
        }
        all.push(members);
    }
    if problems.is_empty() {
        return Ok((all, same_outputs(&outputs)));
    }
    let fault = |(place, what, more): (Place, String, usize)| match more {
        0 => Fault::at(place.line, place.column, what),
        1 => Fault::at(place.line, place.column, format!("{what} (and in one more row)")),
        more => Fault::at(place.line, place.column, format!("{what} (and in {more} more rows)")),
    };
    Err(problems.into_iter().map(fault).collect())
}

/// A warning about rows that promise the same output: one of them proves that of all.
fn same_outputs(outputs: &HashMap<String, Vec<usize>>) -> Option<String> {
    let shared = outputs.iter().filter(|(_, lines)| lines.len() > 1);
    let (target, lines) = shared.min_by_key(|(_, lines)| lines.first().copied())?;
    let [first, second, ..] = lines.as_slice() else { return None };
    Some(format!(
        "{} rows promise {target}, the first in lines {first} and {second}; the output of one is taken for that of all",
        lines.len()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template() -> Value {
        json!({
            "commands": ["true"],
            "variables": { "A": "a", "B": "b" },
            "bucket": "results",
            "obj_key": "out/$A/$B",
            "run_options": { "ii_terminate_instance": true },
            "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
        })
    }

    fn read(name: &str, text: &str) -> Result<(Vec<Value>, Option<String>), Vec<String>> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        let read = rows_in(&file, &template()).and_then(|rows| checked(&template(), rows));
        read.map_err(|faults| faults.iter().map(|fault| fault.line(Path::new(name))).collect())
    }

    #[test]
    fn the_columns_of_csv_are_variables_and_paths() {
        let text = "A, $.instance_parameters.InstanceType,B\n1,t4g.small,\n\"2,\n2\",,x\n";
        let (rows, warning) = read("rows.csv", text).unwrap();
        assert_eq!(
            rows,
            [
                json!({
                    "row": 0,
                    "variables": { "A": "1", "B": "b" },
                    "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.small" },
                }),
                json!({ "row": 1, "variables": { "A": "2,\n2", "B": "x" } }),
            ]
        );
        assert_eq!(warning, None);
    }

    #[test]
    fn members_of_json_lines_replace_those_of_the_template() {
        let (rows, _) =
            read("rows.jsonl", "{\"variables\": {\"A\": \"1\", \"B\": \"2\"}}\n\n{\"row\": 7}\n").unwrap();
        assert_eq!(rows, [json!({ "row": 0, "variables": { "A": "1", "B": "2" } }), json!({ "row": 7 })]);
        let missing = read("rows.jsonl", "{\"variables\": {\"A\": \"1\"}}").unwrap_err();
        assert!(missing[0].starts_with("rows.jsonl:1:1: error: $.obj_key"), "{missing:?}");
    }

    #[test]
    fn each_problem_has_its_line() {
        let text = "{\"region\": 7}\n{}\n{\"region\": \"us-east-1\", \"region\": \"us-east-2\"}\n[]\n{\n";
        assert_eq!(
            read("r", text).unwrap_err(),
            [
                "r:3:25: error: $.region: stands here a second time; a key may stand only once",
                "r:4:1: error: expected a JSON object: {\"variables\": {…}}",
                "r:5:1: error: not JSON: EOF while parsing an object",
            ]
        );
        let found = read("r", "{\"region\": 7}\n{\"row\": 2, \"region\": 7}\n{\"region\": 7}\n").unwrap_err();
        assert!(found[0].starts_with("r:1:12: error: $.region: found 7"), "{found:?}");
        assert!(
            found[0].ends_with("(and in 2 more rows)") && found[1].contains("the row 2 stands in line 2")
        );
        let csv = read("r.csv", "A,$.run_options.timeout_s\n1,60\n2,soon\n3\n").unwrap_err();
        assert_eq!(csv, ["r.csv:4:1: error: not CSV: it has 1 cells, and the first line 2"]);
        let csv = read("r.csv", "A,$.run_options.timeout_s\n1,60\n2,soon\n").unwrap_err();
        assert!(csv[0].starts_with("r.csv:3:1: error: $.run_options.timeout_s: found \"soon\""), "{csv:?}");
        assert!(read("r.csv", "A,A\n1,2\n").unwrap_err()[0].contains("a second time"));
        assert_eq!(read("r.csv", "A\n").unwrap_err(), ["r.csv: error: has no rows"]);
    }

    #[test]
    fn rows_that_promise_one_output_are_named() {
        let (_, warning) = read("r.csv", "A\n1\n2\n1\n").unwrap();
        let expected = "2 rows promise s3://results/out/1/b, the first in lines 2 and 4";
        assert!(warning.as_ref().unwrap().starts_with(expected), "{warning:?}");
    }
}
