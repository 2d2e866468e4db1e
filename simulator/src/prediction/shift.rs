//! How requests move from the old to the new revision, where a deployment shifts traffic: blue/green, linear or canary.

use std::time::Duration;

use simulator_core::{Event, EventKind, Timestamp};

use super::spoken::Spoken;

/// The way of a deployment that shifts traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The stages that it went through, in order.
    pub stages: Vec<Stage>,
    /// Whether there is a rule that test requests take.
    pub tested: bool,
}

/// A stage of a deployment that shifts traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// `lifecycleStage`.
    pub name: &'static str,
    /// From UpdateService to its beginning.
    pub after: Duration,
    /// Whether the traffic goes back to where it came from.
    pub rolling_back: bool,
    /// The new revision's share of production requests, in percent.
    pub production: String,
    /// The new revision's share of test requests, in percent.
    pub test: String,
}

/// The way of the deployment `id`, begun at `began`; none if it shifts nothing.
pub(crate) fn shift(events: &[Event], began: Timestamp, id: &str, tested: bool) -> Option<Shift> {
    let stages: Vec<Stage> = events
        .iter()
        .filter_map(|event| {
            let EventKind::Lifecycle { deployment, stage, rolling_back, production, test, .. } = &event.kind else {
                return None;
            };
            (**deployment == *id).then(|| Stage {
                name: stage,
                after: event.at.since(began),
                rolling_back: *rolling_back,
                production: production.to_string(),
                test: test.to_string(),
            })
        })
        .collect();
    (!stages.is_empty()).then_some(Shift { stages, tested })
}

impl Shift {
    /// From when on test requests reach the new revision.
    #[must_use]
    pub fn test_begins(&self) -> Option<Duration> {
        let tested = |stage: &&Stage| self.tested && !stage.rolling_back && stage.test != "0";
        self.stages.iter().find(tested).map(|stage| stage.after)
    }

    /// The steps in which production requests move, each with the share that the new revision has from then on.
    #[must_use]
    pub fn steps(&self) -> Vec<(Duration, &str)> {
        let steps = self.stages.iter().filter(|it| it.name == "PRODUCTION_TRAFFIC_SHIFT" && !it.rolling_back);
        steps.map(|stage| (stage.after, stage.production.as_str())).collect()
    }

    /// How long the old tasks stand by after the new ones have all requests.
    #[must_use]
    pub fn bake(&self) -> Option<Duration> {
        let bake = self.stages.iter().position(|stage| stage.name == "BAKE_TIME" && !stage.rolling_back)?;
        let next = self.stages.get(bake + 1)?;
        Some(next.after.saturating_sub(self.stages[bake].after))
    }

    /// When the traffic begins to go back, and in which stage the deployment was then.
    #[must_use]
    pub fn turns_back(&self) -> Option<(Duration, &'static str)> {
        let back = self.stages.iter().position(|stage| stage.rolling_back)?;
        let before = back.checked_sub(1).and_then(|before| self.stages.get(before));
        let back = &self.stages[back];
        Some((back.after, before.map_or(back.name, |stage| stage.name)))
    }

    /// What people want to know of it, one sentence to a line.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(after) = self.test_begins() {
            lines.push(format!("test requests reach the new code after {}", Spoken(after)));
        }
        match self.steps().as_slice() {
            [] => {}
            [(after, "100")] => lines.push(format!("production requests move to it after {}", Spoken(*after))),
            [(first, share), .., (last, all)] => lines.push(format!(
                "production requests move to it in {} steps: {share} % after {}, {all} % after {}",
                self.steps().len(),
                Spoken(*first),
                Spoken(*last)
            )),
            [(after, share)] => {
                lines.push(format!("{share} % of production requests move to it after {}", Spoken(*after)));
            }
        }
        if let Some(bake) = self.bake().filter(|bake| !bake.is_zero()) {
            lines.push(format!("the old tasks stand by for {} more (bake time)", Spoken(bake)));
        }
        if let Some((after, stage)) = self.turns_back() {
            lines.push(format!("it goes back after {}, in the stage {stage}", Spoken(after)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stages as `NAME production/test`, one every minute; `<` goes back.
    fn of(stages: &[&str], tested: bool) -> Shift {
        let stage = |(place, text): (usize, &&str)| {
            let rolling_back = text.starts_with('<');
            let (name, shares) = text.trim_start_matches('<').split_once(' ').expect("a name and shares");
            let (production, test) = shares.split_once('/').expect("two shares");
            let name = ["SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"]
                .into_iter()
                .find(|it| *it == name)
                .expect("a stage");
            let after = Duration::from_secs(60 * (place as u64 + 1));
            Stage { name, after, rolling_back, production: production.to_owned(), test: test.to_owned() }
        };
        Shift { stages: stages.iter().enumerate().map(stage).collect(), tested }
    }

    #[test]
    fn the_way_of_requests_is_told_in_a_few_lines() {
        let whole = [
            "SCALE_UP 0/0",
            "TEST_TRAFFIC_SHIFT 0/100",
            "PRODUCTION_TRAFFIC_SHIFT 100/100",
            "BAKE_TIME 100/100",
            "CLEAN_UP 100/100",
        ];
        let canary = [
            "SCALE_UP 0/0",
            "TEST_TRAFFIC_SHIFT 0/100",
            "PRODUCTION_TRAFFIC_SHIFT 5/100",
            "PRODUCTION_TRAFFIC_SHIFT 100/100",
            "BAKE_TIME 100/100",
            "CLEAN_UP 100/100",
        ];
        let back =
            ["SCALE_UP 0/0", "PRODUCTION_TRAFFIC_SHIFT 5/100", "<PRODUCTION_TRAFFIC_SHIFT 0/100", "<CLEAN_UP 0/0"];
        let stands_by = "the old tasks stand by for 1 min more (bake time)";
        for (stages, tested, lines) in [
            (
                &whole[..],
                true,
                &[
                    "test requests reach the new code after 2 min",
                    "production requests move to it after 3 min",
                    stands_by,
                ][..],
            ),
            (&whole, false, &["production requests move to it after 3 min", stands_by]),
            (
                &canary,
                false,
                &["production requests move to it in 2 steps: 5 % after 3 min, 100 % after 4 min", stands_by],
            ),
            (
                &back,
                false,
                &[
                    "5 % of production requests move to it after 2 min",
                    "it goes back after 3 min, in the stage PRODUCTION_TRAFFIC_SHIFT",
                ],
            ),
            (&whole[..1], true, &[]),
        ] {
            assert_eq!(of(stages, tested).lines(), lines, "{stages:?}");
        }
    }
}
