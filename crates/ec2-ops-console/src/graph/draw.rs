//! The graph as SVG.

use std::collections::HashSet;
use std::fmt::Write as _;

use maud::{Markup, html};

use super::layout::{HEIGHT, WIDTH};
use super::{Graph, Layout};
use crate::story::{Standing, Visit};

/// Draws the states, coloured and signed by the last of `visits` in each of them. `link` is where a stay leads to.
pub(crate) fn draw(
    graph: &Graph,
    layout: &Layout,
    visits: &[&Visit],
    link: impl Fn(&Visit) -> String,
) -> Markup {
    let taken: HashSet<_> =
        visits.windows(2).map(|pair| (pair[0].state.as_str(), pair[1].state.as_str())).collect();
    let name = |index: usize| graph.states[index].as_str();
    html! {
        svg.graph role="group" aria-label="states" viewBox={ "0 0 " (round(layout.width)) " " (round(layout.height)) }
            width=(round(layout.width)) height=(round(layout.height)) {
            @for line in &layout.lines {
                @let class = if taken.contains(&(name(line.from), name(line.to))) { "edge taken" } else { "edge" };
                path class=(class) data-catch[line.catch] d=(path(layout, line.from, line.to, &line.bends)) {}
            }
            @for (index, middle) in layout.states.iter().enumerate() {
                @let stays: Vec<_> = visits.iter().filter(|visit| visit.state == name(index)).collect();
                (state(name(index), *middle, stays.len(), stays.last().map(|visit| (&***visit, link(visit)))))
            }
        }
    }
}

fn state(name: &str, (x, y): (f64, f64), stays: usize, last: Option<(&Visit, String)>) -> Markup {
    let standing = last.as_ref().map_or(Standing::NotReached, |(visit, _)| visit.standing());
    let tries = last.as_ref().map_or(0, |(visit, _)| visit.tries.len());
    let more = match (tries, stays) {
        (2.., _) => format!("{tries} tries"),
        (_, 2..) => format!("{stays} visits"),
        _ => String::new(),
    };
    // It begins with what is to be seen, so that voice control finds it.
    let seen = if more.is_empty() { name.to_owned() } else { format!("{name} {more}") };
    let label = format!("{seen}, {}", standing.word());
    let body = html! {
        rect x=(round(x - WIDTH / 2.0)) y=(round(y - HEIGHT / 2.0)) width=(WIDTH) height=(HEIGHT) rx="7" {}
        text.sign x=(round(x - WIDTH / 2.0 + 13.0)) y=(round(y + 4.5)) { (standing.sign()) }
        " " text x=(round(x - WIDTH / 2.0 + 25.0)) y=(round(if more.is_empty() { y + 4.5 } else { y - 1.0 })) { (name) }
        @if !more.is_empty() { " " text.more x=(round(x - WIDTH / 2.0 + 25.0)) y=(round(y + 11.0)) { (more) } }
    };
    html! {
        @match last {
            Some((_, link)) => a.state.(standing.class()) href=(link) aria-label=(label) { (body) },
            None => g.state.unreached role="img" aria-label=(label) { (body) },
        }
    }
}

/// A line from the lower edge of a state to the upper edge of another, or the other way round if it leads up.
fn path(layout: &Layout, from: usize, to: usize, bends: &[(f64, f64)]) -> String {
    let (start, end) = (layout.states[from], layout.states[to]);
    let down = end.1 > start.1;
    let half = if down { HEIGHT / 2.0 } else { -HEIGHT / 2.0 };
    // A line that leads up has its ends a little to the right of those that lead down.
    let aside = if down { 0.0 } else { WIDTH / 4.0 };
    let mut d = format!("M{} {}", round(start.0 + aside), round(start.1 + half));
    let mut at = (start.0 + aside, start.1 + half);
    for bend in bends {
        curve(&mut d, &mut at, (bend.0, bend.1 - half));
        at.1 = bend.1 + half;
        let _ = write!(d, "V{}", round(at.1));
    }
    curve(&mut d, &mut at, (end.0 + aside, end.1 - half));
    d
}

fn curve(d: &mut String, at: &mut (f64, f64), to: (f64, f64)) {
    let middle = round(f64::midpoint(at.1, to.1));
    let _ = write!(d, "C{} {middle} {} {middle} {} {}", round(at.0), round(to.0), round(to.0), round(to.1));
    *at = to;
}

/// With one digit after the point, which is enough for a screen.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
