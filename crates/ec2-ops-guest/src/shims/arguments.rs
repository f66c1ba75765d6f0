//! Options as `getopt_long(3)` splits them: `-nE`, `-uUSER`, `-u USER`, `--user=USER`, `--user USER`.

/// One thing on a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// An option, `-u` or `--user`. Its value, if it takes one, is asked for with [`Arguments::value`].
    Option(String),
    /// Anything else.
    Operand(String),
    /// `--`: only operands follow.
    End,
}

/// Walks a command line.
pub(super) struct Arguments<'a> {
    rest: &'a [String],
    /// What is glued to the option just read: the rest of a cluster, or what followed `=`.
    glued: Option<Glued<'a>>,
}

enum Glued<'a> {
    Cluster(&'a str),
    Value(&'a str),
}

impl<'a> Arguments<'a> {
    pub(super) fn new(args: &'a [String]) -> Self {
        Self { rest: args, glued: None }
    }

    /// The next option or operand.
    pub(super) fn next(&mut self) -> Result<Option<Argument>, String> {
        match self.glued.take() {
            Some(Glued::Cluster(letters)) => return Ok(Some(self.letter(letters))),
            Some(Glued::Value(value)) => return Err(format!("the option before '={value}' takes no value")),
            None => {}
        }
        let Some((first, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        Ok(Some(match first.strip_prefix('-') {
            Some("-") => Argument::End,
            Some(long) if long.starts_with('-') => match first.split_once('=') {
                Some((name, value)) => {
                    self.glued = Some(Glued::Value(value));
                    Argument::Option(name.to_owned())
                }
                None => Argument::Option(first.clone()),
            },
            Some(letters) if !letters.is_empty() => self.letter(letters),
            _ => Argument::Operand(first.clone()),
        }))
    }

    /// The value of the option just read.
    pub(super) fn value(&mut self, option: &str) -> Result<String, String> {
        if let Some(Glued::Cluster(value) | Glued::Value(value)) = self.glued.take() {
            return Ok(value.to_owned());
        }
        let missing = || format!("option '{option}' requires an argument");
        let (value, rest) = self.rest.split_first().ok_or_else(missing)?;
        self.rest = rest;
        Ok(value.clone())
    }

    /// All that has not been read.
    pub(super) fn rest(self) -> &'a [String] {
        self.rest
    }

    fn letter(&mut self, letters: &'a str) -> Argument {
        let mut characters = letters.chars();
        let letter = characters.next().unwrap_or('-');
        let rest = characters.as_str();
        self.glued = (!rest.is_empty()).then_some(Glued::Cluster(rest));
        Argument::Option(format!("-{letter}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn options_may_be_clustered_glued_or_apart() {
        for line in ["-nuroot", "-n -u root", "-n -uroot"] {
            let line = words(line);
            let mut arguments = Arguments::new(&line);
            assert_eq!(arguments.next(), Ok(Some(Argument::Option("-n".to_owned()))), "{line:?}");
            assert_eq!(arguments.next(), Ok(Some(Argument::Option("-u".to_owned()))), "{line:?}");
            assert_eq!(arguments.value("-u"), Ok("root".to_owned()), "{line:?}");
            assert_eq!(arguments.next(), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn a_value_for_an_option_that_takes_none_is_an_error() {
        let line = words("--quiet=yes");
        let mut arguments = Arguments::new(&line);
        assert_eq!(arguments.next(), Ok(Some(Argument::Option("--quiet".to_owned()))));
        assert!(arguments.next().is_err());
    }

    #[test]
    fn a_dash_is_an_operand_and_two_end_the_options() {
        let line = words("- -- -x");
        let mut arguments = Arguments::new(&line);
        assert_eq!(arguments.next(), Ok(Some(Argument::Operand("-".to_owned()))));
        assert_eq!(arguments.next(), Ok(Some(Argument::End)));
        assert_eq!(arguments.rest(), ["-x"]);
    }
}
