//! `smoke`: checks of a deployment, each of what the sandbox can only assume of AWS.
//!
//! `docs/smoke.md` says what they cost, `docs/assumptions.md` which assumption each of them proves.

mod checks;
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use ec2_ops_client::{Recorder, duration};
use futures_util::stream::{self, StreamExt as _};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output;
use crate::verbs::DeploymentArgs;
use checks::{CHECKS, Check};
use site::{Site, Trial};

/// Which checks are run, and on what.
#[derive(Args)]
pub(crate) struct SmokeArgs {
    /// Run this check and no other; may be repeated
    #[arg(long = "only", value_name = "NAME")]
    only: Vec<String>,
    /// A bucket of the deployment's `instances.output_buckets`
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// One of them that is in another region
    #[arg(long, value_name = "NAME")]
    bucket_elsewhere: Option<String>,
    /// One of them whose objects are encrypted with a key of yours
    #[arg(long, value_name = "NAME")]
    bucket_under_key: Option<String>,
    /// The processors of the instances
    #[arg(long, default_value = "arm64", value_parser = ["arm64", "x86_64"])]
    architecture: String,
    /// The subnet of an instance that a check launches by itself; one of the default VPC if not given
    #[arg(long, value_name = "ID")]
    subnet: Option<String>,
    /// Keep what AWS answers in this directory, a file for each check
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// JSON in the place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// How many checks run at once: a new account may have quotas of five processors, and an instance here has two.
const AT_ONCE: usize = 4;

/// How a check ended.
enum Verdict {
    /// With what it found.
    Ok(String),
    /// With what it found in the place of that.
    Failed(String),
    /// Why it was not run.
    Skipped(String),
}

impl Verdict {
    /// The word for it, and the rest of its line.
    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Ok(found) => ("ok", found),
            Self::Failed(found) => ("failed", found),
            Self::Skipped(why) => ("skipped", why),
        }
    }
}

/// A check that has ended.
struct Ended {
    name: &'static str,
    verdict: Verdict,
    took: SignedDuration,
    answers: Recorder,
}

/// Runs the checks, and prints a line for each.
pub(crate) async fn smoke(args: &SmokeArgs) -> Result<Exit, Failure> {
    let chosen = chosen(&args.only)?;
    let site = Site::open(args).await?;
    output::say(format!("{} checks of the deployment in {}", chosen.len(), site.client.place()));
    let mut interruption = Interruption::watch()?;
    let ended = tokio::select! {
        ended = all(&site, &chosen, args) => ended?,
        () = interruption.wait() => {
            output::say("interrupted: stopping what runs");
            site.stop_all().await;
            return Ok(Exit::Interrupted);
        }
    };
    if args.json {
        output::json(&ended.iter().map(Ended::as_json).collect::<Vec<_>>())?;
    }
    let failed = ended.iter().any(|ended| matches!(ended.verdict, Verdict::Failed(_)));
    Ok(if failed { Exit::Unsuccessful } else { Exit::Success })
}

/// The checks of those names, or all.
fn chosen(names: &[String]) -> Result<Vec<&'static Check>, Failure> {
    if let Some(unknown) = names.iter().find(|name| CHECKS.iter().all(|check| check.name != **name)) {
        let known: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        let known = known.join(", ");
        return Err(Failure::Usage(format!("there is no check {unknown}; the checks are {known}")));
    }
    let wanted = |check: &&Check| names.is_empty() || names.iter().any(|name| name == check.name);
    Ok(CHECKS.iter().filter(wanted).collect())
}

async fn all(site: &Site, chosen: &[&'static Check], args: &SmokeArgs) -> Result<Vec<Ended>, Failure> {
    let mut running = stream::iter(chosen).map(|check| one(site, check)).buffer_unordered(AT_ONCE);
    let mut all = Vec::new();
    while let Some(ended) = running.next().await {
        if !args.json {
            let (word, found) = ended.verdict.words();
            output::line(format!("{word:<8} {:<18} {:<10} {found}", ended.name, duration(ended.took)))?;
        }
        if let Some(directory) = &args.record {
            ended.record(directory, &site.client.place())?;
        }
        all.push(ended);
    }
    Ok(all)
}

async fn one(site: &Site, check: &'static Check) -> Ended {
    let (began, answers) = (Instant::now(), Recorder::of_account(site.client.account()));
    let trial = Trial { site, client: site.client.recorded_by(&answers), check: check.name };
    let verdict = match (check.run)(&trial).await {
        Ok(found) => Verdict::Ok(found),
        Err(site::Wrong::Missing(what)) => Verdict::Skipped(what),
        Err(site::Wrong::Found(found)) => Verdict::Failed(found),
    };
    let took = SignedDuration::try_from(began.elapsed()).unwrap_or_default();
    Ended { name: check.name, verdict, took, answers }
}

impl Ended {
    fn as_json(&self) -> Value {
        let (word, found) = self.verdict.words();
        json!({ "check": self.name, "verdict": word, "found": found, "seconds": self.took.as_secs() })
    }

    /// Writes `CHECK.json`, with what AWS answered last to each action.
    fn record(&self, directory: &Path, place: &str) -> Result<(), Failure> {
        let mut record = self.as_json();
        record["of"] = json!(if place.starts_with("account") { "AWS" } else { "the sandbox" });
        record["answers"] = json!(self.answers.answers());
        let path = directory.join(format!("{}.json", self.name));
        let text = serde_json::to_string_pretty(&record).map_err(Failure::failed)? + "\n";
        let written = fs::create_dir_all(directory).and_then(|()| fs::write(&path, text));
        written.map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_names_every_check_and_no_other() {
        let page = include_str!("../../../../docs/smoke.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let named: Vec<_> = rows.map(|(name, _)| name).collect();
        assert_eq!(named, CHECKS.each_ref().map(|check| check.name));
    }

    /// The rows of the tables of assumptions, cell by cell.
    fn assumptions() -> Vec<Vec<&'static str>> {
        let page = include_str!("../../../../docs/assumptions.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        let rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
        rows.filter(|cells| cells[0] != "assumption").collect()
    }

    #[test]
    fn each_assumption_is_proven_by_a_check_or_says_why_there_is_none() {
        let mut proving = BTreeSet::new();
        for cells in assumptions() {
            let [assumption, source, code, checks] = cells[..] else { panic!("{cells:?}") };
            assert!(!source.is_empty() && code.contains("](../"), "{assumption}");
            if checks.starts_with("none: ") {
                continue;
            }
            for name in checks.split(", ") {
                let name = name.trim_matches('`');
                assert!(CHECKS.iter().any(|check| check.name == name), "{assumption}: {name}");
                proving.insert(name);
            }
        }
        assert_eq!(proving, CHECKS.iter().map(|check| check.name).collect());
    }

    #[test]
    fn an_unknown_check_is_refused_with_those_that_there_are() {
        let refused = chosen(&["hello".to_owned(), "hallo".to_owned()]).err().unwrap();
        let (exit, message) = refused.exit();
        assert_eq!(exit, Exit::Usage);
        assert!(message.unwrap().contains("no check hallo; the checks are functions, hello"), "{message:?}");
    }
}
