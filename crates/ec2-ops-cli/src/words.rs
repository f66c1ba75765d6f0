//! Times and tables for people.

use jiff::{SignedDuration, Timestamp};

/// `2026-11-25 21:42:33Z`
pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%F %TZ").to_string()
}

/// `41 s`, `3 m 12 s`, `2 h 5 m`, `3 d 4 h`: the two largest units.
pub(crate) fn duration(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600, seconds / 60);
    if days > 0 {
        format!("{days} d {} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} m {} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

/// Rows below headings, each column as wide as it has to be.
pub(crate) fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut all = vec![headings.iter().map(|&heading| heading.to_owned()).collect()];
    all.extend(rows);
    let width = |column: usize| {
        let cells = all.iter().filter_map(|row: &Vec<String>| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..headings.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let words = |seconds| duration(SignedDuration::from_secs(seconds));
        assert_eq!(
            [0, 41, 192, 7_500, 273_600].map(words),
            ["0 s", "41 s", "3 m 12 s", "2 h 5 m", "3 d 4 h"]
        );
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_tail() {
        let rows = [vec!["a".to_owned(), String::new()], vec!["longer".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["NAME", "B"], rows.into_iter()), "NAME    B\na\nlonger  x");
    }
}
