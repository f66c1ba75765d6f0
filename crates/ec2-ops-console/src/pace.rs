//! How often it is worth a look at what is new.

use std::time::Duration;

use ec2_ops_client::Client;
use tokio::time::Instant;

use crate::backstage::Backstage;

/// How often a sandbox is looked at while something happens in it, and while nothing does.
const LIVELY: Duration = Duration::from_millis(30);
const QUIET: Duration = Duration::from_millis(400);
/// How long after something has happened more is expected.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// When the last look was, and what it saw.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    looked: Option<Instant>,
    pulse: Option<u64>,
    changed: Option<Instant>,
}

/// What paces the looks at a deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    /// How often something has happened, where that is known.
    pulse: Option<u64>,
    every: Duration,
}

impl Rhythm {
    pub(crate) fn of(client: &Client, backstage: Option<&Backstage>) -> Self {
        let pulse = backstage.map(|backstage| backstage.journal.changes());
        Self { pulse, every: client.look_every() }
    }
}

impl Pace {
    /// Whether a look is due.
    pub(crate) fn is_due(&mut self, rhythm: Rhythm) -> bool {
        let now = Instant::now();
        if self.pulse != rhythm.pulse {
            (self.pulse, self.changed) = (rhythm.pulse, Some(now));
        }
        let lively = self.changed.is_some_and(|changed| now - changed < AFTERWARDS);
        let every = match rhythm.pulse {
            None => rhythm.every,
            Some(_) if lively => LIVELY,
            Some(_) => QUIET,
        };
        self.looked.is_none_or(|looked| now - looked >= every)
    }

    /// A look has begun at `at`.
    pub(crate) fn looked(&mut self, at: Instant) {
        self.looked = Some(at);
    }

    /// Whether there was a look at all.
    pub(crate) fn has_looked(&self) -> bool {
        self.looked.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sandbox_in_which_nothing_happens_is_left_alone() {
        let rhythm = |pulse| Rhythm { pulse, every: Duration::from_secs(2) };
        let mut pace = Pace::default();
        assert!(pace.is_due(rhythm(Some(1))));
        pace.looked(Instant::now());
        tokio::time::sleep(LIVELY).await;
        assert!(pace.is_due(rhythm(Some(1))), "more is expected");
        tokio::time::sleep(AFTERWARDS).await;
        pace.looked(Instant::now());
        tokio::time::sleep(LIVELY).await;
        assert!(!pace.is_due(rhythm(Some(1))));
        assert!(pace.is_due(rhythm(Some(2))), "something has happened");
        pace.looked(Instant::now());
        tokio::time::sleep(QUIET).await;
        assert!(pace.is_due(rhythm(Some(2))));
        assert!(!pace.is_due(rhythm(None)), "an account has its own rate");
    }
}
