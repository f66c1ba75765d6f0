//! Where the values of a JSON text are, for messages as compilers write them.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;
use std::str::Chars;

/// A place in a text: line and column, counted from 1. A column is a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

/// The places of all values of a JSON text, by JSON path, and the keys that an object has twice.
#[derive(Debug, Default)]
pub struct Positions {
    values: HashMap<String, Place>,
    /// Where each key and each value begins, in the order of the text.
    begins: Vec<(Place, String)>,
    /// The path of each repeated key, and its place.
    pub repeated: Vec<(String, Place)>,
}

impl Positions {
    /// Reads `text`, which has to be JSON: so its nesting has the limit of the parser that has read it before.
    pub fn of(text: &str) -> Self {
        let mut scanner = Scanner {
            rest: text.chars().peekable(),
            place: Place { line: 1, column: 1 },
            found: Self::default(),
        };
        scanner.value("$");
        scanner.found
    }

    /// The path of what stands at `place`: the last key or value that begins there or before.
    pub(super) fn path(&self, place: Place) -> &str {
        let begun = self.begins.partition_point(|(begin, _)| *begin <= place);
        self.begins[..begun].last().map_or("$", |(_, path)| path.as_str())
    }

    /// The place of the value at `path`, or of the innermost one around it that is there.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.values.get(path) {
                return Some(*place);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

struct Scanner<'a> {
    rest: Peekable<Chars<'a>>,
    place: Place,
    found: Positions,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(next)
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        while self.rest.next_if(|&c| skipped(c)).is_some_and(|c| self.count(c)) {}
    }

    /// Counts a character that was taken without [`Self::next`].
    fn count(&mut self, c: char) -> bool {
        self.place = match c {
            '\n' => Place { line: self.place.line + 1, column: 1 },
            _ => Place { column: self.place.column + 1, ..self.place },
        };
        true
    }

    fn value(&mut self, path: &str) {
        self.skip(char::is_whitespace);
        self.found.values.entry(path.to_owned()).or_insert(self.place);
        self.found.begins.push((self.place, path.to_owned()));
        match self.rest.peek() {
            Some('{') => self.object(path),
            Some('[') => self.list(path),
            Some('"') => drop(self.string()),
            _ => self.skip(|c| !",]}".contains(c) && !c.is_whitespace()),
        }
    }

    fn object(&mut self, path: &str) {
        self.next();
        let mut keys = HashSet::new();
        loop {
            self.skip(|c| c.is_whitespace() || c == ',');
            let place = self.place;
            if self.rest.peek() != Some(&'"') {
                self.next();
                return;
            }
            let key = self.string();
            let path = if is_plain(&key) { format!("{path}.{key}") } else { format!("{path}[{key:?}]") };
            self.found.begins.push((place, path.clone()));
            self.skip(|c| c.is_whitespace() || c == ':');
            if !keys.insert(key) {
                self.found.repeated.push((path.clone(), place));
            }
            self.value(&path);
        }
    }

    fn list(&mut self, path: &str) {
        self.next();
        for index in 0.. {
            self.skip(|c| c.is_whitespace() || c == ',');
            if matches!(self.rest.peek(), None | Some(']')) {
                self.next();
                return;
            }
            self.value(&format!("{path}[{index}]"));
        }
    }

    /// The text of the string that begins here.
    fn string(&mut self) -> String {
        let mut raw = String::new();
        raw.extend(self.next());
        while let Some(c) = self.next() {
            raw.push(c);
            match c {
                '\\' => raw.extend(self.next()),
                '"' => break,
                _ => {}
            }
        }
        serde_json::from_str(&raw).unwrap_or(raw)
    }
}

/// Whether a name stands in a path as it is; in quotes if not, as in the problems of a document.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "commands": ["echo \"a, b]\"", "ü ö",
    "third"],
  "run_options": {"timeout_s": 30,
    "timeout_s" : 60, "nested": [[1], {"x": null}]}
}"#;

    fn at(line: usize, column: usize) -> Place {
        Place { line, column }
    }

    #[test]
    fn every_value_has_its_line_and_column() {
        let positions = Positions::of(TEXT);
        for (path, place) in [
            ("$", at(1, 1)),
            ("$.commands", at(2, 15)),
            ("$.commands[1]", at(2, 34)),
            ("$.commands[2]", at(3, 5)),
            ("$.run_options.timeout_s", at(4, 32)),
            ("$.run_options.nested[0][0]", at(5, 35)),
            ("$.run_options.nested[1].x", at(5, 45)),
        ] {
            assert_eq!(positions.place(path), Some(place), "{path}");
        }
    }

    #[test]
    fn what_is_missing_is_where_it_should_be() {
        let positions = Positions::of(TEXT);
        assert_eq!(positions.place("$.run_options.ii_check_s3.bucket"), Some(at(4, 18)));
        assert_eq!(positions.place("$.commands[9]"), Some(at(2, 15)));
        assert_eq!(positions.place("$.missing"), Some(at(1, 1)));
        assert_eq!(positions.place("elsewhere"), None);
        assert_eq!(Positions::of(r#"{"a-b": {"c": 1}}"#).place(r#"$["a-b"].c"#), Some(at(1, 15)));
    }

    #[test]
    fn a_repeated_key_is_found_at_its_second_place() {
        let repeated = Positions::of(TEXT).repeated;
        assert_eq!(repeated, [("$.run_options.timeout_s".to_owned(), at(5, 5))]);
        assert_eq!(Positions::of(r#"{"a": 1, "\u0061": 2}"#).repeated.len(), 1);
    }
}
