//! Which container behaves how.

use std::collections::BTreeMap;
use std::time::Duration;

use super::behaviour::{Behaviour, Image, OutOfMemory};
use crate::id::mix;
use crate::observation::HookAnswer;

/// The behaviours of containers, by image and by name. What is said of both counts before what is said of an image, and that before
/// what is said of a name; a container of which nothing is said is [`Behaviour::healthy`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    entries: Vec<Vec<Behaviour>>,
    both: BTreeMap<String, BTreeMap<String, Entry>>,
    images: BTreeMap<String, Entry>,
    containers: BTreeMap<String, Entry>,
    functions: BTreeMap<String, Vec<(Duration, HookAnswer)>>,
    stages: BTreeMap<String, (Duration, HookAnswer)>,
    variation: Option<Variation>,
}

/// Something that a script says: its containers have their turns together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(usize);

/// What settles how a container behaves. What a script says is added to and never changed, so this is enough to know it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    entry: Option<Entry>,
    turn: usize,
    number: u64,
    variation: Option<Variation>,
}

/// How far durations stray from what the script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variation {
    /// By how many percent at most, up or down; every value between is as likely.
    pub percent: u8,
    /// Where the straying comes from: the same seed gives the same durations.
    pub seed: u64,
}

impl Script {
    /// Has the containers of `image`, as task definitions write it, behave so: one after the other, and then from the beginning again.
    /// With no behaviour nothing is said.
    pub fn image(&mut self, image: &str, behaviours: Vec<Behaviour>) {
        if let Some(entry) = self.add(behaviours) {
            self.images.insert(image.to_owned(), entry);
        }
    }

    /// The same for the containers called `name` in their task definitions, whatever their image.
    pub fn container(&mut self, name: &str, behaviours: Vec<Behaviour>) {
        if let Some(entry) = self.add(behaviours) {
            self.containers.insert(name.to_owned(), entry);
        }
    }

    /// The same for those called `name` of `image`.
    pub fn container_of(&mut self, image: &str, name: &str, behaviours: Vec<Behaviour>) {
        if let Some(entry) = self.add(behaviours) {
            self.both.entry(image.to_owned()).or_default().insert(name.to_owned(), entry);
        }
    }

    /// Has the calls of `function`, the target of lifecycle hooks by its ARN or the name in that, answered so: one after the other, each so long after the call, and then
    /// from the beginning again. With no answer it never answers. A function of which nothing is said succeeds at once.
    pub fn function(&mut self, function: &str, answers: Vec<(Duration, HookAnswer)>) {
        self.functions.insert(function.to_owned(), answers);
    }

    /// Has whatever function is asked in `stage`, a `lifecycleStage`, answer so: it counts before what is said of the function.
    pub fn stage(&mut self, stage: &str, answer: (Duration, HookAnswer)) {
        self.stages.insert(stage.to_owned(), answer);
    }

    /// Has every duration stray from what is written.
    pub const fn vary(&mut self, variation: Variation) {
        self.variation = Some(variation);
    }

    /// The behaviours that containers called `name` of `image` have one after the other; none if nothing is said of them.
    #[must_use]
    pub fn said_of(&self, image: &str, name: &str) -> &[Behaviour] {
        self.find(image, name).map_or(&[], |Entry(place)| self.entries[place].as_slice())
    }

    /// What is said of the container called `name` of `image`.
    pub(super) fn find(&self, image: &str, name: &str) -> Option<Entry> {
        let both = self.both.get(image).and_then(|names| names.get(name));
        both.or_else(|| self.images.get(image)).or_else(|| self.containers.get(name)).copied()
    }

    /// What settles how the container behaves that is the `turn`th, from 0, of `entry`, and the `number`th of all. Later changes of the
    /// script change nothing about it.
    pub(super) const fn draw(&self, entry: Option<Entry>, turn: usize, number: u64) -> Draw {
        Draw { entry, turn, number, variation: self.variation }
    }

    /// How a container behaves for which `draw` was drawn.
    pub(super) fn behaviour(&self, draw: Draw) -> Behaviour {
        let Draw { entry, turn, number, variation } = draw;
        let said = entry.map(|Entry(place)| &self.entries[place]);
        let behaviour = said.map_or_else(Behaviour::healthy, |said| said[turn % said.len()].clone());
        match variation {
            Some(variation) => variation.of(behaviour, number),
            None => behaviour,
        }
    }

    /// What the call of `function` in `stage` answers that is the `turn`th, from 0, and how long after it; nothing if it never does. It
    /// does not stray: a function is no container.
    pub(super) fn answer(&self, function: &str, stage: &str, turn: usize) -> Option<(Duration, HookAnswer)> {
        if let Some(answer) = self.stages.get(stage) {
            return Some(answer.clone());
        }
        let name = function.split_once(":function:").map_or(function, |(_, name)| name);
        let said = self.functions.get(function).or_else(|| self.functions.get(name));
        let Some(answers) = said else { return Some((Duration::ZERO, HookAnswer::Succeeded)) };
        answers.get(turn.checked_rem(answers.len())?).cloned()
    }

    fn add(&mut self, behaviours: Vec<Behaviour>) -> Option<Entry> {
        if behaviours.is_empty() {
            return None;
        }
        self.entries.push(behaviours);
        Some(Entry(self.entries.len() - 1))
    }
}

impl Variation {
    /// `behaviour` as the `number`th container shows it. What belongs together strays together: a container that is late to be healthy
    /// is as late to serve.
    fn of(self, behaviour: Behaviour, number: u64) -> Behaviour {
        let Behaviour {
            image,
            starts_in,
            cannot_start,
            exits,
            out_of_memory,
            peak_memory,
            healthy,
            serves,
            sick,
            hangs,
            unready,
            stops_in,
            stop_code,
            answers_in,
        } = behaviour;
        let factor = |aspect: u64| Factor(self.permille(number, aspect));
        let (pull, start, life, stop, answer) = (factor(0), factor(1), factor(2), factor(3), factor(4));
        Behaviour {
            image: match image {
                Image::Pulls(takes) => Image::Pulls(pull.of(takes)),
                Image::Refused(_) | Image::Hangs => image,
            },
            starts_in: start.of(starts_in),
            cannot_start,
            exits: exits.map(|(after, code)| (life.of(after), code)),
            out_of_memory: out_of_memory
                .map(|OutOfMemory { after, under_load }| OutOfMemory { after: life.of(after), under_load }),
            peak_memory,
            healthy: healthy.map(|from| start.of(from)),
            serves: serves.map(|from| start.of(from)),
            sick: sick.map(|from| life.of(from)),
            hangs: hangs.map(|from| life.of(from)),
            unready: unready.map(|(from, lasts)| (life.of(from), life.of(lasts))),
            stops_in: stops_in.map(|takes| stop.of(takes)),
            stop_code,
            answers_in: answer.of(answers_in),
        }
    }

    /// A factor in thousandths, for one aspect of the `number`th container.
    fn permille(self, number: u64, aspect: u64) -> u64 {
        let spread = u64::from(self.percent.min(100)) * 10;
        let drawn = mix(self.seed ^ mix(number.wrapping_mul(8).wrapping_add(aspect)));
        1000 - spread + drawn % (2 * spread + 1)
    }
}

/// Thousandths of a duration.
#[derive(Clone, Copy)]
struct Factor(u64);

impl Factor {
    /// So many thousandths of `duration`, in whole milliseconds.
    fn of(self, duration: Duration) -> Duration {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(millis.saturating_mul(self.0) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn both_count_before_an_image_and_that_before_a_name_and_each_has_its_turn() {
        let mut script = Script::default();
        let exiting = |code| Behaviour::exiting(secs(1), code);
        script.image("app:2", vec![exiting(1), exiting(2)]);
        script.container("app", vec![exiting(3)]);
        script.container_of("app:2", "settings", vec![exiting(4)]);
        script.container("none", Vec::new());
        let exits = |image, name, drawn| {
            script.behaviour(script.draw(script.find(image, name), drawn, 0)).exits.map(|(_, code)| code)
        };
        for (image, name, drawn, code) in [
            ("app:2", "app", 0, Some(1)),
            ("app:2", "app", 1, Some(2)),
            ("app:2", "app", 2, Some(1)),
            ("app:2", "settings", 5, Some(4)),
            ("app:1", "app", 0, Some(3)),
            ("app:1", "app", 1, Some(3)),
            ("app:1", "settings", 0, None),
            ("app:1", "none", 0, None),
            ("app:1", "worker", 0, None),
        ] {
            assert_eq!(exits(image, name, drawn), code, "{image} {name} {drawn}");
        }
        assert_ne!(script.find("app:2", "app"), script.find("app:2", "settings"));
        assert_eq!(script.find("app:2", "app"), script.find("app:2", "other"));
    }

    #[test]
    fn functions_answer_in_turn_and_succeed_at_once_where_nothing_is_said() {
        let mut script = Script::default();
        let (busy, failed) = (HookAnswer::InProgress { call_back: None, details: None }, HookAnswer::Failed);
        script.function("check", vec![(secs(1), busy.clone()), (secs(2), failed.clone())]);
        script.function("silent", Vec::new());
        for (function, turn, expected) in [
            ("check", 0, Some((secs(1), busy.clone()))),
            ("check", 1, Some((secs(2), failed))),
            ("check", 2, Some((secs(1), busy))),
            ("silent", 0, None),
            ("arn:aws:lambda:eu-central-1:123456789012:function:silent", 0, None),
            ("other", 5, Some((secs(0), HookAnswer::Succeeded))),
        ] {
            assert_eq!(script.answer(function, "POST_SCALE_UP", turn), expected, "{function} {turn}");
        }
        let broken = HookAnswer::Broken("it is gone".to_owned());
        script.stage("PRE_SCALE_UP", (secs(3), broken.clone()));
        assert_eq!(script.answer("silent", "PRE_SCALE_UP", 0), Some((secs(3), broken)), "the stage counts first");
    }

    /// Every duration stays within the percentage, what belongs together strays alike, and the seed decides.
    #[test]
    fn durations_stray_within_their_bounds() {
        let mut script = Script::default();
        script.container("app", vec![Behaviour::healthy_after(secs(40))]);
        let app = script.find("", "app");
        let plain = script.behaviour(script.draw(app, 0, 0));
        let mut seen = std::collections::BTreeSet::new();
        for seed in [1, 2] {
            script.vary(Variation { percent: 25, seed });
            for number in 0..500 {
                let varied = script.behaviour(script.draw(app, 0, number));
                assert_eq!(
                    varied,
                    script.behaviour(script.draw(app, 0, number)),
                    "the same seed gives the same durations"
                );
                assert_eq!(varied.healthy, varied.serves);
                let healthy = varied.healthy.expect("it still becomes healthy");
                assert!(healthy >= secs(30) && healthy <= secs(50), "{healthy:?}");
                seen.insert(healthy);
            }
        }
        assert!(seen.first() < Some(&secs(31)) && seen.last() > Some(&secs(49)), "the whole width is used");
        script.vary(Variation { percent: 0, seed: 1 });
        assert_eq!(script.behaviour(script.draw(app, 0, 3)), plain);
    }
}
