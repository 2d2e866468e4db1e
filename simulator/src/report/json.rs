//! `report.json`: the verdict for programs.

use serde_json::{Value, json};

use crate::driver::hook::Called;
use crate::finding::Finding;
use crate::prediction::{Connections, MostConnections, Prediction, RolloutEnd, Shift};
use crate::rehearsal::permissions::Permissions;
use crate::rehearsal::shift::Course;
use crate::rehearsal::{Ending, Outcome, Verdict};

/// Rises with every change that a reader could notice.
pub const VERSION: u32 = 1;

/// The verdict as JSON. Durations are in milliseconds.
#[must_use]
pub fn report(verdict: &Verdict) -> Value {
    let Verdict {
        id,
        project,
        from,
        to,
        database,
        outcomes,
        traffic,
        prediction,
        course,
        needs,
        predicted: _,
        not_simulated: _,
        permissions,
        behaviours: _,
        real,
        simulated,
        stood_in,
        cautions,
        took,
        events: _,
        redactor: _,
    } = verdict;
    json!({
        "version": VERSION,
        "rehearsal": id,
        "project": project,
        "from": from,
        "to": to,
        "database": database,
        "verdict": if verdict.would_succeed() { "would-succeed" } else { "would-fail" },
        "took": millis(*took),
        "findings": verdict.findings().into_iter().map(finding).collect::<Vec<_>>(),
        "stages": outcomes.iter().map(stage).collect::<Vec<_>>(),
        "requests": {
            "sent": traffic.sent,
            "failed": traffic.failed,
            "failures": traffic.failures.iter().map(|failure| json!({
                "at": failure.at.as_millis(),
                "name": failure.name,
                "answer": failure.answer,
            })).collect::<Vec<_>>(),
        },
        "shift": course.as_ref().map(|Course { shift, hooks }| {
            let mut json = shifted(shift);
            json["hooks"] = hooks.iter().map(called).collect();
            json
        }),
        "prediction": prediction.as_ref().map(predicted),
        "memory": needs.memory.iter().map(|used| json!({
            "whose": used.whose,
            "container": used.container,
            "peakMebibytes": used.peak,
            "limitMebibytes": used.limit,
        })).collect::<Vec<_>>(),
        "connections": needs.connections.as_ref().map(connected),
        "permissions": permissions.as_ref().map(permitted),
        "real": real,
        "simulated": simulated,
        "stoodIn": stood_in,
        "cautions": cautions,
    })
}

fn permitted(permissions: &Permissions) -> Value {
    // The findings are among all others.
    let Permissions { policies, statements, used, asked, refused, not_shown, findings: _ } = permissions;
    let not_shown = not_shown.iter().map(|(statement, reason)| json!({"statement": statement, "reason": reason}));
    json!({
        "policies": policies,
        "statements": statements,
        "statementsUsed": used,
        "asked": asked,
        "refused": refused,
        "notShown": not_shown.collect::<Vec<_>>(),
    })
}

fn connected((connections, most): &(Connections, MostConnections)) -> Value {
    let Connections { limit, old_task, new_task, migration } = connections;
    let MostConnections { connections, old_tasks, new_tasks, migrating } = most;
    json!({
        "maxConnections": limit.max_connections,
        "forApp": limit.for_app,
        "oldTask": old_task,
        "newTask": new_task,
        "migration": migration,
        "atMost": connections,
        "oldTasks": old_tasks,
        "newTasks": new_tasks,
        "migrating": migrating,
    })
}

fn predicted(prediction: &Prediction) -> Value {
    let Prediction { end, crowd, shift, killed_for_health, killed_starting, failed, breaker } = prediction;
    let end = match end {
        RolloutEnd::Completed { after } => json!({"ended": "completed", "after": millis(*after)}),
        RolloutEnd::Failed { after, reason, steady } => json!({
            "ended": "failed",
            "after": millis(*after),
            "reason": reason,
            "steadyAfter": steady.map(millis),
        }),
        RolloutEnd::Never => json!({"ended": "never"}),
    };
    json!({
        "rollout": end,
        "shift": shift.as_ref().map(shifted),
        "overlap": millis(crowd.overlap),
        "mostTasks": crowd.most,
        "tasksKilledForHealth": killed_for_health,
        "tasksKilledStarting": killed_starting.as_ref().map(|killed| json!({
            "tasks": killed.tasks,
            "after": millis(killed.after),
            "reason": killed.reason,
            "upAfter": killed.up.map(millis),
        })),
        "breakerTripped": breaker.map(|(failures, after)| json!({"failures": failures, "after": millis(after)})),
        "tasksFailed": failed,
        "outlastsWaiter": prediction.outlasts_waiter(),
    })
}

fn called(call: &Called) -> Value {
    let Called { at, function, stage, answer: _, took, said } = call;
    json!({
        "at": at.as_millis(),
        "function": function,
        "stage": stage,
        "answer": call.word(),
        "took": millis(*took),
        "said": said,
    })
}

fn shifted(shift: &Shift) -> Value {
    let stages = shift.stages.iter().map(|stage| {
        json!({
            "stage": stage.name,
            "after": millis(stage.after),
            "rollingBack": stage.rolling_back,
            "productionPercent": stage.production,
            "testPercent": stage.test,
        })
    });
    json!({
        "testBeginsAfter": shift.test_begins().map(millis),
        "bake": shift.bake().map(millis),
        "stages": stages.collect::<Vec<_>>(),
    })
}

fn stage(outcome: &Outcome) -> Value {
    let Outcome { stage, ending, warnings, took } = outcome;
    let (ended, details) = match ending {
        Ending::Proved { evidence } => ("proved", evidence.clone()),
        Ending::Refuted { findings } => ("refuted", findings.first().map(|it| it.sentence.clone()).unwrap_or_default()),
        Ending::NotShown { reason } => ("not-shown", reason.clone()),
    };
    json!({
        "stage": stage.to_string(),
        "ended": ended,
        "details": details,
        "took": millis(*took),
        "warnings": warnings.iter().map(finding).collect::<Vec<_>>(),
    })
}

pub(super) fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code.to_string(),
        "severity": finding.severity.to_string(),
        "kind": finding.kind.to_string(),
        "sentence": finding.sentence,
        "stage": finding.stage.to_string(),
        "place": finding.place.as_ref().map(|place| json!({
            "file": place.file,
            "line": place.line,
            "column": place.column,
        })),
        "window": finding.window,
        "evidence": finding.evidence,
        "help": finding.help,
    })
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
