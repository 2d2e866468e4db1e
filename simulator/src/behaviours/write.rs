//! From behaviours to a script's file, so that what was measured once can be played again.

use std::time::Duration;

use super::duration;
use simulator_core::virtual_time::{Behaviour, Image, OutOfMemory};
use toml::{Table, Value};

/// A script in which the containers of each name behave so, one after the other.
#[must_use]
pub fn write<'a>(containers: impl IntoIterator<Item = (&'a str, &'a [Behaviour])>) -> String {
    let mut names = Table::new();
    for (name, behaviours) in containers {
        let entries = behaviours.iter().map(|behaviour| Value::Table(entry(behaviour))).collect();
        names.insert(name.to_owned(), Value::Array(entries));
    }
    let mut file = Table::new();
    file.insert("containers".to_owned(), Value::Table(names));
    file.to_string()
}

fn entry(behaviour: &Behaviour) -> Table {
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
    let mut entry = Table::new();
    let mut say = |key: &str, value: Value| entry.insert(key.to_owned(), value);
    match image {
        Image::Pulls(takes) => say("pulls-in", span(*takes)),
        Image::Refused(words) => say("pull-refused", Value::String(words.clone())),
        Image::Hangs => say("pulls-in", Value::String("never".to_owned())),
    };
    say("starts-in", span(*starts_in));
    if let Some(words) = cannot_start {
        say("cannot-start", Value::String(words.clone()));
    }
    say("healthy-after", moment(*healthy));
    say("serves-after", moment(*serves));
    if let Some((after, code)) = exits {
        let exits = [("after", span(*after)), ("code", Value::Integer((*code).into()))];
        say("exits", table(exits));
    }
    if let Some(OutOfMemory { after, under_load }) = out_of_memory {
        say("out-of-memory", table([("after", span(*after)), ("under-load", Value::Boolean(*under_load))]));
    }
    if let Some(mebibytes) = peak_memory {
        say("peak-memory", Value::Integer((*mebibytes).into()));
    }
    if sick.is_some() {
        say("sick-after", moment(*sick));
    }
    if hangs.is_some() {
        say("hangs-after", moment(*hangs));
    }
    if let Some((from, lasts)) = unready {
        say("unready", table([("after", span(*from)), ("lasts", span(*lasts))]));
    }
    say("stops-in", moment(*stops_in));
    say("stop-code", Value::Integer((*stop_code).into()));
    say("answers-in", span(*answers_in));
    entry
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn moment(moment: Option<Duration>) -> Value {
    moment.map_or_else(|| Value::String("never".to_owned()), span)
}

fn span(duration: Duration) -> Value {
    Value::String(duration::written(duration))
}

#[cfg(test)]
mod tests {
    use simulator_core::virtual_time::Script;

    use super::*;
    use crate::behaviours::parse;

    /// Whatever is written is read back as the same script.
    #[test]
    fn what_is_written_is_read_back() {
        let second = Duration::from_secs(1);
        let cases = [
            Behaviour::healthy(),
            Behaviour::unhealthy(),
            Behaviour::exiting(second * 60, 3),
            Behaviour::refused("manifest \"x\" unknown"),
            Behaviour::cannot_start("no such file"),
            Behaviour { image: Image::Hangs, ..Behaviour::out_of_memory(second * 7) },
            Behaviour {
                out_of_memory: Some(OutOfMemory { after: second, under_load: true }),
                peak_memory: Some(300),
                sick: Some(second * 90),
                hangs: Some(second * 100),
                unready: Some((second * 20, second * 5)),
                stops_in: None,
                stop_code: 143,
                answers_in: Duration::from_millis(1_234),
                ..Behaviour::healthy_after(Duration::from_millis(41_001))
            },
        ];
        let mut expected = Script::default();
        expected.container("app.1", cases.to_vec());
        let text = write([("app.1", cases.as_slice())]);
        assert_eq!(parse("behaviours.toml", &text).expect("it can be read"), expected, "{text}");
    }
}
