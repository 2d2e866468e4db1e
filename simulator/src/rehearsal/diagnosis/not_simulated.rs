//! What was called during a rehearsal and is not simulated. Whatever made the call was refused, as it would not be on AWS.

use std::collections::BTreeMap;

use simulator_core::{Event, EventKind, Refusal};

use crate::finding::{Code, Finding, Kind, Stage};

/// One warning for each thing that is not simulated, in the order of their names.
#[must_use]
pub fn findings(events: &[Event]) -> Vec<Finding> {
    let mut asked: BTreeMap<&str, (usize, Option<&str>)> = BTreeMap::new();
    for event in events {
        let Some((what, by)) = refused(&event.kind) else { continue };
        let (times, _) = asked.entry(what).or_insert((0, by));
        *times += 1;
    }
    asked.into_iter().map(|(what, (times, by))| finding(what, times, by)).collect()
}

/// What was not simulated, and who called it, where that is known.
fn refused(kind: &EventKind) -> Option<(&str, Option<&str>)> {
    if let EventKind::NotSimulated { what } = kind {
        return Some((what, None));
    }
    if let EventKind::Called { caller, refusal: Some(refusal), .. } = kind
        && let Refusal::NotSimulated { what } = refusal.as_ref()
    {
        return Some((what, Some(caller.as_str())));
    }
    None
}

fn finding(what: &str, times: usize, by: Option<&str>) -> Finding {
    let sentence = format!("greenroom does not simulate {what}, which was called and refused");
    let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    let by = by.map(|caller| format!(" by {caller}")).unwrap_or_default();
    Finding::warning(Code::T11, Kind::Proved, Stage::Verify, sentence)
        .evidence(format!("called {times}{by}"))
        .help("what follows from the refusal says nothing of AWS; leave the call out of the rehearsal, or report it")
}

#[cfg(test)]
mod tests {
    use simulator_core::{Region, Setup, Timestamp, Timing, World};

    use super::*;

    #[test]
    fn each_thing_is_told_once() {
        let account = "123456789012".parse().expect("twelve digits");
        let now = Timestamp::from_millis(1_800_000_000_000);
        let region = Region::new("eu-central-1");
        let mut world = World::new(Setup { account, region, seed: 1, timing: Timing::rehearsal(), now });
        assert_eq!(findings(world.events()), []);
        for _ in 0..2 {
            world.not_simulated(now, "the operation codedeploy:CreateDeployment".to_owned());
        }
        let root = world.root();
        let parameter = Refusal::NotSimulated { what: "parameter `pidMode` of ecs:RegisterTaskDefinition".to_owned() };
        world.refuse(now, &root, "ecs:RegisterTaskDefinition", &parameter);
        world.refuse(now, &root, "ecs:RegisterTaskDefinition", &Refusal::fault("ClientException", "other"));
        let told: Vec<String> = findings(world.events())
            .iter()
            .map(|finding| {
                format!("{} {} {}: {}", finding.severity, finding.code, finding.sentence, finding.evidence[0])
            })
            .collect();
        let refused = "which was called and refused";
        assert_eq!(
            told,
            [
                format!(
                    "warning T-11 greenroom does not simulate parameter `pidMode` of ecs:RegisterTaskDefinition, {refused}: \
                     called once by arn:aws:iam::123456789012:root"
                ),
                format!(
                    "warning T-11 greenroom does not simulate the operation codedeploy:CreateDeployment, {refused}: called 2 times"
                ),
            ]
        );
    }
}
