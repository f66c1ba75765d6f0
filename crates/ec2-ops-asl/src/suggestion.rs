//! Suggests the known name that is nearest to an unknown one.

/// ` (did you mean 'X'?)` with the known name that is nearest to `unknown`; empty if none is near.
pub(crate) fn did_you_mean<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let near = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&unknown.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min();
    near.map_or_else(String::new, |(_, name)| format!(" (did you mean '{name}'?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("InputPaht", ["InputPath", "OutputPath"]), " (did you mean 'InputPath'?)");
        assert_eq!(did_you_mean("retry", ["Retry"]), " (did you mean 'Retry'?)");
        assert_eq!(did_you_mean("Elephant", ["Retry", "Catch"]), "");
    }
}
