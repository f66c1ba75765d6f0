//! `cost`: what was run, from the ledger, with prices.

use std::collections::BTreeMap;

use clap::Args;
use ec2_ops::ledger::Line;
use ec2_ops_client::{Client, PRICES_FROM, SpotPrices, Usage, duration, of_instance};
use ec2_ops_sandbox::prices::{GB_SECOND, REQUEST, STATE_TRANSITION, gb_seconds};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::fold::{LedgerArgs, instance_time};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::words::table;

/// Which attempts are priced, and how.
#[derive(Args)]
pub(crate) struct CostArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
}

/// How many executions the control plane's cost is measured on.
const MEASURED: usize = 20;

/// Prices the attempts of the ledger.
pub(crate) async fn cost(args: &CostArgs) -> Result<Exit, Failure> {
    let client = args.ledger.deployment.connect().await?;
    let lines = args.ledger.read(&client).await?;
    if lines.is_empty() {
        return Ok(Exit::Success);
    }
    let spot = client.spot_prices(&lines).await?;
    let rows: Vec<_> = args
        .ledger
        .by
        .fold(&lines)
        .into_iter()
        .map(|(key, lines)| (key, Row::of(&lines, &spot)))
        .chain([("total".to_owned(), Row::of(&lines.iter().collect::<Vec<_>>(), &spot))])
        .collect();
    let control_plane = ControlPlane::measure(&client, &lines).await?;
    let unpriced = unpriced(&lines, &spot);
    if args.ledger.json {
        let json = json!({
            "rows": rows.iter().map(|(key, row)| row.json(key)).collect::<Vec<_>>(),
            "unpriced": unpriced,
            "control_plane": control_plane.json(),
            "prices_from": PRICES_FROM,
        });
        output::json(&json)?;
        return Ok(Exit::Success);
    }
    let headings = [args.ledger.by.heading(), "ATTEMPTS", "INSTANCE TIME", "USD"];
    output::line(table(&headings, rows.iter().map(|(key, row)| row.cells(key))))?;
    output::line(control_plane.sentence())?;
    for (why, attempts) in unpriced {
        output::line(format!("not priced, {attempts} attempts: {why}"))?;
    }
    output::say(format!(
        "on demand: {PRICES_FROM}; Spot: EC2's history of its prices. Volumes, S3, logs and traffic are not in it."
    ));
    Ok(Exit::Success)
}

/// Why attempts have no price, and how many.
fn unpriced(lines: &[Line], spot: &SpotPrices) -> BTreeMap<String, u32> {
    let mut reasons = BTreeMap::new();
    for why in lines.iter().filter_map(|line| of_instance(line, spot).err()) {
        *reasons.entry(why).or_default() += 1;
    }
    reasons
}

/// Attempts and what their instances cost.
struct Row {
    attempts: usize,
    time: SignedDuration,
    dollars: f64,
    unpriced: usize,
}

impl Row {
    fn of(lines: &[&Line], spot: &SpotPrices) -> Self {
        let costs: Vec<_> = lines.iter().map(|line| of_instance(line, spot)).collect();
        Self {
            attempts: lines.len(),
            time: instance_time(lines),
            dollars: costs.iter().flatten().sum(),
            unpriced: costs.iter().filter(|cost| cost.is_err()).count(),
        }
    }

    fn cells(&self, key: &str) -> Vec<String> {
        let more =
            if self.unpriced > 0 { format!(" and {} not priced", self.unpriced) } else { String::new() };
        let dollars = format!("{:.4}{more}", self.dollars);
        vec![key.to_owned(), self.attempts.to_string(), duration(self.time), dollars]
    }

    fn json(&self, key: &str) -> Value {
        json!({
            "key": key,
            "attempts": self.attempts,
            "instance_seconds": self.time.as_secs(),
            "usd": self.dollars,
            "unpriced": self.unpriced,
        })
    }
}

/// What Step Functions and Lambda cost.
struct ControlPlane {
    /// Of the executions that were measured.
    usage: Usage,
    executions: usize,
}

impl ControlPlane {
    /// Measures the latest executions of `lines`.
    async fn measure(client: &Client, lines: &[Line]) -> Result<Self, Failure> {
        let mut arns: BTreeMap<&str, _> = BTreeMap::new();
        for line in lines {
            arns.insert(line.execution_arn.as_str(), line.started_at);
        }
        let mut latest: Vec<_> = arns.iter().map(|(arn, started)| (*started, *arn)).collect();
        latest.sort_unstable_by(|a, b| b.cmp(a));
        let usage = client.usage(latest.into_iter().take(MEASURED).map(|(_, arn)| arn)).await?;
        Ok(Self { usage, executions: arns.len() })
    }

    /// Dollars for one execution.
    fn of_one(&self) -> Option<f64> {
        let Usage { executions, transitions, invocations, busy_seconds } = self.usage;
        let dollars = STATE_TRANSITION.of(transitions.into())
            + REQUEST.of(invocations.into())
            + GB_SECOND.of(gb_seconds(busy_seconds));
        (executions > 0).then(|| dollars / f64::from(executions))
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 executions")]
    fn of_all(&self) -> Option<f64> {
        self.of_one().map(|one| one * self.executions as f64)
    }

    fn sentence(&self) -> String {
        match self.of_one().zip(self.of_all()) {
            Some((one, all)) => format!(
                "control plane: {all:.4} USD for {} executions, {one:.5} USD each as measured on the latest {}",
                self.executions, self.usage.executions
            ),
            None => {
                "control plane: not known, because Step Functions has forgotten the executions".to_owned()
            }
        }
    }

    fn json(&self) -> Value {
        json!({
            "executions": self.executions,
            "measured": self.usage.executions,
            "usd_each": self.of_one(),
            "usd": self.of_all(),
        })
    }
}
