//! `deploymentConfiguration.strategy` and what belongs to it: how production requests move from the revision that serves (blue) to the
//! new one (green).
//!
//! Source: `facts/aws.md` 2.4; botocore ecs, `DeploymentConfiguration`, `LinearConfiguration`, `CanaryConfiguration`. Texts that they
//! do not give are ours.

use std::fmt;
use std::str::FromStr;

use super::hook::LifecycleHook;
use crate::refusal::Refusal;

/// A day: the longest bake time.
const LONGEST_BAKE: u32 = 1440;

/// A share of requests in tenths of a percent, 0 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(1000);

    /// `tenths` tenths of a percent, at most everything.
    #[must_use]
    pub const fn of_tenths(tenths: u32) -> Self {
        if tenths > 1000 { Self::ALL } else { Self(tenths) }
    }

    /// Tenths of a percent.
    #[must_use]
    pub const fn tenths(self) -> u32 {
        self.0
    }

    /// What is left of everything.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(1000 - self.0)
    }

    /// This much more, at most everything.
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        Self::of_tenths(self.0 + more.0)
    }
}

impl fmt::Display for Percent {
    /// Such as `10` or `2.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenth => write!(f, "{}.{tenth}", self.0 / 10),
        }
    }
}

impl FromStr for Percent {
    type Err = String;

    /// Reads a decimal number with at most one digit that counts after the point.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{}", if fraction.is_empty() { "0" } else { fraction });
        let tenths = digits.parse().ok().filter(|tenths| fraction.len() <= 1 && *tenths <= 1000);
        tenths.map(Self).ok_or_else(|| format!("`{text}` is not a multiple of 0.1 from 0 to 100"))
    }
}

/// `strategy`, with its own configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Tasks are replaced in place.
    #[default]
    Rolling,
    /// All requests move at once.
    BlueGreen,
    /// Requests move in equal steps.
    Linear {
        /// `stepPercent`, 10 by default.
        step: Percent,
        /// `stepBakeTimeInMinutes`, 6 by default: the wait after every step but the last.
        bake_minutes: u32,
    },
    /// A few requests move first, then all others.
    Canary {
        /// `canaryPercent`, 5 by default.
        percent: Percent,
        /// `canaryBakeTimeInMinutes`, 10 by default.
        bake_minutes: u32,
    },
}

/// The name of a [`Strategy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrategyName {
    /// `ROLLING`.
    Rolling,
    /// `BLUE_GREEN`.
    BlueGreen,
    /// `LINEAR`.
    Linear,
    /// `CANARY`.
    Canary,
}

impl Strategy {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> StrategyName {
        match self {
            Self::Rolling => StrategyName::Rolling,
            Self::BlueGreen => StrategyName::BlueGreen,
            Self::Linear { .. } => StrategyName::Linear,
            Self::Canary { .. } => StrategyName::Canary,
        }
    }

    /// The share of production requests that green has after each step, and the minutes of waiting after it.
    #[must_use]
    pub fn steps(&self) -> Vec<(Percent, u32)> {
        let (first, more, wait) = match *self {
            Self::Rolling | Self::BlueGreen => (Percent::ALL, Percent::ALL, 0),
            Self::Linear { step, bake_minutes } => (step, step, bake_minutes),
            Self::Canary { percent, bake_minutes } => (percent, Percent::ALL, bake_minutes),
        };
        let mut steps = vec![];
        let mut share = first;
        while share < Percent::ALL && more > Percent::NONE {
            steps.push((share, wait));
            share = share.and(more);
        }
        steps.push((Percent::ALL, 0));
        steps
    }
}

impl StrategyName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rolling, Self::BlueGreen, Self::Linear, Self::Canary];

    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rolling => "ROLLING",
            Self::BlueGreen => "BLUE_GREEN",
            Self::Linear => "LINEAR",
            Self::Canary => "CANARY",
        }
    }
}

/// How a service's deployments shift traffic: `strategy`, `bakeTimeInMinutes` and `lifecycleHooks`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shifting {
    /// `strategy`.
    pub strategy: Strategy,
    /// `bakeTimeInMinutes`: blue stays for so long after green serves everything.
    pub bake_minutes: Option<u32>,
    /// `lifecycleHooks`.
    pub hooks: Vec<LifecycleHook>,
}

impl Shifting {
    /// Whether deployments shift traffic at all.
    #[must_use]
    pub fn shifts(&self) -> bool {
        self.strategy != Strategy::Rolling
    }
}

/// What a request says of [`Shifting`]. What it does not say stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedShifting {
    /// `strategy`.
    pub strategy: Option<StrategyName>,
    /// `bakeTimeInMinutes`.
    pub bake_minutes: Option<u32>,
    /// `linearConfiguration`: percentage and minutes.
    pub linear: Option<(Option<Percent>, Option<u32>)>,
    /// `canaryConfiguration`: percentage and minutes.
    pub canary: Option<(Option<Percent>, Option<u32>)>,
    /// `lifecycleHooks`.
    pub hooks: Option<Vec<LifecycleHook>>,
}

impl AskedShifting {
    /// What it comes to where `before` holds.
    ///
    /// # Errors
    /// `InvalidParameterException` where a value is out of its range or does not go with the strategy.
    pub fn over(self, before: &Shifting) -> Result<Shifting, Refusal> {
        let Self { strategy, bake_minutes, linear, canary, hooks } = self;
        let name = strategy.unwrap_or(before.strategy.name());
        for (given, needs, what) in [
            (linear.is_some(), StrategyName::Linear, "linearConfiguration"),
            (canary.is_some(), StrategyName::Canary, "canaryConfiguration"),
        ] {
            if given && name != needs {
                return Err(invalid(format!("{what} is only valid with the deployment strategy {}.", needs.as_str())));
            }
        }
        if name == StrategyName::Rolling {
            if bake_minutes.is_some_and(|minutes| minutes != 0) {
                return Err(Refusal::NotSimulated { what: "bake time of a rolling deployment".to_owned() });
            }
            if hooks.is_some_and(|hooks| !hooks.is_empty()) {
                return Err(Refusal::NotSimulated { what: "lifecycle hooks of a rolling deployment".to_owned() });
            }
            return Ok(Shifting::default());
        }
        let strategy = match (name, before.strategy) {
            (StrategyName::Rolling, _) => Strategy::Rolling,
            (StrategyName::BlueGreen, _) => Strategy::BlueGreen,
            (StrategyName::Linear, Strategy::Linear { step, bake_minutes }) => {
                linear_of(linear.unwrap_or_default(), (step, bake_minutes))?
            }
            (StrategyName::Linear, _) => linear_of(linear.unwrap_or_default(), (Percent(100), 6))?,
            (StrategyName::Canary, Strategy::Canary { percent, bake_minutes }) => {
                canary_of(canary.unwrap_or_default(), (percent, bake_minutes))?
            }
            (StrategyName::Canary, _) => canary_of(canary.unwrap_or_default(), (Percent(50), 10))?,
        };
        let bake_minutes = bake_minutes.or(before.bake_minutes);
        if name == StrategyName::BlueGreen && bake_minutes.is_none() {
            return Err(invalid("bakeTimeInMinutes is required with the deployment strategy BLUE_GREEN.".to_owned()));
        }
        check_minutes("bakeTimeInMinutes", bake_minutes.unwrap_or_default())?;
        let hooks = hooks.unwrap_or_else(|| before.hooks.clone());
        for hook in &hooks {
            hook.check()?;
        }
        Ok(Shifting { strategy, bake_minutes, hooks })
    }
}

fn linear_of(asked: (Option<Percent>, Option<u32>), before: (Percent, u32)) -> Result<Strategy, Refusal> {
    let (step, bake_minutes) = (asked.0.unwrap_or(before.0), asked.1.unwrap_or(before.1));
    if step < Percent(30) {
        return Err(invalid(format!("stepPercent must be a multiple of 0.1 from 3.0 to 100.0, not {step}.")));
    }
    check_minutes("stepBakeTimeInMinutes", bake_minutes)?;
    Ok(Strategy::Linear { step, bake_minutes })
}

fn canary_of(asked: (Option<Percent>, Option<u32>), before: (Percent, u32)) -> Result<Strategy, Refusal> {
    let (percent, bake_minutes) = (asked.0.unwrap_or(before.0), asked.1.unwrap_or(before.1));
    if percent < Percent(1) {
        return Err(invalid(format!("canaryPercent must be a multiple of 0.1 from 0.1 to 100.0, not {percent}.")));
    }
    check_minutes("canaryBakeTimeInMinutes", bake_minutes)?;
    Ok(Strategy::Canary { percent, bake_minutes })
}

fn check_minutes(what: &str, minutes: u32) -> Result<(), Refusal> {
    if minutes > LONGEST_BAKE {
        return Err(invalid(format!("{what} must be between 0 and {LONGEST_BAKE}, not {minutes}.")));
    }
    Ok(())
}

fn invalid(message: String) -> Refusal {
    Refusal::fault("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_with_everything_and_without_a_wait() {
        let linear = |step, bake_minutes| Strategy::Linear { step: Percent(step), bake_minutes };
        let canary = |percent, bake_minutes| Strategy::Canary { percent: Percent(percent), bake_minutes };
        for (strategy, expected) in [
            (Strategy::BlueGreen, "100"),
            (linear(100, 6), "10+6 20+6 30+6 40+6 50+6 60+6 70+6 80+6 90+6 100"),
            (linear(300, 1), "30+1 60+1 90+1 100"),
            (linear(333, 0), "33.3 66.6 99.9 100"),
            (linear(1000, 5), "100"),
            (canary(50, 10), "5+10 100"),
            (canary(1, 1440), "0.1+1440 100"),
            (canary(1000, 10), "100"),
        ] {
            let step = |(share, wait): &(Percent, u32)| match wait {
                0 => share.to_string(),
                wait => format!("{share}+{wait}"),
            };
            let steps: Vec<String> = strategy.steps().iter().map(step).collect();
            assert_eq!(steps.join(" "), expected, "{strategy:?}");
        }
    }

    #[test]
    fn percentages_are_multiples_of_a_tenth() {
        for (text, tenths) in [
            ("0", Some(0)),
            ("3.0", Some(30)),
            ("33.30", Some(333)),
            ("0.1", Some(1)),
            ("100.0", Some(1000)),
            ("100.1", None),
            ("0.05", None),
            ("-1", None),
            ("ten", None),
        ] {
            assert_eq!(text.parse().ok(), tenths.map(Percent), "{text}");
        }
    }

    #[test]
    fn ranges_and_companions_are_those_of_the_model() {
        let asked =
            |strategy| AskedShifting { strategy: Some(strategy), bake_minutes: Some(0), ..AskedShifting::default() };
        let linear = |step, bake| AskedShifting {
            linear: Some((Some(Percent(step)), Some(bake))),
            ..asked(StrategyName::Linear)
        };
        let canary = |part, bake| AskedShifting {
            canary: Some((Some(Percent(part)), Some(bake))),
            ..asked(StrategyName::Canary)
        };
        for (asked, right) in [
            (asked(StrategyName::Rolling), true),
            (asked(StrategyName::BlueGreen), true),
            (AskedShifting { bake_minutes: None, ..asked(StrategyName::BlueGreen) }, false),
            (AskedShifting { bake_minutes: None, ..asked(StrategyName::Linear) }, true),
            (AskedShifting { bake_minutes: Some(1440), ..asked(StrategyName::BlueGreen) }, true),
            (AskedShifting { bake_minutes: Some(1441), ..asked(StrategyName::BlueGreen) }, false),
            (AskedShifting { bake_minutes: Some(1), ..asked(StrategyName::Rolling) }, false),
            (linear(30, 0), true),
            (linear(29, 0), false),
            (linear(1000, 1440), true),
            (linear(100, 1441), false),
            (canary(1, 0), true),
            (canary(0, 0), false),
            (canary(1000, 1440), true),
            (canary(50, 1441), false),
            (AskedShifting { strategy: Some(StrategyName::BlueGreen), ..linear(100, 1) }, false),
            (AskedShifting { strategy: Some(StrategyName::Linear), ..canary(100, 1) }, false),
        ] {
            let what = format!("{asked:?}");
            assert_eq!(asked.over(&Shifting::default()).is_ok(), right, "{what}");
        }
        let before = canary(77, 3).over(&Shifting::default()).expect("it is right");
        let after = AskedShifting::default().over(&before).expect("nothing is asked for");
        assert_eq!(after, before, "what is not said stays");
        let default = asked(StrategyName::Linear).over(&before).expect("it is right");
        assert_eq!(default.strategy, Strategy::Linear { step: Percent(100), bake_minutes: 6 });
    }
}
