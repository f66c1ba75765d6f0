//! Lists of EC2's ids.

/// `ids` without repetitions, in order of first appearance: EC2 treats a repeated id as one.
pub(super) fn distinct(ids: &[String]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect()
}
