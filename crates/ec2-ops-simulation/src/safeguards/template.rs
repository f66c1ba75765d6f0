//! Safeguards of the deployment: the state machine, its rules and its schedule.

use std::time::Duration;

use serde_json::Value;

use super::safeguard::Safeguard;
use ec2_ops_sandbox::deployment::Template;

/// The deployment without `safeguard`. `limit` is the state machine's own timeout.
pub(crate) fn template(
    safeguard: Option<Safeguard>,
    limit: Option<Duration>,
) -> Result<Template, serde_json::Error> {
    let mut template = Template::default();
    if safeguard.is_some() || limit.is_some() {
        let mut definition: Value = serde_json::from_str(&template.definition)?;
        if let Some(limit) = limit {
            definition["TimeoutSeconds"] = limit.as_secs().into();
        }
        take_away(safeguard, &mut definition, &mut template)?;
        template.definition = definition.to_string();
    }
    if let Some(safeguard) = safeguard.filter(|safeguard| safeguard.is_of_fleets()) {
        let mut definition: Value = serde_json::from_str(&template.fleet_definition)?;
        take_from_fleet(safeguard, &mut definition["States"]);
        template.fleet_definition = definition.to_string();
    }
    Ok(template)
}

fn take_from_fleet(safeguard: Safeguard, states: &mut Value) {
    let row = &mut states["Rows"]["ItemProcessor"]["States"];
    match safeguard {
        Safeguard::RowName => {
            row["Run"]["Parameters"].as_object_mut().and_then(|parameters| parameters.remove("Name.$"));
        }
        Safeguard::Tolerance => {
            states["Defaults"]["Parameters"]["defaults"]["tolerated_failure_percentage"] = 0.into();
        }
        _ => {
            row["Judge"]["Default"] = "RowSucceeded".into();
            // Nothing leads there.
            row.as_object_mut().and_then(|states| states.remove("RowFailed"));
        }
    }
}

fn take_away(
    safeguard: Option<Safeguard>,
    definition: &mut Value,
    template: &mut Template,
) -> Result<(), serde_json::Error> {
    match safeguard {
        Some(Safeguard::Catch) => {
            for state in
                definition["States"].as_object_mut().into_iter().flat_map(|states| states.values_mut())
            {
                let Some(catchers) = state.get_mut("Catch").and_then(Value::as_array_mut) else { continue };
                // What leads to another candidate is no cleanup.
                catchers.retain(|catcher| catcher["ErrorEquals"][0] != "States.ALL");
                if catchers.is_empty() {
                    state.as_object_mut().and_then(|fields| fields.remove("Catch"));
                }
            }
            // Without a Catch nothing leads there.
            definition["States"].as_object_mut().and_then(|states| states.remove("CleanupFailed"));
        }
        Some(Safeguard::PollFallback) => {
            let poller = &mut definition["States"]["EC2Poller"];
            poller.as_object_mut().and_then(|fields| fields.remove("TimeoutSecondsPath"));
            poller["TimeoutSeconds"] = 99_999_999.into();
        }
        Some(Safeguard::AbnormalEnd) => {
            let mut patterns: Value = serde_json::from_str(&template.event_patterns)?;
            patterns.as_object_mut().and_then(|rules| rules.remove("EC2Stopper"));
            template.event_patterns = patterns.to_string();
        }
        Some(Safeguard::Sweeper) => template.sweep_every = None,
        _ => {}
    }
    Ok(())
}
