//! The pages, and the parts of them that change while one looks.

pub(crate) mod backstage;
pub(crate) mod editor;
pub(crate) mod executions;
pub(crate) mod outcome;
pub(crate) mod single;
pub(crate) mod state;

use jiff::{SignedDuration, Timestamp};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::words::duration;

/// What every page says of the deployment.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The sandbox or the account.
    pub(crate) place: String,
    /// Whether it is a sandbox.
    pub(crate) sandbox: bool,
    /// Tells the assets of this program from those of another, which the browser may still have.
    pub(crate) assets: String,
}

/// The places of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Executions,
    New,
    Sandbox,
    Elsewhere,
}

/// A page. `live` is where its events come from.
pub(crate) fn page(frame: &Frame, place: Place, title: &str, live: Option<&str>, content: &Markup) -> Markup {
    let current = |of: Place| (of == place).then_some("page");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) " · ec2-ops" }
                link rel="icon" href="/assets/icon.svg";
                link rel="stylesheet" href={ "/assets/console.css?" (frame.assets) };
                script src={ "/assets/console.js?" (frame.assets) } defer {}
            }
            body data-live=[live] {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    a.brand href="/" { "ec2-ops" }
                    nav aria-label="Console" {
                        a href="/" aria-current=[current(Place::Executions)] { "Executions" }
                        a href="/new" aria-current=[current(Place::New)] { "New run" }
                        @if frame.sandbox { a href="/sandbox" aria-current=[current(Place::Sandbox)] { "Sandbox" } }
                    }
                    span.place { (frame.place) }
                    span #connection.connection role="status" {}
                }
                main #content { (content) }
            }
        }
    }
}

/// A page with a message, for what went wrong.
pub(crate) fn message(frame: &Frame, title: &str, text: &str) -> Markup {
    let content = html! { h1 { (title) } p.trouble { (text) } p { a href="/" { "All executions" } } };
    page(frame, Place::Elsewhere, title, None, &content)
}

/// The page for a browser without the token.
pub(crate) fn closed() -> Markup {
    let frame = Frame { place: String::new(), sandbox: false, assets: String::new() };
    let content = html! {
        h1 { "This console is closed" }
        p { "Open it with the URL that the command has printed. The URL has a token, which this browser does not have." }
    };
    page(&frame, Place::Elsewhere, "Closed", None, &content)
}

/// A command line that shows the same with the aws CLI, to be copied.
pub(crate) fn aws_line(line: &str) -> Markup {
    html! {
        details.aws {
            summary { "As aws line" }
            div.copy { code { (line) } button type="button" data-copy=(line) { "Copy" } }
        }
    }
}

/// A duration up to now, which the browser counts on.
pub(crate) fn since(from: Timestamp) -> Markup {
    let text = duration(Timestamp::now().duration_since(from));
    html! { time data-since=(from.as_millisecond()) { (text) } }
}

/// A duration from now, which the browser counts down.
pub(crate) fn until(at: Timestamp) -> Markup {
    let text = duration(at.duration_since(Timestamp::now()).max(SignedDuration::ZERO));
    html! { time data-until=(at.as_millisecond()) { (text) } }
}

/// A moment.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (ec2_ops_client::moment(at)) } }
}

/// JSON as people read it.
pub(crate) fn json(value: &Value) -> Markup {
    html! { pre.json tabindex="0" { (serde_json::to_string_pretty(value).unwrap_or_default()) } }
}
