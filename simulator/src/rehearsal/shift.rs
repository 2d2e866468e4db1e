//! How requests moved to the new revision in a rehearsal, who was asked on the way, and what was answered.

use simulator_core::{Event, EventKind, HookEvent, World};

use crate::driver::hook::Called;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::prediction::{self, Shift};

/// One deployment that shifted traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The stages that it went through.
    pub shift: Shift,
    /// The hooks that were asked, in the order of their answers.
    pub hooks: Vec<Called>,
}

/// What an entry of the trace says of a shift of traffic, in a line; nothing if it is about something else.
pub(super) fn said(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::Lifecycle { service, stage, rolling_back, production, test, .. } => {
            let back = if *rolling_back { " on the way back" } else { "" };
            Some(format!(
                "(service {service}) stage {stage}{back}: the new revision has {production} % of production's requests and {test} % of test requests"
            ))
        }
        EventKind::Hook(hook) => {
            let HookEvent { service, stage, message, .. } = &**hook;
            Some(format!("(service {service}) lifecycle hook in the stage {stage}: {message}"))
        }
        EventKind::Called { .. }
        | EventKind::NotSimulated { .. }
        | EventKind::Service { .. }
        | EventKind::Deployment { .. }
        | EventKind::BreakerCounted { .. }
        | EventKind::Image(_)
        | EventKind::Alarm { .. }
        | EventKind::Task { .. }
        | EventKind::Container { .. }
        | EventKind::ContainerHealth { .. }
        | EventKind::TargetHealth { .. }
        | EventKind::Logged { .. } => None,
    }
}

/// The course of the deployment called `deployment`, as `events` and the `calls` of hooks tell; none if it shifted nothing. `tested` says
/// whether there is a rule that test requests take.
#[must_use]
pub fn course(events: &[Event], deployment: &str, calls: &[Called], tested: bool) -> Option<Course> {
    let of = |event: &&Event| matches!(&event.kind, EventKind::Lifecycle { deployment: id, .. } if **id == *deployment);
    // A deployment's first stage begins with UpdateService.
    let (began, ended) = (events.iter().find(of)?.at, events.iter().rfind(of)?.at);
    let shift = prediction::shift_of(events, began, deployment, tested)?;
    let hooks = calls.iter().filter(|call| (began..=ended).contains(&call.at)).cloned().collect();
    Some(Course { shift, hooks })
}

/// Whether there is a rule that test requests of the service called `service` in `cluster` take.
#[must_use]
pub fn is_tested(world: &World, cluster: &str, service: &str) -> bool {
    let service = world.ecs().service(cluster, service);
    let balancers = service.map(|service| service.primary().load_balancers.as_slice()).unwrap_or_default();
    balancers.iter().filter_map(|balancer| balancer.advanced.as_ref()).any(|advanced| advanced.test_rule.is_some())
}

impl Course {
    /// The course, one sentence to a line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { shift, hooks } = self;
        let mut lines = shift.lines();
        lines.extend(hooks.iter().map(|call| {
            let Called { function, stage, took, .. } = call;
            format!("hook `{function}` answers {} in {stage}, after {:.1} s", call.word(), took.as_secs_f64())
        }));
        lines
    }
}

/// Why ECS rolls a deployment back, by the last of `calls`, if that fails it; `place` is where a function's stand-in is written.
#[must_use]
pub fn refusal(stage: Stage, calls: &[Called], place: impl Fn(&str) -> Option<Place>) -> Option<Finding> {
    let failed = calls.iter().find(|call| call.fails())?;
    let Called { function, stage: at, .. } = failed;
    let word = failed.word();
    let (sentence, help) = if word == "FAILED" {
        (
            format!("lifecycle hook `{function}` answers FAILED in the stage {at}, and ECS rolls the deployment back"),
            "see what the function found wrong with the new revision",
        )
    } else {
        (
            format!(
                "lifecycle hook `{function}` gives no answer that ECS knows in the stage {at}, and ECS rolls the deployment back: {word}"
            ),
            "have the function answer `{\"hookStatus\": \"SUCCEEDED\"}`, `FAILED` or `IN_PROGRESS`",
        )
    };
    let said = failed.said.as_ref().map(|said| format!("{function}: {said}"));
    let finding =
        Finding::error(Code::H13, Kind::Proved, stage, sentence).with_evidence(said).with_help([help.to_owned()]);
    Some(match place(function) {
        Some(place) => finding.at(place),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use simulator_core::ecs::service::Percent;
    use simulator_core::observation::HookAnswer;
    use simulator_core::{Sequence, Timestamp};

    use super::*;

    fn called(at: u64, answer: HookAnswer) -> Called {
        let (function, stage, took) = ("check".to_owned(), "POST_SCALE_UP", Duration::from_millis(1500));
        Called { at: Timestamp::from_millis(at), function, stage, answer, took, said: Some("no".to_owned()) }
    }

    fn entered(sequence: u32, deployment: &str, stage: &'static str, production: Percent) -> Event {
        let kind = EventKind::Lifecycle {
            service: "news".into(),
            deployment: deployment.into(),
            stage,
            rolling_back: false,
            production,
            test: Percent::NONE,
            reason: "".into(),
        };
        let at = Timestamp::from_millis(u64::from(sequence) * 1000);
        Event { sequence: Sequence::MIN.saturating_add(sequence - 1), at, cause: None, kind }
    }

    /// The calls of a deployment are those made between its first stage and its last.
    #[test]
    fn a_course_has_its_own_stages_and_calls() {
        let events = [
            entered(1, "a", "SCALE_UP", Percent::NONE),
            entered(2, "a", "CLEAN_UP", Percent::ALL),
            entered(5, "b", "SCALE_UP", Percent::NONE),
            entered(8, "b", "PRODUCTION_TRAFFIC_SHIFT", Percent::ALL),
            entered(9, "b", "CLEAN_UP", Percent::ALL),
        ];
        let calls = [called(1500, HookAnswer::Failed), called(6000, HookAnswer::Succeeded)];
        let course = course(&events, "b", &calls, false).expect("it shifted traffic");
        assert_eq!(
            course.lines(),
            [
                "production requests move to it after 3 s",
                "hook `check` answers SUCCEEDED in POST_SCALE_UP, after 1.5 s"
            ]
        );
        assert_eq!(super::course(&events, "c", &calls, false), None);
    }

    #[test]
    fn a_hook_that_fails_a_deployment_is_named_in_one_sentence() {
        let broken = || HookAnswer::Broken("the answer is not JSON".to_owned());
        let busy = || HookAnswer::InProgress { call_back: None, details: None };
        for (answers, expected) in [
            (vec![HookAnswer::Succeeded, busy()], None),
            (
                vec![busy(), HookAnswer::Failed],
                Some("`check` answers FAILED in the stage POST_SCALE_UP, and ECS rolls"),
            ),
            (vec![broken()], Some("back: the answer is not JSON")),
        ] {
            let calls: Vec<Called> = answers.into_iter().map(|answer| called(1, answer)).collect();
            let finding = refusal(Stage::RollOut, &calls, |_| Some(Place::file("greenroom.toml")));
            let sentence = finding.as_ref().map(|finding| finding.sentence.as_str());
            assert_eq!(sentence.is_some(), expected.is_some(), "{sentence:?}");
            assert!(sentence.zip(expected).is_none_or(|(sentence, part)| sentence.contains(part)), "{sentence:?}");
        }
    }
}
