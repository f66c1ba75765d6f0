//! Where the states are drawn: in layers, as Sugiyama's method has it.
//!
//! 1. An edge that leads back to an ancestor is turned around.
//! 2. A state's layer is the longest way to it.
//! 3. An edge over several layers gets a bend in each of them. Errors that lead to one state share their bends, so that
//!    they are drawn as one line.
//! 4. Each layer is ordered by where its neighbours are, which leaves few crossings.
//! 5. Places are moved towards those of the neighbours, and kept apart.

use std::collections::{BTreeMap, HashMap};

use super::{Graph, Kind};

/// The size of a state, and the distances between states.
pub(crate) const WIDTH: f64 = 154.0;
pub(crate) const HEIGHT: f64 = 34.0;
const GAP: f64 = 14.0;
const LAYER: f64 = 58.0;
const BEND: f64 = 6.0;
/// How often the rows are ordered, and how often their nodes are moved: a long way needs many moves to become straight.
const SWEEPS: usize = 12;
const MOVES: usize = 160;
/// How much a way wants to be straight: the main one, that of a choice or an error, and one that leads back.
const MAIN: f64 = 1000.0;
const ASIDE: f64 = 1.0;
const INNER: f64 = 100.0;
const BACK: f64 = 0.2;

/// Where everything is.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// The middle of each state, by its index.
    pub(crate) states: Vec<(f64, f64)>,
    pub(crate) lines: Vec<Line>,
}

/// A way from a state to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) catch: bool,
    /// The middles of the bends between them.
    pub(crate) bends: Vec<(f64, f64)>,
}

/// A state, or a bend of an edge.
struct Node {
    layer: usize,
    width: f64,
    /// The neighbours above and below, each with its weight.
    above: Vec<(usize, f64)>,
    below: Vec<(usize, f64)>,
    x: f64,
}

impl Layout {
    pub(crate) fn of(graph: &Graph) -> Self {
        if graph.states.is_empty() {
            return Self::default();
        }
        let back = back_edges(graph);
        let layers = layers(graph, &back);
        let mut nodes: Vec<_> = layers.iter().map(|&layer| Node::new(layer, WIDTH)).collect();
        let mut bends = HashMap::new();
        let mut ways = Vec::new();
        for (edge, &is_back) in graph.edges.iter().zip(&back) {
            let (top, bottom) = if is_back { (edge.to, edge.from) } else { (edge.from, edge.to) };
            let weight = match edge.kind {
                _ if is_back => BACK,
                Kind::Next => MAIN,
                Kind::Choice | Kind::Catch => ASIDE,
            };
            let mut way = Vec::new();
            let mut before = top;
            for layer in layers[top] + 1..layers[bottom] {
                // The errors that lead to one state share their bends.
                let key = if edge.kind == Kind::Catch && !is_back {
                    (usize::MAX, bottom, layer)
                } else {
                    (top, bottom, layer)
                };
                let bend = *bends.entry(key).or_insert_with(|| {
                    nodes.push(Node::new(layer, BEND));
                    nodes.len() - 1
                });
                // A long way is straight between its ends.
                link(&mut nodes, before, bend, if before == top { weight } else { weight * INNER });
                way.push(bend);
                before = bend;
            }
            link(&mut nodes, before, bottom, weight);
            if is_back {
                way.reverse();
            }
            ways.push(way);
        }
        place(&mut nodes, &spine(graph));
        let y = |node: &Node| {
            f64::from(u32::try_from(node.layer).unwrap_or(u32::MAX)) * LAYER + HEIGHT / 2.0 + 1.0
        };
        let middle = |index: usize| (nodes[index].x, y(&nodes[index]));
        let lines = graph.edges.iter().zip(ways).map(|(edge, way)| Line {
            from: edge.from,
            to: edge.to,
            catch: edge.kind == Kind::Catch,
            bends: way.into_iter().map(middle).collect(),
        });
        Self {
            width: nodes.iter().map(|node| node.x + node.width / 2.0).fold(0.0, f64::max) + GAP / 2.0,
            height: nodes.iter().map(y).fold(0.0, f64::max) + HEIGHT / 2.0 + 1.0,
            states: (0..graph.states.len()).map(middle).collect(),
            lines: lines.collect(),
        }
    }
}

impl Node {
    fn new(layer: usize, width: f64) -> Self {
        Self { layer, width, above: Vec::new(), below: Vec::new(), x: 0.0 }
    }

    /// How much it wants to be where it wants to be.
    fn weight(&self) -> f64 {
        self.above.iter().chain(&self.below).map(|(_, weight)| weight * weight).sum::<f64>().max(BACK)
    }
}

fn link(nodes: &mut [Node], above: usize, below: usize, weight: f64) {
    let grow = |links: &mut Vec<(usize, f64)>, other| match links.iter_mut().find(|(node, _)| *node == other)
    {
        Some((_, known)) => *known = known.max(weight),
        None => links.push((other, weight)),
    };
    grow(&mut nodes[above].below, below);
    grow(&mut nodes[below].above, above);
}

/// Whether each edge leads back to a state on the way to it.
fn back_edges(graph: &Graph) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        OnTheWay,
        Done,
    }
    let mut back = vec![false; graph.edges.len()];
    let mut seen = vec![Seen::Not; graph.states.len()];
    for first in std::iter::once(graph.start).chain(0..graph.states.len()) {
        // A stack of states, each with the edge that is looked at next.
        let mut way = if seen[first] == Seen::Not { vec![(first, 0)] } else { Vec::new() };
        seen[first] = if seen[first] == Seen::Not { Seen::OnTheWay } else { seen[first] };
        while let Some((state, next)) = way.last_mut() {
            let from = *state;
            let found = (*next..graph.edges.len()).find(|&index| graph.edges[index].from == from);
            let Some(index) = found else {
                seen[from] = Seen::Done;
                way.pop();
                continue;
            };
            *next = index + 1;
            let to = graph.edges[index].to;
            match seen[to] {
                Seen::OnTheWay => back[index] = true,
                Seen::Done => {}
                Seen::Not => {
                    seen[to] = Seen::OnTheWay;
                    way.push((to, 0));
                }
            }
        }
    }
    back
}

/// The longest way to each state over the edges that do not lead back.
fn layers(graph: &Graph, back: &[bool]) -> Vec<usize> {
    let mut layers = vec![0; graph.states.len()];
    // Each round settles at least one more layer.
    for _ in 0..graph.states.len() {
        for (edge, _) in graph.edges.iter().zip(back).filter(|(_, back)| !**back) {
            layers[edge.to] = layers[edge.to].max(layers[edge.from] + 1);
        }
    }
    layers
}

/// The states of the way on which nothing fails, which is drawn in the middle.
fn spine(graph: &Graph) -> Vec<usize> {
    let mut spine = vec![graph.start];
    while let Some(next) =
        graph.edges.iter().find(|edge| Some(&edge.from) == spine.last() && edge.kind == Kind::Next)
        && !spine.contains(&next.to)
    {
        spine.push(next.to);
    }
    spine
}

/// Orders each layer, and gives each node its place.
fn place(nodes: &mut [Node], spine: &[usize]) {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        rows.entry(node.layer).or_default().push(index);
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    for row in &rows {
        spread(nodes, row);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for index in order(rows.len(), down) {
            let towards = |node: &Node| if down { node.above.clone() } else { node.below.clone() };
            let mut wanted = wanted(nodes, &rows[index], towards);
            wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
            rows[index] = wanted.iter().map(|(_, node)| *node).collect();
            settle(nodes, &wanted);
        }
    }
    for row in &mut rows {
        balance(nodes, row, spine);
        spread(nodes, row);
    }
    for sweep in 0..MOVES {
        for index in order(rows.len(), sweep % 2 == 0) {
            let wanted = wanted(nodes, &rows[index], |node| [&node.above[..], &node.below].concat());
            settle(nodes, &wanted);
        }
    }
    let left = nodes.iter().map(|node| node.x - node.width / 2.0).fold(f64::INFINITY, f64::min);
    for node in nodes {
        node.x += GAP / 2.0 - left;
    }
}

/// The rows from the first to the last, or the other way round.
fn order(rows: usize, down: bool) -> Vec<usize> {
    if down { (0..rows).collect() } else { (0..rows).rev().collect() }
}

/// The place that each node of a row wants: the middle of those neighbours that `towards` names.
fn wanted(nodes: &[Node], row: &[usize], towards: impl Fn(&Node) -> Vec<(usize, f64)>) -> Vec<(f64, usize)> {
    let place = |index: usize| {
        let neighbours = towards(&nodes[index]);
        let total: f64 = neighbours.iter().map(|(_, weight)| weight).sum();
        let sum: f64 = neighbours.iter().map(|&(other, weight)| nodes[other].x * weight).sum();
        if total > 0.0 { sum / total } else { nodes[index].x }
    };
    row.iter().map(|&index| (place(index), index)).collect()
}

/// Puts as many states to the one side of the middle way as to the other.
fn balance(nodes: &[Node], row: &mut Vec<usize>, spine: &[usize]) {
    let is_state = |node: &&usize| nodes[**node].width >= WIDTH;
    while let Some(middle) = row.iter().position(|node| spine.contains(node)) {
        let (left, right) = (
            row[..middle].iter().filter(is_state).count(),
            row[middle + 1..].iter().filter(is_state).count(),
        );
        let (from, to) = if left >= right + 2 {
            (row[..middle].iter().rposition(|node| is_state(&node)), middle)
        } else if right >= left + 2 {
            (
                row[middle + 1..].iter().position(|node| is_state(&node)).map(|index| middle + 1 + index),
                middle,
            )
        } else {
            return;
        };
        let Some(from) = from else { return };
        let moved = row.remove(from);
        row.insert(to, moved);
    }
}

/// Puts a row side by side.
fn spread(nodes: &mut [Node], row: &[usize]) {
    let width: f64 = row.iter().map(|&index| nodes[index].width + GAP).sum();
    let mut x = -width / 2.0;
    for &index in row {
        nodes[index].x = x + nodes[index].width / 2.0;
        x += nodes[index].width + GAP;
    }
}

/// Moves a row to the places that it wants, as far as its order and the distances allow: neighbours that would overlap
/// become a block, which stands at the middle of what its nodes want, each by its weight.
fn settle(nodes: &mut [Node], wanted: &[(f64, usize)]) {
    struct Block {
        /// The node of the block that stands first, and how many there are.
        first: usize,
        count: usize,
        /// The sum of the places that suit its nodes, by weight, and the sum of the weights.
        sum: f64,
        weight: f64,
    }
    let gap = |left: usize, right: usize| f64::midpoint(nodes[left].width, nodes[right].width) + GAP;
    // How far each node stands from the first one of the row, if all stand close.
    let mut offsets = vec![0.0];
    for pair in wanted.windows(2) {
        offsets.push(offsets[offsets.len() - 1] + gap(pair[0].1, pair[1].1));
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (index, (want, _)) in wanted.iter().enumerate() {
        let weight = nodes[wanted[index].1].weight();
        blocks.push(Block { first: index, count: 1, sum: (want - offsets[index]) * weight, weight });
        while let [.., before, last] = blocks.as_slice() {
            if before.sum / before.weight <= last.sum / last.weight {
                break;
            }
            let joined = Block {
                first: before.first,
                count: before.count + last.count,
                sum: before.sum + last.sum,
                weight: before.weight + last.weight,
            };
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    for block in blocks {
        let mean = block.sum / block.weight;
        for index in block.first..block.first + block.count {
            nodes[wanted[index].1].x = mean + offsets[index];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> (Graph, Layout) {
        let definition = include_str!("../../../../state_machine/run_commands.asl.json");
        let graph = Graph::of(&serde_json::from_str(definition).unwrap());
        let layout = Layout::of(&graph);
        (graph, layout)
    }

    #[test]
    fn no_two_states_overlap() {
        let (_, layout) = deployment();
        for (index, (x, y)) in layout.states.iter().enumerate() {
            assert!(*x >= WIDTH / 2.0 && *x <= layout.width - WIDTH / 2.0 && *y <= layout.height);
            for (other_x, other_y) in &layout.states[..index] {
                assert!((y - other_y).abs() >= HEIGHT || (x - other_x).abs() >= WIDTH + 1.0);
            }
        }
    }

    #[test]
    fn the_main_way_leads_down() {
        let (graph, layout) = deployment();
        let y = |name: &str| layout.states[graph.states.iter().position(|state| state == name).unwrap()].1;
        let way = [
            "Begin",
            "EC2StarterFromAMI",
            "Boot",
            "Commander",
            "EC2Poller",
            "RunChecker",
            "EC2Stopper",
            "Succeeded",
        ];
        assert!(way.windows(2).all(|pair| y(pair[0]) < y(pair[1])));
    }

    #[test]
    fn errors_that_lead_to_one_state_share_their_way() {
        let (graph, layout) = deployment();
        let over = graph.states.iter().position(|state| state == "AttemptOver").unwrap();
        let mut bends: Vec<_> = layout.lines.iter().filter(|line| line.catch && line.to == over).collect();
        bends.sort_by_key(|line| line.bends.len());
        let longest = &bends[bends.len() - 1].bends;
        for line in &bends {
            assert!(line.bends.iter().all(|bend| longest.contains(bend)), "{line:?}");
        }
    }

    #[test]
    fn a_definition_of_one_state_or_of_none_is_no_problem() {
        assert_eq!(Layout::of(&Graph::default()).states, []);
        let one = Graph { states: vec!["A".to_owned()], ..Graph::default() };
        assert_eq!(Layout::of(&one).states.len(), 1);
    }
}
