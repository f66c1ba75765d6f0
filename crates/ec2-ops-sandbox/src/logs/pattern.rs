//! Filter patterns of unstructured events: terms. Patterns of JSON and of columns are not modelled.
//!
//! See <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.

use super::invalid;
use crate::AwsError;

/// The terms of a pattern. Terms are case-sensitive.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    /// All of them have to occur.
    all: Vec<String>,
    /// At least one of them has to occur, if there is one: `?term`.
    any: Vec<String>,
    /// None of them may occur: `-term`.
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; the empty one matches everything.
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        let mut pattern = Self::default();
        let mut rest = text.trim();
        if rest.starts_with(['{', '[', '%']) {
            return Err(AwsError::unmodelled(format!("the filter pattern {text} of CloudWatch Logs")));
        }
        while !rest.is_empty() {
            let terms = match rest.as_bytes()[0] {
                b'?' => &mut pattern.any,
                b'-' => &mut pattern.none,
                _ => &mut pattern.all,
            };
            rest = rest.strip_prefix(['?', '-']).unwrap_or(rest);
            let (term, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| bad(text))?,
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            };
            // AWS wants quotes around everything but letters, digits and underscores.
            let plain = rest.starts_with('"') || term.chars().all(|c| c.is_alphanumeric() || c == '_');
            if term.is_empty() || !plain {
                return Err(bad(text));
            }
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether an event is one of those that the pattern wants.
    pub(super) fn matches(&self, message: &str) -> bool {
        let occurs = |term: &String| message.contains(term.as_str());
        self.all.iter().all(occurs)
            && (self.any.is_empty() || self.any.iter().any(occurs))
            && !self.none.iter().any(occurs)
    }
}

fn bad(text: &str) -> AwsError {
    invalid(format!("Invalid filter pattern: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(message)
    }

    #[test]
    fn terms_are_all_wanted_one_wanted_or_unwanted() {
        assert!(matches("", "anything"));
        assert!(matches("ERROR arn", "ERROR: arn"));
        assert!(!matches("ERROR arn", "ERROR: x"));
        assert!(matches("?WARN ?ERROR", "an ERROR") && !matches("?WARN ?ERROR", "error"));
        assert!(!matches("ERROR -quiet", "ERROR quiet"));
        assert!(
            matches("\"two words\" -\"not these\"", "two words") && !matches("\"two words\"", "two  words")
        );
    }

    #[test]
    fn what_is_no_term_is_refused() {
        for pattern in ["\"open", "\"\"", "-", "a:b"] {
            assert_eq!(Pattern::parse(pattern).unwrap_err().code, "InvalidParameterException", "{pattern}");
        }
        for pattern in ["{ $.level = \"ERROR\" }", "[ip, user]", "%regex%"] {
            assert_eq!(Pattern::parse(pattern).unwrap_err().code, "NotImplemented", "{pattern}");
        }
    }
}
