//! How each row of a fleet stands after its runs.

use std::collections::BTreeMap;

use super::Summary;

/// The name of the execution of `row` in the `run` of `fleet`. `fleet.asl.json` makes the same.
pub fn execution_name(fleet: &str, row: u32, run: u32) -> String {
    format!("{fleet}-{row}-{run}")
}

/// The row whose execution in the `run` of `fleet` is called `name`.
pub fn row_of(name: &str, fleet: &str, run: u32) -> Option<u32> {
    let (row, last) = name.strip_prefix(fleet)?.strip_prefix('-')?.split_once('-')?;
    let row = row.parse().ok()?;
    // `+1` and `01` are numbers too, and no numbers of ours.
    (last == run.to_string() && name == execution_name(fleet, row, run)).then_some(row)
}

/// How a row stands: by the last run in which it was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The run, from 1. 0: no run has started the row.
    pub run: u32,
    /// The status of its outcome, or that of Step Functions if it has none.
    pub status: String,
}

impl Record {
    /// The status of a row that no run has started.
    pub const NOT_STARTED: &str = "NotStarted";

    /// Whether the row has succeeded.
    pub fn is_success(&self) -> bool {
        self.status == "Succeeded"
    }
}

/// How each row of a fleet stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records(BTreeMap<u32, Record>);

impl Records {
    /// Records of these rows, of which none has been started.
    pub fn of(rows: impl IntoIterator<Item = u32>) -> Self {
        let none = Record { run: 0, status: Record::NOT_STARTED.to_owned() };
        Self(rows.into_iter().map(|row| (row, none.clone())).collect())
    }

    /// Notes how `row` ended in `run`. A later run counts for more.
    pub fn note(&mut self, run: u32, row: u32, status: &str) {
        let record = Record { run, status: status.to_owned() };
        match self.0.get_mut(&row) {
            Some(known) if known.run > run => {}
            Some(known) => *known = record,
            None => drop(self.0.insert(row, record)),
        }
    }

    /// Notes what RunChecker has counted of `run`, which started `rows`: those that are no failures succeeded. Returns the
    /// failures that hide how the execution of the row ended; it has to be asked.
    pub fn note_summary(
        &mut self,
        run: u32,
        rows: impl IntoIterator<Item = u32>,
        summary: &Summary,
    ) -> Vec<u32> {
        for row in rows {
            self.note(run, row, "Succeeded");
        }
        let mut hidden = Vec::new();
        for failure in &summary.failures {
            if let Some(row) = failure.row {
                self.note(run, row, &failure.status);
                hidden.extend(failure.hides_the_end().then_some(row));
            }
        }
        hidden
    }

    /// Each row with its record, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Record)> {
        self.0.iter().map(|(row, record)| (*row, record))
    }

    /// The rows to run again: those whose last record is not a success.
    pub fn unsuccessful(&self) -> impl Iterator<Item = (u32, &Record)> {
        self.iter().filter(|(_, record)| !record.is_success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_execution_tells_its_row() {
        assert_eq!(execution_name("vpu-2", 17, 3), "vpu-2-17-3");
        assert_eq!(row_of("vpu-2-17-3", "vpu-2", 3), Some(17));
        for (name, fleet, run) in [
            // The row 2 in the run 17 of the fleet vpu is called vpu-2-17.
            ("vpu-2-17-3", "vpu", 3),
            ("vpu-2-17-3", "vpu-2", 1),
            ("vpu-2-17-3", "vpu-2-17", 3),
            ("vpu-2-017-3", "vpu-2", 3),
            ("vpu-2-+17-3", "vpu-2", 3),
            ("vpu-2-17-03", "vpu-2", 3),
        ] {
            assert_eq!(row_of(name, fleet, run), None, "{name} {fleet} {run}");
        }
    }

    #[test]
    fn the_last_run_that_started_a_row_decides() {
        let mut records = Records::of(0..4);
        for row in 0..3 {
            records.note(1, row, "CommandFailed");
        }
        records.note(2, 1, "Succeeded");
        records.note(1, 1, "Aborted");
        records.note(2, 2, "Aborted");
        let again: Vec<_> =
            records.unsuccessful().map(|(row, record)| (row, record.status.as_str())).collect();
        assert_eq!(again, [(0, "CommandFailed"), (2, "Aborted"), (3, Record::NOT_STARTED)]);
    }
}
