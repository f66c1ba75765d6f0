//! The token that opens a console: it comes with the first URL, and stays in a cookie.

use std::fs::File;
use std::io::{self, Read as _};

use http::HeaderMap;
use http::header::COOKIE;

/// The secret of one start of a console.
#[derive(Clone)]
pub(crate) struct Token {
    secret: String,
    /// The name of its cookie. Cookies do not tell ports apart, so the name does.
    cookie: String,
}

impl Token {
    /// A token that only this process knows, for the console at `port`.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub(crate) fn random(port: u16) -> io::Result<Self> {
        let mut random = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let secret = format!("{:032x}", u128::from_be_bytes(random));
        Ok(Self { secret, cookie: format!("ec2-ops-console-{port}") })
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Whether `text` is the secret, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, text: &str) -> bool {
        let differ = text.bytes().zip(self.secret.bytes()).fold(0, |differ, (l, r)| differ | (l ^ r));
        text.len() == self.secret.len() && differ == 0
    }

    /// Whether a request comes from a browser that has it.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().any(|(name, value)| name == self.cookie && self.is(value))
    }

    /// The cookie: no script reads it, and no page of another site sends it.
    pub(crate) fn set_cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_under_the_name_of_the_port_opens() {
        let (token, other) = (Token::random(1).unwrap(), Token::random(2).unwrap());
        let with = |cookie: String| HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
        let pair = token.set_cookie().split(';').next().unwrap().to_owned();
        assert!(token.is_in(&with(format!("a=b; {pair}"))));
        assert!(!other.is_in(&with(pair.clone())) && !token.is_in(&HeaderMap::new()));
        assert!(!token.is_in(&with(pair[..pair.len() - 1].to_owned())));
        assert!(!token.is_in(&with(format!("ec2-ops-console-2={}", token.secret()))));
    }
}
