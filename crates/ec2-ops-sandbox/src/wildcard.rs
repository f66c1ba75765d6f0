//! Wildcards: `*` for any run of characters, `?` for one.

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Any run of characters, the empty one included.
    Any,
    /// One character, whichever.
    One,
    /// This character.
    Literal(char),
}

/// A pattern whose only special characters are `*` and `?`.
pub(crate) fn parts(pattern: &str) -> Vec<Part> {
    pattern.chars().map(part).collect()
}

/// The same where `\` makes the next character a literal.
pub(crate) fn parts_with_escapes(pattern: &str) -> Vec<Part> {
    let mut chars = pattern.chars();
    std::iter::from_fn(|| match chars.next()? {
        '\\' => Some(Part::Literal(chars.next().unwrap_or('\\'))),
        c => Some(part(c)),
    })
    .collect()
}

fn part(c: char) -> Part {
    match c {
        '*' => Part::Any,
        '?' => Part::One,
        c => Part::Literal(c),
    }
}

/// Whether the whole of `text` matches. It takes at most as many steps as the product of both lengths, whatever the
/// pattern: it never returns to any `*` but the last.
pub(crate) fn matches(pattern: &[Part], text: &str) -> bool {
    let mut pattern_rest = pattern;
    let mut text_rest = text.chars();
    // After the last `*`, and the text that it has not taken yet.
    let mut retry: Option<(&[Part], std::str::Chars<'_>)> = None;
    loop {
        match (pattern_rest.split_first(), text_rest.clone().next()) {
            (Some((Part::Any, after)), _) => {
                retry = Some((after, text_rest.clone()));
                pattern_rest = after;
            }
            (None, None) => return true,
            (Some((Part::One, after)), Some(_)) => {
                text_rest.next();
                pattern_rest = after;
            }
            (Some((Part::Literal(wanted), after)), Some(found)) if *wanted == found => {
                text_rest.next();
                pattern_rest = after;
            }
            _ => {
                let Some((after, untaken)) = &mut retry else { return false };
                if untaken.next().is_none() {
                    return false;
                }
                pattern_rest = after;
                text_rest = untaken.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        assert!(!matches(&parts(&"*a".repeat(100)), &"a".repeat(99)));
        assert!(!matches(&parts(&("*a".repeat(100) + "b")), &"a".repeat(100_000)));
    }

    /// By trying every split, as the definition says.
    fn by_definition(pattern: &[Part], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((Part::Any, rest)) => (0..=text.len()).any(|taken| by_definition(rest, &text[taken..])),
            Some((part, rest)) => text.split_first().is_some_and(|(found, after)| {
                (*part == Part::One || *part == Part::Literal(*found)) && by_definition(rest, after)
            }),
        }
    }

    proptest! {
        #[test]
        fn a_match_is_what_the_definition_says(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
            let characters: Vec<_> = text.chars().collect();
            prop_assert_eq!(matches(&parts(&pattern), &text), by_definition(&parts(&pattern), &characters));
        }
    }
}
