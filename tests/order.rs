//! The order of containers, proved from the engine's own record of what happened when.

use crate::app::App;
use crate::engine::{Engine, Happening};

#[test]
fn containers_start_and_stop_in_the_declared_order() {
    let engine = Engine::connect();
    let watch = engine.watch();
    let app = App::check_out("v2");
    let child = app.command("postgres").spawn().expect("greenroom can be run");
    let owner = child.id();
    let run = app.finished(&child.wait_with_output().expect("the child is ours"));
    assert_eq!(run.exit, Some(0), "{}", run.printed());

    let happenings = watch.until_gone(owner);
    let apps: Vec<&Happening> = happenings.iter().filter(|it| it.container == "app" && it.action == "start").collect();
    // Two tasks of v1, two of v2, two of v1 again, and the one-off migrations whose app container is the migrator.
    assert!(apps.len() >= 6, "{happenings:#?}");
    for start in apps {
        let of_task = |container: &str, action: &str| {
            happenings
                .iter()
                .find(|it| it.task == start.task && it.container == container && it.action.starts_with(action))
        };
        let settings = of_task("settings", "die").expect("settings ends in every task");
        assert_eq!(settings.exit_code.as_deref(), Some("0"), "{settings:?}");
        assert!(settings.at <= start.at, "app started before settings had succeeded: {settings:?} {start:?}");
        let Some(ready) = of_task("ready", "start") else { continue };
        let healthy = happenings
            .iter()
            .find(|it| {
                it.task == start.task
                    && it.container == "app"
                    && it.action == "exec_die"
                    && it.exit_code.as_deref() == Some("0")
            })
            .expect("ready starts only where app was healthy");
        assert!(healthy.at <= ready.at, "ready started before app was healthy: {healthy:?} {ready:?}");
    }
}

#[test]
fn old_tasks_stop_only_after_new_ones_are_healthy() {
    let engine = Engine::connect();
    let watch = engine.watch();
    let app = App::check_out("v2");
    let child = app.command("postgres").spawn().expect("greenroom can be run");
    let owner = child.id();
    let run = app.finished(&child.wait_with_output().expect("the child is ours"));
    assert_eq!(run.exit, Some(0), "{}", run.printed());

    // Revision 1 is bootstrap's, 2 the baseline, 3 the deploy, and the baseline again. One-off tasks of both revisions migrate:
    // nobody stops those, and they are never healthy.
    let happenings = watch.until_gone(owner);
    let of = |revision: &str, action: &str| -> Vec<&Happening> {
        happenings.iter().filter(|it| it.container == "app" && it.revision == revision && it.action == action).collect()
    };
    let first_old_kill = of("2", "kill").first().map(|it| it.at).expect("the old tasks were stopped");
    let mut healthy: Vec<(&str, u64)> = of("3", "exec_die")
        .iter()
        .filter(|it| it.exit_code.as_deref() == Some("0"))
        .map(|it| (it.task.as_str(), it.at))
        .collect();
    healthy.sort_unstable_by_key(|(task, at)| (*task, *at));
    healthy.dedup_by_key(|(task, _)| *task);
    let healthy_before = healthy.iter().filter(|(_, at)| *at <= first_old_kill).count();
    assert!(
        healthy_before >= 1,
        "an old task was stopped before any new one was healthy: {healthy:?} {first_old_kill}"
    );
}
