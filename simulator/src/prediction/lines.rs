//! A prediction in words.

use super::outcome::{KilledStarting, Prediction, RolloutEnd};
use super::spoken::Spoken;

impl Prediction {
    /// The prediction, one sentence to a line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { end, crowd, shift, killed_for_health, killed_starting, failed, breaker } = self;
        let mut lines = vec![match end {
            RolloutEnd::Completed { after } => format!("the rollout takes {}", Spoken(*after)),
            RolloutEnd::Failed { after, reason, steady } => {
                let steady = match steady {
                    Some(steady) => format!("the service is stable again after {}", Spoken(*steady)),
                    None => "the service does not become stable again".to_owned(),
                };
                format!("the deployment fails after {} ({reason}); {steady}", Spoken(*after))
            }
            RolloutEnd::Never => "the rollout neither completes nor fails".to_owned(),
        }];
        lines.extend(shift.iter().flat_map(super::shift::Shift::lines));
        if *killed_for_health > 0 {
            let (tasks, are) = if *killed_for_health == 1 { ("task", "is") } else { ("tasks", "are") };
            lines.push(format!("{killed_for_health} new {tasks} {are} stopped by health checks before the end"));
            lines.extend(killed_starting.iter().map(KilledStarting::line));
        } else if *failed > 0 {
            let tasks = if *failed == 1 { "task comes" } else { "tasks come" };
            lines.push(format!("{failed} new {tasks} to nothing"));
        }
        if let Some((failures, after)) = breaker {
            let tasks = if *failures == 1 { "task" } else { "tasks" };
            lines.push(format!("the circuit breaker trips at {failures} failed {tasks}, after {}", Spoken(*after)));
        }
        let side_by_side = if crowd.overlap.is_zero() {
            "old and new code never run side by side".to_owned()
        } else {
            format!("old and new code run side by side for {}", Spoken(crowd.overlap))
        };
        let most = if crowd.most == 1 { "1 task".to_owned() } else { format!("{} tasks", crowd.most) };
        lines.push(format!("{side_by_side}, with at most {most} at once"));
        if self.outlasts_waiter() {
            lines.push("`aws ecs wait services-stable` gives up before that, after 10 min".to_owned());
        }
        lines
    }
}

impl KilledStarting {
    /// What it says of the time that tasks are given.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { tasks, after, reason: _, up } = self;
        let first = if *tasks == 1 { "it has" } else { "the first has" };
        let given = format!("{first} {} from its start", Spoken(*after));
        match up {
            Some(up) => format!("{given}, and would be up after {}", Spoken(*up)),
            None => format!("{given}, and would never be up"),
        }
    }
}
