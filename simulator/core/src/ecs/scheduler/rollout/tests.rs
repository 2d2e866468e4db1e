//! What to start and stop, as tables: a service in one line, and what is to be done about it.

use super::*;
use crate::ecs::Rules;
use crate::ecs::scheduler::bounds::Bounds;
use crate::ecs::scheduler::view::{AlarmsView, DeploymentView, Spread};
use crate::ecs::service::{CircuitBreaker, DeploymentConfiguration, EarlySuccess};
use crate::time::Timestamp;
use crate::timing::Timing;

/// A service that wants `desired` tasks within `minimum`/`maximum` percent and has `tasks`, each written as `o`ld or `n`ew and
/// `s`tarting, `r`unning but unproven, `h`ealthy, `f`ailing or `x` (being stopped); a `p` behind says that it is
/// protected.
fn view(desired: u32, (minimum, maximum): (u32, u32), tasks: &str) -> View {
    let configuration = DeploymentConfiguration {
        minimum_healthy_percent: minimum,
        maximum_percent: maximum,
        ..DeploymentConfiguration::default()
    };
    let task = |(place, text): (usize, &str)| {
        let state = text[1..].trim_end_matches('p');
        let (stage, health) = match state {
            "s" => (Stage::Starting, TaskHealth::Unproven),
            "r" => (Stage::Running, TaskHealth::Unproven),
            "h" => (Stage::Running, TaskHealth::Healthy),
            "f" => (Stage::Running, TaskHealth::Failing(Failing::Container)),
            "x" => (Stage::Stopping, TaskHealth::Unproven),
            other => panic!("no such state: {other}"),
        };
        TaskView {
            id: named(&format!("{text}{place}")),
            deployment: Some(usize::from(text.starts_with('o'))),
            stage,
            health,
            proved: true,
            condemned: true,
            protected: text.ends_with('p'),
            zone: None,
        }
    };
    let deployment = |id: &str, state| DeploymentView {
        id: id.into(),
        state,
        failed_tasks: 0,
        has_run: true,
        trip_at: None,
        alarmed: false,
        bake_until: None,
    };
    View {
        now: Timestamp::from_millis(0),
        timing: Timing::aws(),
        rules: Rules::default(),
        desired,
        bounds: Bounds::of(desired, &configuration),
        breaker: CircuitBreaker::default(),
        alarms: AlarmsView::default(),
        early_success: EarlySuccess::default(),
        spread: Spread::default(),
        stop: None,
        start_not_before: None,
        steady_since: None,
        deployments: vec![deployment("new", RolloutState::InProgress), deployment("old", RolloutState::Completed)],
        tasks: tasks.split_whitespace().enumerate().map(task).collect(),
        ended: Vec::new(),
    }
}

/// The id whose digits are those of the bytes of `text`.
fn named(text: &str) -> TaskId {
    TaskId::new(text.bytes().fold(0, |number, byte| number << 8 | u128::from(byte)))
}

/// The text that [`named`] made `id` of.
fn name(id: &TaskId) -> String {
    let digits = id.to_string();
    let bytes = (0..16).map(|place| u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).expect("two digits"));
    bytes.filter(|byte| *byte != 0).map(char::from).collect()
}

/// The steps in words: `+2` starts two, `+1/1` starts one in place of an unhealthy one, `-oh0` stops the first task, `!` is a deadlock, `p1:2` says
/// that two tasks of the deployment at place 1 stay because they are protected.
fn words(steps: &[Step]) -> String {
    let word = |step: &Step| match step {
        Step::Start { count, replacing: 0 } => format!("+{count}"),
        Step::Start { count, replacing } => format!("+{count}/{replacing}"),
        Step::Scale(tasks) => tasks.iter().map(|task| format!("-{}", name(task))).collect::<Vec<_>>().join(" "),
        Step::Replace { task, .. } => format!("~{}", name(task)),
        Step::Deadlock => "!".to_owned(),
        Step::Withhold { place, tasks } => format!("p{place}:{tasks}"),
        Step::Count { .. }
        | Step::Run
        | Step::Prove(_)
        | Step::ResetFailures
        | Step::ArmBreaker(_)
        | Step::DisarmBreaker
        | Step::Fail { .. }
        | Step::Condemn { .. }
        | Step::Reinforce { .. }
        | Step::Rebalance { .. }
        | Step::Rebalanced { .. }
        | Step::Balanced { .. }
        | Step::Bake(_)
        | Step::Complete
        | Step::Steady
        | Step::Retire(_) => panic!("not a step of a rollout: {step:?}"),
    };
    steps.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn check(cases: &[(u32, (u32, u32), &str, &str)]) {
    for (desired, bounds, tasks, expected) in cases {
        assert_eq!(
            words(&decide(&view(*desired, *bounds, tasks))),
            *expected,
            "{desired} at {bounds:?} with {tasks:?}"
        );
    }
}

#[test]
fn new_tasks_start_first_as_far_as_the_maximum_allows() {
    check(&[
        (1, (100, 200), "", "+1"),
        (1, (100, 200), "oh", "+1"),
        (2, (100, 200), "oh oh", "+2"),
        (4, (100, 125), "oh oh oh oh", "+1"),
        (4, (100, 200), "oh oh oh oh ns ns", "+2"),
        (2, (100, 200), "oh oh ns ns", ""),
        (2, (100, 200), "oh oh nr nh", "-oh0"),
        (2, (100, 200), "oh oh nh nh", "-oh0 -oh1"),
        (2, (100, 200), "ox ox nh nh", ""),
    ]);
}

#[test]
fn old_tasks_stop_first_where_there_is_no_room() {
    check(&[
        // Facts 1.1: four tasks at a minimum of 50 %: two may stop first.
        (4, (50, 100), "oh oh oh oh", "-oh0 -oh1"),
        (4, (50, 100), "ox ox oh oh", ""),
        (4, (50, 100), "oh oh", "+2"),
        (4, (50, 100), "oh oh nh nh", "-oh0 -oh1"),
        (1, (0, 100), "oh", "-oh0"),
        (1, (0, 100), "ox", ""),
        (4, (100, 125), "oh oh oh oh nh", "-oh0"),
        (4, (75, 125), "oh oh oh oh", "+1 -oh0"),
    ]);
}

#[test]
fn bounds_that_allow_nothing_are_a_deadlock() {
    check(&[
        (1, (100, 100), "oh", "!"),
        (3, (100, 125), "oh oh oh", "!"),
        (2, (75, 100), "oh oh", "!"),
        // Something is still on its way, so waiting may change things.
        (1, (100, 100), "or", "-or0"),
        (3, (100, 125), "oh oh oh ox", ""),
    ]);
}

#[test]
fn a_deployment_in_place_of_one_that_never_worked() {
    check(&[
        // The one before that serves goes on; the one that does not makes room at once.
        (2, (100, 200), "oh oh os or", "-os2 -or3"),
        (2, (100, 200), "oh oh of of", "-of2 -of3"),
        // Where nobody serves, nothing is stopped until its room is needed.
        (2, (100, 200), "of of", "+2"),
        (2, (100, 200), "of of ns ns", ""),
        (2, (100, 200), "of of nh nh", "-of0 -of1"),
        (2, (100, 100), "of of", "-of0 -of1"),
    ]);
}

#[test]
fn unhealthy_tasks_are_replaced_start_first_or_one_at_a_time() {
    check(&[
        // Facts 1.4.
        (2, (100, 200), "nh nf", "+1/1"),
        (2, (100, 200), "nh nf ns", ""),
        (2, (100, 200), "nh nf nh", "~nf1"),
        (2, (100, 200), "nh nf nf", "+1/1 ~nf1"),
        (2, (100, 100), "nf nf", "~nf0"),
        (2, (100, 100), "nx nf", ""),
        (2, (100, 100), "nf", "+1/1"),
        // In a rollout that already has all it may: the old ones stay.
        (1, (100, 200), "oh nf", "~nf1"),
        (2, (100, 200), "oh oh nf nf", "~nf2"),
        (2, (50, 200), "oh oh nf nf", "~nf2"),
    ]);
}

/// Whether the replacement starts first is a setting.
#[test]
fn unhealthy_tasks_stop_first_if_the_rules_say_so() {
    for (tasks, expected) in [("nh nf", "~nf1"), ("nf nf", "~nf0"), ("nh nx", "+1"), ("nf nx", "+1/1"), ("nh nh", "")] {
        let mut view = view(2, (100, 200), tasks);
        view.rules.replacement_comes_first = false;
        assert_eq!(words(&decide(&view)), expected, "{tasks:?}");
    }
}

#[test]
fn a_changed_desired_count_is_followed() {
    check(&[
        (0, (100, 200), "nh nh", "-nh1 -nh0"),
        (0, (100, 200), "oh ns", "-ns1 -oh0"),
        (1, (100, 200), "nh ns", "-ns1"),
        (1, (100, 200), "nr nh", "-nr0"),
        (2, (100, 200), "nh nh nh", "-nh2"),
        (3, (100, 200), "nh", "+2"),
        (1, (100, 200), "oh oh nh", "-oh0 -oh1"),
    ]);
}

#[test]
fn protected_tasks_stay() {
    check(&[
        // They count, and others go in their place.
        (2, (100, 200), "nhp nhp nh", "-nh2"),
        (1, (100, 200), "nhp nh nhp", "-nh1 p0:1"),
        (0, (100, 200), "nhp nh", "-nh1 p0:1"),
        // Old ones leave a rollout unfinished, and take up its room.
        (2, (100, 200), "ohp oh nh nh", "-oh1 p1:1"),
        (2, (100, 200), "ohp ohp nr nr", ""),
        (1, (0, 100), "ohp", "!"),
        (0, (100, 200), "ohp oh", "-oh1 p1:1"),
        // Unhealthy ones are replaced all the same.
        (2, (100, 200), "nh nfp nh", "~nfp1"),
    ]);
}

#[test]
fn nothing_of_a_failed_deployment_is_started_or_stopped() {
    for (desired, tasks, expected) in [
        (2, "oh oh", ""),
        (2, "oh oh nf", ""),
        (2, "oh", ""),
        (1, "oh oh", "-oh1"),
        (1, "oh nf nf", "-nf2"),
        (0, "oh nf", "-nf1 -oh0"),
    ] {
        let mut view = view(desired, (100, 200), tasks);
        view.deployments[0].state = RolloutState::Failed;
        assert_eq!(words(&decide(&view)), expected, "{desired} with {tasks:?}");
    }
}

#[test]
fn throttling_puts_starts_off_but_not_stops() {
    let mut view = view(2, (100, 200), "oh oh nf");
    view.start_not_before = Some(Timestamp::from_millis(1));
    assert_eq!(words(&decide(&view)), "");
    view.now = Timestamp::from_millis(1);
    assert_eq!(words(&decide(&view)), "+1/1");
}

#[test]
fn tasks_go_from_the_fullest_zone() {
    for (desired, bounds, tasks, zones, expected) in [
        (2, (100, 200), "nh nh nh", "aab", "-nh1"),
        (2, (100, 200), "nh nh nh", "baa", "-nh2"),
        // Old ones the oldest first.
        (4, (75, 100), "oh oh oh oh", "abbc", "-oh1"),
        (4, (50, 100), "oh oh oh oh", "cabb", "-oh2 -oh0"),
    ] {
        let mut view = view(desired, bounds, tasks);
        for (task, zone) in view.tasks.iter_mut().zip(zones.chars()) {
            task.zone = Some(zone.to_string().into());
        }
        assert_eq!(words(&decide(&view)), expected, "{tasks} in {zones}");
    }
}

/// Tasks that are started beyond the desired count to rebalance a service are not stopped for that.
#[test]
fn tasks_that_rebalance_a_service_are_not_in_excess() {
    let mut view = view(2, (100, 200), "nh nh ns");
    view.spread.rebalancing = 1;
    assert_eq!(words(&decide(&view)), "");
    view.spread.rebalancing = 0;
    assert_eq!(words(&decide(&view)), "-ns2");
}

/// Whether tasks that are being stopped count against the maximum is a setting.
#[test]
fn stopping_tasks_count_unless_the_rules_say_otherwise() {
    let mut view = view(1, (0, 100), "ox");
    assert_eq!(words(&decide(&view)), "");
    view.rules.stopping_counts = false;
    assert_eq!(words(&decide(&view)), "+1");
}
