//! The keys of a script, and the behaviours that they stand for.

use std::collections::BTreeMap;

use serde::Deserialize;
use simulator_core::virtual_time::{Behaviour, Image, OutOfMemory, Script, Variation};
use toml::Spanned;

use super::duration::{Moment, Span};
use super::error::Wrong;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    /// Where the straying of durations comes from.
    #[serde(default)]
    seed: u64,
    /// By how many percent durations stray at most.
    variation: Option<Spanned<u8>>,
    /// Behaviours by image, as task definitions write it.
    #[serde(default)]
    images: BTreeMap<String, Spanned<Vec<Spanned<Entry>>>>,
    /// Behaviours by the container's name.
    #[serde(default)]
    containers: BTreeMap<String, Spanned<Vec<Spanned<Entry>>>>,
}

/// One behaviour. What is not said is as in [`Behaviour::healthy`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    /// How long the image takes to come; `never` for one that never does.
    pulls_in: Option<Spanned<Moment>>,
    /// The registry's words, where it refuses the image.
    pull_refused: Option<String>,
    /// From the wish to start it to its running.
    starts_in: Option<Span>,
    /// The engine's words, where it cannot start it.
    cannot_start: Option<String>,
    /// From when its health command passes and it serves, unless one of the next two says otherwise.
    up_after: Option<Moment>,
    /// From when its health command passes.
    healthy_after: Option<Moment>,
    /// From when it answers requests.
    serves_after: Option<Moment>,
    /// From when its health command fails again and it refuses requests.
    sick_after: Option<Moment>,
    /// From when it answers nothing.
    hangs_after: Option<Moment>,
    /// When, and for how long, it answers requests with 503.
    unready: Option<Unready>,
    /// It ends by itself.
    exits: Option<Exits>,
    /// The kernel kills it for its memory.
    out_of_memory: Option<Exhausted>,
    /// The most memory that it uses, in MiB.
    peak_memory: Option<u32>,
    /// How long it takes to stop on SIGTERM; `never` for one that ignores it.
    stops_in: Option<Moment>,
    /// Its exit code when it stops on SIGTERM.
    stop_code: Option<i32>,
    /// How long its health command and its answers take.
    answers_in: Option<Span>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Unready {
    after: Span,
    lasts: Span,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Exits {
    after: Span,
    #[serde(default)]
    code: i32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Exhausted {
    after: Span,
    #[serde(default)]
    under_load: bool,
}

/// The script in `text`.
pub(super) fn parse(text: &str) -> Result<Script, Wrong> {
    let File { seed, variation, images, containers } = toml::from_str(text)?;
    let mut script = Script::default();
    if let Some(percent) = variation {
        let at = percent.span();
        let percent = percent.into_inner();
        if percent > 100 {
            return Err(Wrong::new(format!("`{percent}` is more than 100 percent"), at));
        }
        script.vary(Variation { percent, seed });
    }
    for (image, entries) in images {
        script.image(&image, behaviours(entries)?);
    }
    for (name, entries) in containers {
        script.container(&name, behaviours(entries)?);
    }
    Ok(script)
}

fn behaviours(entries: Spanned<Vec<Spanned<Entry>>>) -> Result<Vec<Behaviour>, Wrong> {
    let at = entries.span();
    let entries = entries.into_inner();
    if entries.is_empty() {
        return Err(Wrong::new("there is no behaviour here: write one, or leave the key out", at));
    }
    entries.into_iter().map(|entry| entry.into_inner().behaviour()).collect()
}

impl Entry {
    fn behaviour(self) -> Result<Behaviour, Wrong> {
        let usual = Behaviour::healthy();
        let image = match (self.pulls_in, self.pull_refused) {
            (None, None) => usual.image,
            (Some(pulls_in), None) => pulls_in.into_inner().duration().map_or(Image::Hangs, Image::Pulls),
            (None, Some(words)) => Image::Refused(words),
            (Some(pulls_in), Some(_)) => {
                return Err(Wrong::new(
                    "an image that is refused is not pulled: keep one of the two keys",
                    pulls_in.span(),
                ));
            }
        };
        let moment = |said: Option<Moment>, usual| said.map_or(usual, Moment::duration);
        let up = moment(self.up_after, usual.serves);
        Ok(Behaviour {
            image,
            starts_in: self.starts_in.map_or(usual.starts_in, |Span(takes)| takes),
            cannot_start: self.cannot_start,
            exits: self.exits.map(|Exits { after: Span(after), code }| (after, code)),
            out_of_memory: self
                .out_of_memory
                .map(|Exhausted { after: Span(after), under_load }| OutOfMemory { after, under_load }),
            peak_memory: self.peak_memory,
            healthy: moment(self.healthy_after, up),
            serves: moment(self.serves_after, up),
            sick: moment(self.sick_after, None),
            hangs: moment(self.hangs_after, None),
            unready: self.unready.map(|Unready { after: Span(after), lasts: Span(lasts) }| (after, lasts)),
            stops_in: moment(self.stops_in, usual.stops_in),
            stop_code: self.stop_code.unwrap_or(usual.stop_code),
            answers_in: self.answers_in.map_or(usual.answers_in, |Span(takes)| takes),
        })
    }
}
