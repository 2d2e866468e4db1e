//! Deploys played with AWS's own delays, and what is said of them.

pub(crate) mod scene;

use std::time::Duration;

use simulator_core::ecs::service::{Percent, Shifting, Strategy};
use simulator_core::virtual_time::{Behaviour, Script};

use super::*;
use scene::{Service, deploy};

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What is predicted of a deploy over two good tasks of `service`, whose new containers behave so.
fn predicted(service: &Service, next: Behaviour) -> Prediction {
    let mut script = Script::default();
    script.image("news:2", vec![next]);
    let (prediction, _) = predict(service.stand(), script, &deploy(service)).expect("it can be played");
    prediction
}

/// Whether `lines` contains a line with each of `parts`, in order.
fn says(lines: &[String], parts: &[&str]) -> bool {
    let mut lines = lines.iter();
    parts.iter().all(|part| lines.any(|line| line.contains(part)))
}

/// The time that a task has to become healthy, and the time that it needs.
#[test]
fn tasks_that_are_stopped_while_they_are_starting_are_told_of() {
    let grace = |seconds| Service { grace: Some(secs(seconds)), ..Service::default() };
    let checked = |start_period: Option<u64>| Service {
        check: true,
        start_period: start_period.map(secs),
        balanced: false,
        ..Service::default()
    };
    let up = |seconds| Behaviour::healthy_after(secs(seconds));
    let (elb, own) = ("ELB", "container health checks");
    for (name, service, next, killed, completes) in [
        ("long enough for the load balancer", grace(120), up(70), None, true),
        // The unhealthy ones stay until others can take their place: one of them, or of those, comes up meanwhile.
        ("no grace period", grace(0), up(70), Some((elb, Some(70))), true),
        ("too short a grace period", grace(30), up(70), Some((elb, Some(70))), true),
        ("it never serves", grace(30), Behaviour::unhealthy(), Some((elb, None)), false),
        ("within the retries of its own check", checked(None), up(12), None, true),
        ("its own check gives up before", checked(None), up(50), Some((own, Some(50))), false),
        ("its start period is long enough", checked(Some(60)), up(50), None, true),
        // A grace period covers the container's own checks too.
        ("a grace period instead", Service { grace: Some(secs(90)), ..checked(None) }, up(50), None, true),
        // Who ends by himself is not stopped for his health.
        ("it crashes", grace(0), Behaviour::exiting(secs(3), 1), None, false),
    ] {
        let prediction = predicted(&service, next);
        let said = prediction.killed_starting.as_ref().map(|killed| {
            let check = if killed.reason.contains("ELB") { "ELB" } else { "container health checks" };
            assert!(killed.reason.contains(check), "{name}: {}", killed.reason);
            (check, killed.up.map(|up| up.as_secs()))
        });
        assert_eq!(said, killed, "{name}: {:#?}", prediction.lines());
        let completed = matches!(prediction.end, RolloutEnd::Completed { .. });
        assert_eq!(completed, completes, "{name}: {:#?}", prediction.lines());
        // Three of a service of two tasks are too many.
        assert_eq!(prediction.breaker.map(|(failures, _)| failures), (!completes).then_some(3), "{name}");
    }
}

#[test]
fn a_deploy_that_fails_says_when_the_breaker_trips_and_when_all_is_well_again() {
    let service = Service { check: true, balanced: false, ..Service::default() };
    let prediction = predicted(&service, Behaviour::healthy_after(secs(70)));
    let lines = prediction.lines();
    assert!(
        says(
            &lines,
            &[
                "the deployment fails after",
                "new tasks are stopped by health checks before the end",
                "from its start, and would be up after 1 min 10 s",
                "the circuit breaker trips at 3 failed tasks, after",
                "side by side",
            ]
        ),
        "{lines:#?}"
    );
    let RolloutEnd::Failed { after, steady: Some(steady), .. } = prediction.end else { panic!("{lines:#?}") };
    let (_, tripped) = prediction.breaker.expect("it trips");
    assert!(tripped < after && after < steady, "{tripped:?} {after:?} {steady:?}");
}

#[test]
fn without_a_breaker_a_deploy_that_fails_never_ends() {
    let service = Service { breaker: false, ..Service::default() };
    let prediction = predicted(&service, Behaviour::exiting(secs(3), 1));
    let lines = prediction.lines();
    assert_eq!((&prediction.end, &prediction.breaker), (&RolloutEnd::Never, &None), "{lines:#?}");
    assert!(prediction.failed > 3, "{lines:#?}");
    assert_eq!(failure(&prediction).map(|finding| finding.code), Some(crate::finding::Code::T08));
}

/// What a service does with a release that is up at once, by its own deployment configuration.
#[test]
fn deployments_that_shift_traffic_are_played_as_the_service_has_them() {
    let shifting = |strategy, bake| Shifting { strategy, bake_minutes: Some(bake), hooks: Vec::new() };
    let percent = Percent::of_tenths;
    for (strategy, bake, steps, bakes) in [
        (Strategy::BlueGreen, 0, &["100"][..], 0),
        (Strategy::BlueGreen, 5, &["100"], 5),
        // Longer than anything else is waited for.
        (Strategy::BlueGreen, 1440, &["100"], 1440),
        (Strategy::Linear { step: percent(250), bake_minutes: 6 }, 5, &["25", "50", "75", "100"], 3 * 6 + 5),
        (Strategy::Canary { percent: percent(50), bake_minutes: 10 }, 5, &["5", "100"], 10 + 5),
        (Strategy::Linear { step: percent(500), bake_minutes: 1440 }, 1440, &["50", "100"], 2 * 1440),
    ] {
        let service = Service { shifting: shifting(strategy, bake), ..Service::default() };
        let prediction = predicted(&service, Behaviour::healthy());
        let lines = prediction.lines();
        let RolloutEnd::Completed { after } = prediction.end else { panic!("{strategy:?}: {lines:#?}") };
        let shift = prediction.shift.as_ref().expect("it shifts");
        let shares: Vec<&str> = shift.steps().iter().map(|(_, share)| *share).collect();
        assert_eq!(shares, steps, "{strategy:?}");
        // Old and new tasks stand side by side from the start of the new ones to the end of the bake.
        let bakes = secs(60 * bakes);
        assert!(prediction.crowd.overlap >= bakes, "{strategy:?}: {lines:#?}");
        assert!(after >= bakes && after <= bakes + secs(600), "{strategy:?}: {lines:#?}");
        assert_eq!((prediction.crowd.most, prediction.crowd.worst(10, 1).0), (4, 22), "{strategy:?}");
        let test = shift.test_begins().expect("there is a test listener");
        assert!(test <= shift.steps()[0].0, "{strategy:?}: {lines:#?}");
        let bake = shift.bake().expect("it gets so far");
        assert!(bake >= secs(60 * u64::from(service.shifting.bake_minutes.unwrap_or_default())), "{lines:#?}");
        assert!(says(&lines, &["the rollout takes", "test requests reach the new code", "production requests move"]));
    }
}

/// Traffic does not move to a release whose tasks are not healthy; there is no circuit breaker, and AWS gives a stage a day.
#[test]
fn a_shift_to_tasks_that_are_never_healthy_goes_back_after_a_day() {
    let blue_green = Shifting { strategy: Strategy::BlueGreen, bake_minutes: Some(5), hooks: Vec::new() };
    let service = Service { shifting: blue_green, grace: Some(secs(30)), ..Service::default() };
    let prediction = predicted(&service, Behaviour::unhealthy());
    let lines = prediction.lines();
    let RolloutEnd::Failed { after, .. } = prediction.end else { panic!("{lines:#?}") };
    assert!(after >= secs(24 * 3600) && after <= secs(25 * 3600), "{lines:#?}");
    let shift = prediction.shift.as_ref().expect("it shifts");
    assert_eq!((shift.steps(), shift.bake(), shift.test_begins()), (Vec::new(), None, None));
    assert_eq!(shift.turns_back().map(|(_, stage)| stage), Some("SCALE_UP"), "{lines:#?}");
    assert_eq!(prediction.breaker, None);
}
