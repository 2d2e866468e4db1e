//! What a prediction and what was measured are worth telling the user as findings.

use super::connections::{Connections, MostConnections};
use super::memory::MemoryUse;
use super::outcome::{KilledStarting, Prediction, RolloutEnd};
use crate::finding::{Code, Finding, Kind, Stage};

/// What the containers of a deploy needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Memory.
    pub memory: Vec<MemoryUse>,
    /// Connections to the database, and how many there would be at the worst instant.
    pub connections: Option<(Connections, MostConnections)>,
}

/// What AWS would do and the rehearsal did not. `proved` says whether the rollout succeeded in it.
#[must_use]
pub fn findings(prediction: Option<&Prediction>, needs: &Needs, proved: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(prediction) = prediction {
        findings.extend(failure(prediction).filter(|_| proved));
        findings.extend(struggle(prediction));
    }
    if let Some((connections, most)) = &needs.connections {
        findings.extend(exhaustion(connections, most));
    }
    findings.extend(needs.memory.iter().filter(|it| it.is_tight()).map(tight));
    findings
}

/// Why the rollout does not end as it should; nothing if it does.
#[must_use]
pub fn failure(prediction: &Prediction) -> Option<Finding> {
    if matches!(prediction.end, RolloutEnd::Completed { .. }) {
        return None;
    }
    let mut lines = prediction.lines();
    let first = lines.remove(0);
    let starting = prediction.killed_starting.as_ref().filter(|killed| killed.up.is_some());
    Some(match starting {
        Some(killed) => {
            let sentence = "AWS stops the new tasks while they are still starting, and the deployment fails";
            Finding::error(Code::H01, Kind::Predicted, Stage::RollOut, sentence)
                .with_evidence([first])
                .with_evidence(lines)
                .with_help([patience(killed)])
        }
        None => Finding::error(Stage::RollOut.code(), Kind::Predicted, Stage::RollOut, first)
            .with_evidence(lines)
            .with_help(["see in the trace (`--report DIR`) what the tasks did".to_owned()]),
    })
}

/// The rollout gets there in the end, although tasks are stopped while they are starting.
fn struggle(prediction: &Prediction) -> Option<Finding> {
    let completed = matches!(prediction.end, RolloutEnd::Completed { .. });
    let killed = prediction.killed_starting.as_ref().filter(|killed| completed && killed.up.is_some())?;
    let tasks = if killed.tasks == 1 { "a new task".to_owned() } else { format!("{} new tasks", killed.tasks) };
    let sentence = format!("AWS stops {tasks} while still starting, before the rollout is done");
    Some(
        Finding::warning(Code::H01, Kind::Predicted, Stage::RollOut, sentence)
            .with_evidence([killed.line(), killed.reason.clone()])
            .with_help([patience(killed)]),
    )
}

/// What gives tasks the time that they need, with half of it to spare.
fn patience(killed: &KilledStarting) -> String {
    let up = killed.up.unwrap_or_default().as_secs();
    let enough = up + up / 2 + 1;
    if killed.reason.contains("ELB") {
        format!("set the service's `healthCheckGracePeriodSeconds` to at least {enough}, or make the start quicker")
    } else {
        format!(
            "set `startPeriod` of the health check (at most 300), or the service's `healthCheckGracePeriodSeconds`, to at least {enough}, or make the start quicker"
        )
    }
}

fn exhaustion(connections: &Connections, most: &MostConnections) -> Option<Finding> {
    if !connections.is_exceeded_by(most) {
        return None;
    }
    let (wanted, granted) = (most.connections, connections.limit.for_app);
    let sentence = format!("the deploy needs {wanted} database connections at once, and the database grants {granted}");
    Some(
        Finding::error(Code::X09, Kind::Predicted, Stage::RollOut, sentence)
            .with_evidence([connections.sum(most), format!("max_connections is {}", connections.limit.max_connections)])
            .with_help(
                ["make the pools smaller, or lower `maximumPercent` so that fewer tasks run at once".to_owned()],
            ),
    )
}

fn tight(used: &MemoryUse) -> Finding {
    let sentence = format!("{} leaves less than a tenth of its memory free", used.whose);
    Finding::warning(Code::H09, Kind::Proved, Stage::RollOut, sentence).with_evidence([used.line()]).with_help([
        "raise `memory` in the task definition: production's requests need more than a rehearsal's".to_owned(),
    ])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::database::ConnectionLimit;
    use crate::finding::Severity;
    use crate::prediction::Crowd;

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn prediction(fails: bool, killed: Option<(&str, Option<u64>)>) -> Prediction {
        let end = if fails {
            RolloutEnd::Failed { after: secs(60), reason: "it does".to_owned(), steady: None }
        } else {
            RolloutEnd::Completed { after: secs(60) }
        };
        let killed_starting = killed.map(|(reason, up)| KilledStarting {
            tasks: 2,
            after: secs(30),
            reason: reason.to_owned(),
            up: up.map(secs),
        });
        let (crowd, shift, breaker) = (Crowd::default(), None, None);
        Prediction { end, crowd, shift, killed_for_health: 0, killed_starting, failed: 0, breaker }
    }

    #[test]
    fn what_is_worth_telling_is_told() {
        let (elb, own) = ("Task failed ELB health checks in (target-group x)", "Task failed container health checks");
        for (name, prediction, proved, expected) in [
            ("all is well", prediction(false, None), true, None),
            (
                "slowly",
                prediction(false, Some((elb, Some(40)))),
                true,
                Some((Severity::Warning, Code::H01, "Seconds` to at least 61")),
            ),
            (
                "too slowly",
                prediction(true, Some((own, Some(40)))),
                true,
                Some((Severity::Error, Code::H01, "`startPeriod`")),
            ),
            ("never", prediction(true, Some((elb, None))), true, Some((Severity::Error, Code::T08, "trace"))),
            ("it crashes", prediction(true, None), true, Some((Severity::Error, Code::T08, "trace"))),
            // The rehearsal has said so itself, and knows why.
            ("it failed here, too", prediction(true, None), false, None),
        ] {
            let found = findings(Some(&prediction), &Needs::default(), proved);
            let said: Vec<(Severity, Code)> = found.iter().map(|finding| (finding.severity, finding.code)).collect();
            assert_eq!(
                said,
                expected.map(|(severity, code, _)| (severity, code)).into_iter().collect::<Vec<_>>(),
                "{name}"
            );
            if let (Some(finding), Some((_, _, help))) = (found.first(), expected) {
                assert!(finding.help[0].contains(help), "{name}: {finding}");
            }
        }
    }

    #[test]
    fn too_many_connections_are_an_error_and_little_memory_left_is_a_warning() {
        let limit = ConnectionLimit { max_connections: 30, for_app: 27 };
        let connections = Connections { limit, old_task: 7, new_task: 7, migration: 0 };
        let crowd = |mix| Crowd { mixes: [mix].into(), ..Crowd::default() };
        let needs = |mix, peak| Needs {
            memory: vec![MemoryUse { whose: "`app`".to_owned(), container: None, peak, limit: Some(512) }],
            connections: Some((connections, connections.most(&crowd(mix), 2))),
        };
        for (mix, peak, expected) in [
            ((1, 2), 100, &[][..]),
            (
                (2, 2),
                100,
                &["error[X-09] the deploy needs 28 database connections at once, and the database grants 27"],
            ),
            ((1, 2), 500, &["warning[H-09] `app` leaves less than a tenth of its memory free"]),
        ] {
            let found: Vec<String> = findings(None, &needs(mix, peak), true).iter().map(ToString::to_string).collect();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (finding, start) in found.iter().zip(expected) {
                assert!(finding.starts_with(start), "{finding}");
            }
        }
    }
}
