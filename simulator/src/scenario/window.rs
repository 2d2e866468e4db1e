//! For how long what a scenario found would be met, at this project's settings: from the deploy and the rollback in virtual time, with
//! AWS's own delays ([`crate::prediction`]).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use simulator_core::World;
use simulator_core::virtual_time::{Behaviour, Script};

use super::table::Scenario;
use crate::finding::{Code, Finding};
use crate::prediction::{Deploy, PlayError, Prediction, RolloutEnd, Spoken, predict};

/// After how long tasks were up here; at most, if several were started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Starts {
    /// Those of what runs now.
    pub old: Option<Duration>,
    /// Those of what would be deployed.
    pub new: Option<Duration>,
}

impl Starts {
    /// The longest of those in `starts`, by the release's label.
    pub(super) fn of(starts: &BTreeMap<String, Duration>, old: &str, new: &str) -> Self {
        Self { old: starts.get(old).copied(), new: starts.get(new).copied() }
    }
}

/// How long the states between the releases last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Whether a task of its own migrates before the deploy; otherwise the first new task does.
    migrates_before: bool,
    deploy: Prediction,
    rollback: Prediction,
    /// The rollback to old tasks that do not start.
    stuck: Prediction,
    /// After how long a new task is up from its start.
    up: Duration,
}

impl Windows {
    /// Plays `deploy` and the way back in `world`, which has the service and AWS's own delays, with tasks that are up after `starts`.
    ///
    /// # Errors
    /// If the deploy cannot be played.
    pub fn play(world: &World, deploy: &Deploy, starts: &Starts, migrates_before: bool) -> Result<Self, PlayError> {
        let back = Deploy { now: deploy.next.clone(), next: deploy.now.clone(), ..deploy.clone() };
        let lives = |after: Option<Duration>| Behaviour::healthy_after(after.unwrap_or(Duration::from_secs(2)));
        let (old, new) = (lives(starts.old), lives(starts.new));
        let up = new.up();
        let exits = Behaviour::exiting(Duration::from_secs(2), 1);
        let played = |deploy: &Deploy, now: &Behaviour, next: &Behaviour| {
            let mut script = Script::default();
            for (definition, behaviour) in [(&deploy.now, now), (&deploy.next, next)] {
                for name in awaited(definition) {
                    script.container(name, vec![Behaviour::exiting(Duration::from_secs(1), 0)]);
                }
                script.container_of(image(definition, &deploy.container), &deploy.container, vec![behaviour.clone()]);
            }
            predict(world.clone(), script, deploy).map(|(prediction, _)| prediction)
        };
        Ok(Self {
            migrates_before,
            deploy: played(deploy, &old, &new)?,
            rollback: played(&back, &new, &old)?,
            stuck: played(&back, &new, &Behaviour { healthy: None, serves: None, ..exits })?,
            up,
        })
    }

    /// Says of `finding`, which `scenario` found, for how long it would be met.
    #[must_use]
    pub fn of(&self, scenario: Scenario, finding: &Finding) -> Option<String> {
        let crowd = &self.deploy.crowd;
        let settings = "at this project's settings";
        match scenario {
            Scenario::S2 if self.migrates_before => Some(match crowd.old_gone {
                Some(gone) => format!(
                    "{} {settings}: from the migration's commit, if the deploy follows at once, until the last old task stops",
                    Spoken(gone)
                ),
                None => format!("without end {settings}: old tasks stay, since the deploy does not complete"),
            }),
            Scenario::S2 | Scenario::S3 => Some(format!(
                "{} {settings}: from the first new task's start until the last old task stops",
                Spoken(crowd.overlap)
            )),
            Scenario::S4 => crowd.first_new.map(|first| {
                format!(
                    "from {} after the deploy's beginning on {settings}, when the first new task is up, until the migration has run",
                    Spoken(first + self.up)
                )
            }),
            Scenario::S6 if finding.code == Code::X05 => Some(format!(
                "the rollback does not get through {settings}: {}",
                ended(&self.stuck, "old tasks are started again and again")
            )),
            Scenario::S6 => Some(format!(
                "from the rollback, {} {settings}, until the migration is undone or the next release is out",
                ended(&self.rollback, "which does not end")
            )),
            Scenario::S0
            | Scenario::S1
            | Scenario::S5
            | Scenario::S7
            | Scenario::S8
            | Scenario::S9
            | Scenario::S10
            | Scenario::Readiness => None,
        }
    }
}

fn ended(prediction: &Prediction, never: &str) -> String {
    match &prediction.end {
        RolloutEnd::Completed { after } => format!("which takes {}", Spoken(*after)),
        RolloutEnd::Failed { after, .. } => match prediction.breaker {
            Some((failures, _)) => {
                format!("the circuit breaker gives up after {failures} tasks and {}", Spoken(*after))
            }
            None => format!("the deployment fails after {}", Spoken(*after)),
        },
        RolloutEnd::Never => never.to_owned(),
    }
}

/// The containers of `definition`, the input of RegisterTaskDefinition, whose end others wait for.
fn awaited(definition: &Value) -> Vec<&str> {
    let containers = definition.pointer("/containerDefinitions").and_then(Value::as_array).into_iter().flatten();
    let waits = containers.flat_map(|it| it.get("dependsOn").and_then(Value::as_array).into_iter().flatten());
    let ends = |it: &&Value| matches!(it.get("condition").and_then(Value::as_str), Some("COMPLETE" | "SUCCESS"));
    waits.filter(ends).filter_map(|it| it.get("containerName").and_then(Value::as_str)).collect()
}

/// The image of `container` in `definition`, the input of RegisterTaskDefinition.
fn image<'d>(definition: &'d Value, container: &str) -> &'d str {
    let containers = definition.pointer("/containerDefinitions").and_then(Value::as_array);
    let found = containers.into_iter().flatten().find(|it| it.get("name").and_then(Value::as_str) == Some(container));
    found.and_then(|it| it.get("image")).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Kind, Stage};
    use crate::prediction::scene::{Service, deploy};

    #[test]
    fn each_finding_says_how_long_it_would_be_met() {
        let service = Service::default();
        let windows = |migrates_before| {
            let starts = Starts { old: Some(Duration::from_secs(3)), new: Some(Duration::from_secs(41)) };
            Windows::play(&service.stand(), &deploy(&service), &starts, migrates_before).expect("it can be played")
        };
        let finding = |code| Finding::error(code, Kind::Proved, Stage::RollOut, "it breaks");
        let (before, at_start) = (windows(true), windows(false));
        let overlap = before.deploy.crowd.overlap;
        let gone = before.deploy.crowd.old_gone.expect("it completes");
        assert!(gone > overlap && overlap > Duration::from_secs(41), "{gone:?} {overlap:?}");
        for (windows, scenario, code, expected) in [
            (
                &before,
                Scenario::S2,
                Code::X01,
                Some(format!("{} at this project's settings: from the migration's", Spoken(gone))),
            ),
            (
                &at_start,
                Scenario::S2,
                Code::X01,
                Some(format!("{} at this project's settings: from the first", Spoken(overlap))),
            ),
            (
                &before,
                Scenario::S3,
                Code::X08,
                Some(format!("{} at this project's settings: from the first", Spoken(overlap))),
            ),
            (&before, Scenario::S4, Code::X04, Some("after the deploy's beginning".to_owned())),
            (&before, Scenario::S6, Code::X06, Some("from the rollback, which takes ".to_owned())),
            (&before, Scenario::S6, Code::X05, Some("the circuit breaker gives up after 3 tasks and ".to_owned())),
            (&before, Scenario::S1, Code::M12, None),
        ] {
            let said = windows.of(scenario, &finding(code));
            match expected {
                Some(part) => assert!(said.as_ref().is_some_and(|said| said.contains(&part)), "{scenario}: {said:?}"),
                None => assert_eq!(said, None),
            }
        }
    }
}
