//! The page `docs/performance.md`: an introduction, and one part for each chapter, which is replaced when the chapter is
//! measured again.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A part of the page.
pub(crate) struct Chapter {
    /// Its name on the command line and in the marks around it.
    pub(crate) name: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// Measures, and returns the text below the heading, in Markdown.
    pub(crate) measure: fn() -> Result<String, String>,
}

const FRAME: &str = "\
# Performance

The cost and the duration of an execution, as measured by this repository. `cargo performance` measures everything and
writes this page; `cargo performance NAME...` measures some chapters. A chapter in *virtual time* runs the real state machine
and the real steps in process, on a paused clock. It is the same on every machine, and `cargo test` compares it with this
page, except the ten thousand executions, which take too long. A *timed* chapter was measured on the machine that it names,
and no test asserts it. Nothing here was measured on AWS itself. The speed of the console in a browser is on
[its own page](console.md#speed).
";

/// The page.
pub(crate) struct Report {
    path: PathBuf,
    /// The text of each chapter, in order.
    parts: Vec<(&'static str, &'static str, String)>,
}

impl Report {
    /// Reads the page with these chapters. A chapter without a measurement says so.
    pub(crate) fn read(chapters: &[Chapter]) -> Result<Self, String> {
        let path = docs().join("performance.md");
        let text = match fs::read_to_string(&path) {
            // The first run has no page yet.
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| format!("cannot read {}: {error}", path.display()))?,
        };
        let part = |chapter: &Chapter| {
            let text = part_of(&text, chapter.name).unwrap_or("Not measured yet.\n");
            (chapter.name, chapter.title, text.to_owned())
        };
        Ok(Self { path, parts: chapters.iter().map(part).collect() })
    }

    /// Replaces the text of `chapter`, and writes the page.
    pub(crate) fn put(&mut self, chapter: &Chapter, text: String) -> Result<(), String> {
        if let Some(part) = self.parts.iter_mut().find(|(name, ..)| *name == chapter.name) {
            part.2 = text;
        }
        let mut page = FRAME.to_owned();
        for (name, title, text) in &self.parts {
            let _ = write!(page, "\n## {title}\n\n{}\n{}\n{}\n", begin(name), text.trim_end(), end(name));
        }
        fs::write(&self.path, page).map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

/// The text of the chapter `name` on `page`.
pub(crate) fn part_of<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("{}\n", begin(name)))?;
    rest.split_once(&end(name)).map(|(part, _)| part)
}

fn begin(name: &str) -> String {
    format!("<!-- measured by `cargo performance {name}` -->")
}

fn end(name: &str) -> String {
    format!("<!-- end of {name} -->")
}

/// The repository's `docs`.
pub(crate) fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Writes a plot.
pub(crate) fn figure(name: &str, svg: &str) -> Result<(), String> {
    let directory = docs().join("performance");
    let path = directory.join(name).with_extension("svg");
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(&path, svg))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The Markdown that shows a plot.
pub(crate) fn shown(name: &str, what: &str) -> String {
    format!("![{what}](performance/{name}.svg)\n")
}

/// A Markdown table. All columns but the first are aligned right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let align = head.iter().enumerate().map(|(column, _)| if column == 0 { "---" } else { "--:" }.to_owned());
    let mut text = line(head.iter().map(|&cell| cell.to_owned()).collect()) + &line(align.collect());
    text.extend(rows.iter().map(|row| line(row.clone())));
    text
}

/// A figure and its bound.
pub(crate) struct Bounded {
    pub(crate) what: &'static str,
    pub(crate) measured: f64,
    pub(crate) bound: f64,
    /// The digits of `measured` after the point.
    pub(crate) digits: usize,
}

/// The Markdown table of `figures`, each with its ratio to its bound.
pub(crate) fn against_bounds(figures: impl IntoIterator<Item = Bounded>) -> String {
    let row = |Bounded { what, measured, bound, digits }: Bounded| {
        let ratio = format!("{:.2}", measured / bound);
        vec![what.to_owned(), format!("{measured:.digits$}"), bound.to_string(), ratio]
    };
    table(&["", "measured", "bound", "ratio"], &figures.into_iter().map(row).collect::<Vec<_>>())
}

/// The machine of a timed chapter: number and model of its processors, and their load.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model =
        cpus.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    format!(
        "{} × {}, {} {}, load average {load} at the start",
        cores,
        model.unwrap_or("an unnamed processor"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapter_is_found_between_its_marks() {
        let page = format!("x\n{}\nof a\n{}\n{}\nof b\n{}\n", begin("a"), end("a"), begin("b"), end("b"));
        assert_eq!(part_of(&page, "b"), Some("of b\n"));
        assert_eq!(part_of(&page, "c"), None);
    }
}
