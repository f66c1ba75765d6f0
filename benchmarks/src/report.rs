//! What a chapter of the page is made of.

use std::fs;

/// A part of the page.
pub(crate) struct Chapter {
    /// Measures, and answers with the text below the heading, in Markdown.
    pub(crate) measure: fn() -> Result<String, String>,
}

/// A Markdown table whose numbers are aligned right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let align = head.iter().enumerate().map(|(column, _)| if column == 0 { "---" } else { "--:" }.to_owned());
    let mut text = line(head.iter().map(|&cell| cell.to_owned()).collect()) + &line(align.collect());
    rows.iter().for_each(|row| text += &line(row.clone()));
    text
}

/// What a timed chapter was measured on: the processor, how many of it, and how busy they were.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model =
        cpus.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    format!(
        "{} × {}, {} {}, load average {load}",
        cores,
        model.unwrap_or("an unnamed processor"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
}
