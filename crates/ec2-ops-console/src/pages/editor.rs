//! The editor of documents, and what it says while one types.

use ec2_ops::document::{Place as TextPlace, TextProblem, check_text, described_at};
use maud::{Markup, html};

use super::{Frame, Place, page};

/// The examples of the repository, by name.
const EXAMPLES: [(&str, &str, &str); 6] = [
    ("hello", "prove one object", include_str!("../../../../examples/hello.json")),
    ("failing-command", "a command that fails", include_str!("../../../../examples/failing-command.json")),
    (
        "missing-output",
        "no output, though it promised one",
        include_str!("../../../../examples/missing-output.json"),
    ),
    ("retries", "more than one attempt", include_str!("../../../../examples/retries.json")),
    ("timeout", "commands that take too long", include_str!("../../../../examples/timeout.json")),
    ("spot", "spare capacity", include_str!("../../../../examples/spot.json")),
];

/// What is in the editor.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Why it could not be started.
    pub(crate) refused: Option<String>,
}

impl Draft {
    /// A draft of `text`, with a name that no execution has.
    pub(crate) fn new(beginning: &str, text: String) -> Self {
        // https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html: at most 80 characters.
        let beginning: String = beginning.chars().take(70).collect();
        Self { name: format!("{beginning}-{:08x}", fastrand::u32(..)), text, refused: None }
    }

    /// The example called `name`.
    pub(crate) fn example(name: &str) -> Option<Self> {
        let (name, _, text) = EXAMPLES.iter().find(|(known, ..)| *known == name)?;
        Some(Self::new(name, without_schema(text)))
    }
}

/// The text without the line that tells other editors where the schema is.
fn without_schema(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("\"$schema\""));
    lines.collect::<Vec<_>>().join("\n")
}

/// The page.
pub(crate) fn editor(frame: &Frame, draft: &Draft) -> Markup {
    let content = html! {
        h1 { "New run" }
        p.quiet { "A document says what to run, on which machine, and which object the commands must produce. It is checked while you type." }
        nav.examples aria-label="Examples" {
            span { "Examples: " }
            @for (name, about, _) in EXAMPLES { a href={ "/new?example=" (name) } title=(about) { (name) } " " }
        }
        @if let Some(refused) = &draft.refused { p.trouble role="alert" { (refused) } }
        form.editor method="post" action="/start" {
            div.fields {
                label { "Name " input name="name" value=(draft.name) maxlength="80" required autocomplete="off" spellcheck="false"; }
                button #start { @if frame.sandbox { "Run" } @else { "Run in the account" } }
            }
            label.hidden for="document" { "Document" }
            div.workbench {
            textarea #document name="document" rows="26" spellcheck="false" autocomplete="off" aria-describedby="verdict" data-check="/check" { (draft.text) }
            div #verdict role="status" aria-live="polite" { (verdict(&draft.text, None)) }
            }
        }
        @if frame.sandbox { p.quiet { "The commands really run: as you, on this machine, with your rights." } }
    };
    page(frame, Place::New, "New run", None, &content)
}

/// What is to be said about `text`, and about the field at `cursor`.
pub(crate) fn verdict(text: &str, cursor: Option<TextPlace>) -> Markup {
    let described = cursor.and_then(|place| described_at(text, place));
    html! {
        @match check_text(text) {
            Ok(checked) => {
                p.good { "✓ valid" }
                @for warning in checked.warnings { p.warning { "warning: " (warning) } }
            }
            Err(problems) => {
                p.bad { "✕ " (problems.len()) @if problems.len() == 1 { " problem" } @else { " problems" } }
                ol.problems { @for problem in &problems { (self::problem(problem)) } }
            }
        }
        @if let Some((path, description)) = described { p.help { code { (path) } " " (description) } }
    }
}

fn problem(problem: &TextProblem) -> Markup {
    html! {
        li {
            @if let Some(TextPlace { line, column }) = problem.place {
                button.place type="button" data-line=(line) data-column=(column) { "line " (line) ", column " (column) } " "
            }
            (problem.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_valid() {
        for (name, ..) in EXAMPLES {
            let draft = Draft::example(name).unwrap();
            assert!(check_text(&draft.text).is_ok(), "{name}");
            assert!(draft.name.starts_with(name));
        }
        assert!(Draft::example("none").is_none());
    }

    #[test]
    fn a_verdict_says_where_and_what_and_is_escaped() {
        let said = verdict("{\"<b>\": 1}", None).into_string();
        assert!(
            said.contains("line 1, column") && said.contains("&lt;b&gt;") && !said.contains("<b>\""),
            "{said}"
        );
        let valid = verdict(&Draft::example("hello").unwrap().text, Some(TextPlace { line: 2, column: 4 }))
            .into_string();
        assert!(valid.contains("✓ valid") && valid.contains("$.commands"), "{valid}");
    }
}
