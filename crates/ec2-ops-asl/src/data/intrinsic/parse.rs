//! Parses calls.

use serde_json::Value;

use super::functions::Function;
use super::{Argument, Call};
use crate::data::path::Path;

/// The most intrinsic functions in one field, the outermost included. AWS calls its example of nine "nine nested intrinsic
/// functions": <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>.
const MAX_CALLS: usize = 10;

impl Call {
    /// Reads a call. The error names the invalid part of `text` and the valid forms.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        call(text).map_err(|problem| format!("'{text}' is not a valid intrinsic function: {problem}"))
    }
}

/// Reads `text`, which must be one call and nothing else.
fn call(text: &str) -> Result<Call, String> {
    let (call, rest) = Parser::default().call(text)?;
    if rest.is_empty() { Ok(call) } else { Err(format!("unexpected '{rest}' after the closing parenthesis")) }
}

/// Parses the call of one field, with the calls that are nested in it.
#[derive(Default)]
struct Parser {
    /// The number of calls so far.
    calls: usize,
}

impl Parser {
    /// Reads a call, and returns it with the rest of `text`.
    fn call<'t>(&mut self, text: &'t str) -> Result<(Call, &'t str), String> {
        let (name, mut rest) = text.split_once('(').ok_or("a '(' is missing after the function's name")?;
        let function = Function::named(name)?;
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return Err(format!("one field can nest at most {MAX_CALLS} intrinsic functions"));
        }
        let mut arguments = Vec::new();
        if let Some(after) = rest.trim_start().strip_prefix(')') {
            rest = after;
        } else {
            loop {
                let is_format = function == Function::Format && arguments.is_empty();
                let (argument, after) = self.argument(rest.trim_start(), is_format)?;
                arguments.push(argument);
                let after = after.trim_start();
                if let Some(after) = after.strip_prefix(')') {
                    rest = after;
                    break;
                }
                rest = after.strip_prefix(',').ok_or_else(|| format!("expected ',' or ')' at '{after}'"))?;
            }
        }
        function.accepts(arguments.len())?;
        let text = text[..text.len() - rest.len()].to_owned();
        Ok((Call { function, arguments, text }, rest))
    }

    /// Reads an argument, and returns it with the rest of `text`. A format string keeps the escapes of its braces.
    fn argument<'t>(&mut self, text: &'t str, is_format: bool) -> Result<(Argument, &'t str), String> {
        if let Some(rest) = text.strip_prefix('\'') {
            let (literal, rest) = string(rest, is_format)?;
            return Ok((Argument::Literal(Value::String(literal)), rest));
        }
        if text.starts_with("States.") {
            let (call, rest) = self.call(text)?;
            return Ok((Argument::Call(call), rest));
        }
        word(text)
    }
}

/// Reads a path, a number, true, false or null, and returns it with the rest of `text`.
fn word(text: &str) -> Result<(Argument, &str), String> {
    let (word, rest) = text.split_at(outside_brackets(text, &[',', ')', ' ']));
    if word.starts_with('$') {
        // A path that is a value by itself may have one. In a function AWS reads it in brackets only; no page says so, but
        // https://htnosm.hatenablog.com/entry/2023/02/28/090000 has tried it.
        if outside_brackets(word, &['-']) < word.len() {
            return Err(format!("'{word}': in a function, a name with a hyphen is ['in-brackets']"));
        }
        return Path::parse(word).map(|path| (Argument::Path(path), rest));
    }
    match serde_json::from_str(word) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => Ok((Argument::Literal(value), rest)),
        _ => Err(format!(
            "'{word}' is not an argument: expected a path, a number, true, false, null, a call, or a string in single \
             quotes"
        )),
    }
}

/// Where the first of `characters` stands that is in no brackets, or the end.
fn outside_brackets(text: &str, characters: &[char]) -> usize {
    let mut quote = None;
    let mut bracket = false;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') if bracket => quote = Some(character),
            (None, '[') => bracket = true,
            (None, ']') => bracket = false,
            (None, _) if !bracket && characters.contains(&character) => return at,
            _ => {}
        }
    }
    text.len()
}

/// Reads a string after its opening quote. `\'`, `\\`, `\{` and `\}` are the only escapes.
fn string(text: &str, keep_braces: bool) -> Result<(String, &str), String> {
    let mut literal = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return Ok((literal, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, '\'')) => literal.push('\''),
                Some((_, escaped @ ('\\' | '{' | '}'))) => {
                    if keep_braces {
                        literal.push('\\');
                    }
                    literal.push(escaped);
                }
                _ => {
                    return Err(
                        "a backslash may only escape a single quote, a brace or a backslash".to_owned()
                    );
                }
            },
            _ => literal.push(character),
        }
    }
    Err("a string is not closed: expected a single quote".to_owned())
}
