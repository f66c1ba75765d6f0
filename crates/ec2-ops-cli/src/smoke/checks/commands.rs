//! How the SSM agent runs commands, and how their end is noticed.

use std::collections::BTreeSet;

use ec2_ops_client::Invocation;
use jiff::SignedDuration;
use serde_json::json;

use super::Found;
use crate::smoke::site::{Run, Trial, Wrong, expect};

/// How soon the end of the commands has to wake the execution.
const WAKES_WITHIN: SignedDuration = SignedDuration::from_secs(10);
/// How long commands with a process in the background may take, which itself takes 300 s.
const BACKGROUND: SignedDuration = SignedDuration::from_secs(60);

/// A failure is reported with its exit code, the number of the command, and what it printed.
pub(super) async fn failure(trial: &Trial<'_>) -> Found {
    let run = trial.run(&trial.document(&["echo visible", "echo why >&2", "exit 3", "true"])).await?;
    run.expect("CommandFailed")?;
    let (code, stdout, stderr) = (run.attempt("exit_code"), run.text("stdout_tail"), run.text("stderr_tail"));
    expect(code == 3, || format!("the exit code is {code}"))?;
    expect(stdout == "visible\n", || format!("stdout_tail is {stdout:?}"))?;
    let says = stderr.starts_with("why\n") && stderr.contains("command 3 of 4");
    expect(says, || format!("stderr_tail is {stderr:?}"))?;
    Ok(run.text("reason"))
}

/// The environment that the agent of Amazon Linux gives to a script.
pub(super) async fn environment_of_amazon_linux(trial: &Trial<'_>) -> Found {
    environment(trial, None).await
}

/// The same of Ubuntu, where the agent is a snap.
pub(super) async fn environment_of_ubuntu(trial: &Trial<'_>) -> Found {
    environment(trial, Some(trial.ubuntu())).await
}

/// Variables that the agent sets, and variables that the script of ec2-ops has to set because the agent does not.
const SET: [&str; 4] = ["AWS_SSM_INSTANCE_ID", "AWS_SSM_REGION_NAME", "PATH", "SSM_COMMAND_ID"];
const NOT_SET: [&str; 4] = ["HOME", "LOGNAME", "SHELL", "USER"];

async fn environment(trial: &Trial<'_>, image: Option<&str>) -> Found {
    // The parent of the commands is the script as the agent started it.
    let names = "tr '\\0' '\\n' <\"/proc/$PPID/environ\" | cut -d= -f1 | sort -u";
    let homes = "test -d \"$HOME\" && cd && test \"$(pwd)\" = \"$HOME\" && test -n \"$USER\"";
    let mut document = trial.document(&[names, homes]);
    if let Some(image) = image {
        document["instance_parameters"]["ImageId"] = json!(image);
    }
    let run = trial.run(&document).await?;
    run.expect("Succeeded")?;
    let stdout = invocation(trial, &run).await?.stdout;
    let found: BTreeSet<_> = stdout.lines().collect();
    let listed = || found.iter().copied().collect::<Vec<_>>().join(" ");
    expect(SET.iter().all(|name| found.contains(name)), || format!("the agent sets only {}", listed()))?;
    expect(!NOT_SET.iter().any(|name| found.contains(name)), || format!("the agent sets {}", listed()))?;
    Ok(listed())
}

/// The event of the commands' end wakes the execution, and not a poll.
pub(super) async fn wake_up(trial: &Trial<'_>) -> Found {
    let run = trial.run(&trial.document(&[trial.a_while()])).await?;
    run.expect("Succeeded")?;
    let ended = invocation(trial, &run).await?.ended;
    let ended = ended.ok_or_else(|| Wrong::Found("SSM does not say when the commands ended".to_owned()))?;
    let visit = run.timeline.visits().iter().find(|visit| visit.state == "EC2Poller");
    let (tries, woken) = visit.and_then(|visit| Some((visit.tries, visit.left?))).unwrap_or_default();
    let took = woken.duration_since(ended);
    let after = seconds(took);
    expect(tries == 1, || format!("it was noticed by poll {tries}, {after} after the end"))?;
    expect(took <= WAKES_WITHIN, || format!("it was noticed {after} after the end"))?;
    Ok(format!("noticed {after} after the end of the commands"))
}

/// A process in the background that holds the output does not hold the commands.
pub(super) async fn background(trial: &Trial<'_>) -> Found {
    let run = trial.run(&trial.document(&["sleep 300 &", "echo started"])).await?;
    run.expect("Succeeded")?;
    let visit = run.timeline.visits().iter().find(|visit| visit.state == "EC2Poller");
    let took = visit.and_then(|visit| Some(visit.left?.duration_since(visit.entered))).unwrap_or_default();
    let what = format!("the commands took {}", seconds(took));
    expect(took < BACKGROUND, || what.clone())?;
    Ok(what)
}

/// Of output that is longer than SSM keeps, the outcome has the end.
pub(super) async fn long_output(trial: &Trial<'_>) -> Found {
    let long = "seq 20000; seq 20000 >&2; echo the end; echo the end >&2; exit 4";
    let run = trial.run(&trial.document(&[long])).await?;
    run.expect("CommandFailed")?;
    for (field, end) in [("stdout_tail", "the end"), ("stderr_tail", "ended with exit code 4")] {
        let tail = run.text(field);
        // The agent may add a line of its own.
        let shown = tail.lines().rev().take(3).any(|line| line.ends_with(end));
        expect(shown, || format!("{field} ends with {:?}", tail.lines().next_back()))?;
    }
    Ok(format!("the end is shown; all of it is at {}", run.attempt("logs")))
}

/// How many bytes SSM has to take in one entry, and how many it has to refuse.
const TAKEN: usize = 52_000;
const REFUSED: usize = 70_000;

/// SSM takes the longest script that ec2-ops sends, and refuses a longer one with the code that the sandbox has for it.
pub(super) async fn sizes(trial: &Trial<'_>) -> Found {
    let long = format!(": {}", "x".repeat(TAKEN));
    let arn = trial.start(&trial.document(&[&long, trial.a_while()])).await?;
    let instance = trial.commands_run(&arn).await?;
    let too_long = format!(": {}", "x".repeat(REFUSED));
    let code = match trial.client.send(&instance.region, &instance.id, &too_long).await {
        Ok(command) => return Err(Wrong::Found(format!("SSM took {REFUSED} bytes, as {command}"))),
        Err(error) => error.code().unwrap_or_default().to_owned(),
    };
    let run = trial.ended(&arn).await?;
    run.expect("Succeeded")?;
    trial.nothing_is_left(&arn).await?;
    expect(code == "MaxDocumentSizeExceeded", || format!("SSM refused {REFUSED} bytes as {code}"))?;
    Ok(format!("SSM took {TAKEN} bytes, and refused {REFUSED} as {code}"))
}

/// `1.4 s`
fn seconds(time: SignedDuration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// What SSM says of the commands of the only attempt.
async fn invocation(trial: &Trial<'_>, run: &Run) -> Result<Invocation, Wrong> {
    let attempt = run.timeline.attempts().last();
    let sent = attempt.and_then(|attempt| Some((attempt.instance.as_ref()?, attempt.command.as_ref()?)));
    let (instance, command) = sent.ok_or_else(|| Wrong::Found("no commands were sent".to_owned()))?;
    Ok(trial.client.invocation(&instance.region, &instance.id, &command.id).await?)
}
