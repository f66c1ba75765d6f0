//! Who may speak to a sandbox: the access keys of one start.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

/// The letters and digits of an access key id.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Between the key of the owner and the name of a function.
pub(crate) const SEPARATOR: char = '_';

/// The access key ids of one sandbox. The owner's is a secret: with it, commands can be run on this machine.
///
/// People and instances use the owner's key. Each function has one of its own, which follows from the owner's, so that
/// the endpoint knows the caller. Signatures are not verified, so the secret access key can be anything.
#[derive(Clone, Debug)]
pub struct AccessKeys {
    owner: Arc<str>,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person, or a command on an instance.
    Owner,
    /// A function of the deployment.
    Function(String),
}

impl AccessKeys {
    /// Keys that only this process knows.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn random() -> io::Result<Self> {
        let mut random = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        Ok(Self { owner: format!("AKIA{}", String::from_iter(letters)).into() })
    }

    /// Keys that follow from a known one, for scripts.
    ///
    /// # Errors
    /// If the key could not be an access key id: 1 to 64 ASCII letters and digits.
    pub fn fixed(owner: &str) -> io::Result<Self> {
        if (1..=64).contains(&owner.len()) && owner.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self { owner: owner.into() })
        } else {
            let message = format!("an access key id has 1 to 64 letters and digits, found {owner:?}");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }

    /// The key of people and instances.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The key of a function. Each of its environments adds a number to it.
    pub fn of_function(&self, name: &str) -> String {
        format!("{}{SEPARATOR}{name}", self.owner)
    }

    /// The caller who has `key`, if it is one of these keys.
    pub fn caller(&self, key: &str) -> Option<Caller> {
        let (owner, function) =
            key.split_once(SEPARATOR).map_or((key, None), |(owner, name)| (owner, Some(name)));
        let function = function.map(|name| name.split_once(SEPARATOR).map_or(name, |(name, _)| name));
        same(owner, &self.owner)
            .then(|| function.map_or(Caller::Owner, |name| Caller::Function(name.to_owned())))
    }

    /// The environment of a function that has `key`.
    pub(crate) fn environment(key: &str) -> Option<&str> {
        key.split_once(SEPARATOR).map(|(_, name)| name).filter(|name| name.contains(SEPARATOR))
    }
}

/// Whether two texts are equal, in a time that does not depend on where they differ.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left.bytes().zip(right.bytes()).fold(0, |differ, (l, r)| differ | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_only_to_the_sandbox_that_made_it() {
        let (ours, theirs) = (AccessKeys::random().unwrap(), AccessKeys::random().unwrap());
        assert_eq!(ours.caller(ours.owner()), Some(Caller::Owner));
        assert_eq!(
            ours.caller(&ours.of_function("EC2Poller")),
            Some(Caller::Function("EC2Poller".to_owned()))
        );
        let numbered = format!("{}_7", ours.of_function("EC2Poller"));
        assert_eq!(ours.caller(&numbered), Some(Caller::Function("EC2Poller".to_owned())));
        assert_eq!(AccessKeys::environment(&numbered), Some("EC2Poller_7"));
        assert_eq!(AccessKeys::environment(ours.owner()), None);
        for stranger in
            [theirs.owner(), &theirs.of_function("EC2Poller"), "", "EC2Poller", "_EC2Poller", "sandbox"]
        {
            assert_eq!(ours.caller(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn a_random_key_has_the_form_of_awss() {
        let key = AccessKeys::random().unwrap();
        assert_eq!(key.owner().len(), 20);
        assert!(key.owner().strip_prefix("AKIA").unwrap().bytes().all(|byte| ALPHABET.contains(&byte)));
    }

    #[test]
    fn a_fixed_key_has_letters_and_digits() {
        assert_eq!(AccessKeys::fixed("sandbox").unwrap().owner(), "sandbox");
        for bad in ["", "a b", "a_b", "a/b", &"a".repeat(65)] {
            assert!(AccessKeys::fixed(bad).is_err(), "{bad:?}");
        }
    }
}
