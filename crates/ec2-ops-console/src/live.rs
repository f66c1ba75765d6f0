//! Server-sent events: what has changed on a page since the browser saw it. See
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};

use maud::Markup;

/// Events that are sent together, with the id from which a browser goes on when its connection breaks.
#[derive(Debug, Default)]
pub(crate) struct Events(String);

impl Events {
    /// A part of the page: the element with the id `target` becomes `html`.
    pub(crate) fn part(&mut self, target: &str, html: &Markup) {
        self.push("part", &format!("{target}\n{}", html.0));
    }

    pub(crate) fn push(&mut self, name: &str, data: &str) {
        let _ = writeln!(self.0, "event: {name}");
        // CR and LF would end the line.
        for line in data.split(['\n', '\r']) {
            let _ = writeln!(self.0, "data: {line}");
        }
        self.0.push('\n');
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the stream. The last event has the id.
    pub(crate) fn finish(mut self, id: &str) -> String {
        self.0.truncate(self.0.trim_end_matches('\n').len());
        let _ = write!(self.0, "\nid: {id}\n\n");
        self.0
    }
}

/// What keeps a quiet connection open.
pub(crate) const HEARTBEAT: &str = ": \n\n";

/// The parts of a page that a browser has.
#[derive(Debug, Default)]
pub(crate) struct Shown(HashMap<&'static str, u64>);

impl Shown {
    /// Sends `html`, if the browser has something else.
    pub(crate) fn update(&mut self, events: &mut Events, target: &'static str, html: &Markup) {
        let mut hasher = DefaultHasher::new();
        html.0.hash(&mut hasher);
        let hash = hasher.finish();
        if self.0.insert(target, hash) != Some(hash) {
            events.part(target, html);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maud::html;

    #[test]
    fn a_text_of_several_lines_stays_one_event() {
        let mut events = Events::default();
        events.part("summary", &html! { "a\nb" });
        events.push("end", "");
        assert_eq!(
            events.finish("7"),
            "event: part\ndata: summary\ndata: a\ndata: b\n\nevent: end\ndata: \nid: 7\n\n"
        );
    }

    #[test]
    fn only_what_has_changed_is_sent() {
        let (mut shown, mut events) = (Shown::default(), Events::default());
        shown.update(&mut events, "summary", &html! { "a" });
        assert!(!events.is_empty());
        let mut events = Events::default();
        shown.update(&mut events, "summary", &html! { "a" });
        assert!(events.is_empty());
        shown.update(&mut events, "summary", &html! { "b" });
        assert!(!events.is_empty());
    }
}
