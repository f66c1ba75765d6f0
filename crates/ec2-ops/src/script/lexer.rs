//! Shell text as words and operators, as far as warnings about it need them.
//!
//! It does not check the text. Text that a shell would refuse gives some tokens, too.

/// A piece of shell text, with the offset at which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, without its quotes. It is bare if it had none.
    Word { text: String, bare: bool },
    /// An operator, `|` or `<(`; a line feed is one, too, and so is the `(` that follows a word directly.
    Operator(&'static str),
}

/// The longest ones first.
const OPERATORS: [&str; 25] = [
    "&>>", "<<<", "<<-", "&&", "||", ";;", "|&", "&>", "<<", ">>", "<&", ">&", "<>", ">|", "<(", ">(", "|",
    "&", ";", "<", ">", "(", ")", "\n", "=(",
];

/// Splits `text`. Comments and the lines of here-documents are left out.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    Lexer { text, at: 0, tokens: Vec::new(), here_documents: Vec::new() }.run()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// The words that end the here-documents which begin after this line, and whether tabs may stand before them.
    here_documents: Vec<(String, bool)>,
}

impl Lexer<'_> {
    fn run(mut self) -> Vec<Token> {
        while let Some(next) = self.rest().chars().next() {
            match next {
                ' ' | '\t' | '\r' => self.at += 1,
                '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => match operator(self.rest()) {
                    Some(operator) => self.operator(operator),
                    None => self.word(),
                },
            }
        }
        self.tokens
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn operator(&mut self, operator: &'static str) {
        self.tokens.push(Token { at: self.at, kind: Kind::Operator(operator) });
        self.at += operator.len();
        if operator == "\n" {
            for (end, tabs) in std::mem::take(&mut self.here_documents) {
                self.skip_here_document(&end, tabs);
            }
        }
    }

    fn skip_here_document(&mut self, end: &str, tabs: bool) {
        while !self.rest().is_empty() {
            let line = self.rest().split('\n').next().unwrap_or_default();
            let ended = if tabs { line.trim_start_matches('\t') } else { line } == end;
            self.at = self.text.len().min(self.at + line.len() + 1);
            if ended {
                return;
            }
        }
    }

    fn word(&mut self) {
        let (begin, mut text, mut bare) = (self.at, String::new(), true);
        while let Some(next) = self.rest().chars().next() {
            let length = match next {
                '\'' => quoted(self.rest()),
                '"' => double_quoted(self.rest()),
                '`' => 2 + self.rest()[1..].find('`').unwrap_or(self.rest().len().saturating_sub(2)),
                '$' => expansion(self.rest()),
                '\\' => 1 + self.rest()[1..].chars().next().map_or(0, char::len_utf8),
                ' ' | '\t' | '\r' => break,
                _ if operator(self.rest()).is_some() => break,
                other => other.len_utf8(),
            };
            let piece = &self.rest()[..length.min(self.rest().len())];
            bare &= !matches!(next, '\'' | '"' | '\\');
            match next {
                '\'' | '"' => text.push_str(piece.trim_matches(next)),
                '\\' => text.push_str(piece[1..].trim_start_matches('\n')),
                _ => text.push_str(piece),
            }
            self.at += piece.len();
        }
        if let [.., Token { kind: Kind::Operator(redirection @ ("<<" | "<<-")), .. }] = self.tokens.as_slice()
        {
            self.here_documents.push((text.clone(), *redirection == "<<-"));
        }
        self.tokens.push(Token { at: begin, kind: Kind::Word { text, bare } });
    }
}

fn operator(text: &str) -> Option<&'static str> {
    OPERATORS.into_iter().find(|operator| text.starts_with(operator))
}

/// How long the quoted text is that `text` begins with.
fn quoted(text: &str) -> usize {
    text[1..].find('\'').map_or(text.len(), |at| at + 2)
}

fn double_quoted(text: &str) -> usize {
    let mut at = 1;
    while let Some(next) = text[at..].chars().next() {
        at += match next {
            '"' => return at + 1,
            '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '$' => expansion(&text[at..]),
            other => other.len_utf8(),
        };
    }
    at
}

/// How long the `$…` is that `text` begins with: up to the bracket that closes it, where it opens one.
fn expansion(text: &str) -> usize {
    let mut open = Vec::new();
    let mut at = 1;
    while let Some(next) = text[at..].chars().next() {
        match next {
            '(' => open.push(')'),
            '{' => open.push('}'),
            _ if open.last() == Some(&next) => drop(open.pop()),
            _ if open.is_empty() => return at,
            _ => {}
        }
        at += match next {
            '\'' => quoted(&text[at..]),
            '"' => double_quoted(&text[at..]),
            '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => next.len_utf8(),
        };
        if open.is_empty() {
            return at;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The words as they are, bare ones without and others with an exclamation mark; operators in brackets.
    fn shown(text: &str) -> String {
        let show = |token: Token| match token.kind {
            Kind::Word { text, bare: true } => text,
            Kind::Word { text, bare: false } => format!("{text}!"),
            Kind::Operator("\n") => "[n]".to_owned(),
            Kind::Operator(operator) => format!("[{operator}]"),
        };
        tokens(text).into_iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_and_operators_are_told_apart() {
        for (text, expected) in [
            ("a b|c&&d", "a b [|] c [&&] d"),
            ("a 2>&1 |& tee", "a 2 [>&] 1 [|&] tee"),
            ("x=(1 2); y=3", "x [=(] 1 2 [)] [;] y=3"),
            ("diff <(a) >(b)", "diff [<(] a [)] [>(] b [)]"),
            ("a # b | c\nd", "a [n] d"),
            ("a#b", "a#b"),
            ("sh -c 'a | b' \"c | d\" e\\|f", "sh -c a | b! c | d! e|f!"),
            ("\"$(echo \"a | b\")\" c", "$(echo \"a | b\")! c"),
            ("x=$(a | b) y=${c#|} $((1|2)) `a | b` c", "x=$(a | b) y=${c#|} $((1|2)) `a | b` c"),
            ("echo $'a b' $", "echo $a b! $"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn the_lines_of_a_here_document_are_left_out() {
        assert_eq!(shown("cat <<'E F' | b\na | c\nE F\nd"), "cat [<<] E F! [|] b [n] d");
        assert_eq!(shown("cat <<-A <<B\n\tx\n\tA\ny\nB\nd"), "cat [<<-] A [<<] B [n] d");
        assert_eq!(shown("cat <<A\nnever ends"), "cat [<<] A [n]");
        assert_eq!(shown("cat <<<a\nb"), "cat [<<<] a [n] b");
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[a-z'\"$(){}`\\\\|<#\n ä]{0,40}") {
            tokens(&text);
        }
    }
}
