//! Which port the app listens on, as far as its command says.

use std::collections::BTreeMap;

use super::{Subject, app};
use crate::finding::Place;
use crate::rehearsal::files::dockerfile::Command;
use crate::rehearsal::files::{Located, expand, words};

/// A word of the command that the container runs.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// The word, with the variables that are known replaced.
    pub(super) text: String,
    /// Where it stands.
    pub(super) place: Place,
}

/// The words of the command that the container runs: the task definition's where it says one, else the image's.
pub(super) fn command(subject: &Subject<'_>) -> Vec<Word> {
    let Some(container) = app::container(subject) else { return Vec::new() };
    let (task, image) = (&subject.files.task_definition, &subject.files.dockerfile);
    let environment = environment(subject);
    let word = |word: &Located<String>, place: Place| {
        let text = expand(&word.value, &|name| environment.get(name).cloned()).unwrap_or_else(|| word.value.clone());
        Word { text, place }
    };
    let of_task = |list: &[Located<String>]| -> Vec<Word> {
        // What a shell is given is one word of the list and many of the command.
        let inner = list.iter().flat_map(words);
        inner.map(|one| word(&one, task.source.place(one.spot))).collect()
    };
    let of_image = |command: &Command| -> Vec<Word> {
        let inner = command.words().into_iter().flat_map(|one| words(&one));
        inner.map(|one| word(&one, image.place(one.spot))).collect()
    };
    let mut all = Vec::new();
    match (&container.entry_point, &image.entrypoint) {
        (Some(list), _) => all.extend(of_task(list)),
        (None, Some(command)) => all.extend(of_image(command)),
        (None, None) => {}
    }
    match (&container.command, &image.command) {
        (Some(list), _) => all.extend(of_task(list)),
        // A new entry point leaves the image's command out, and so does an entry point in shell form.
        (None, Some(command))
            if container.entry_point.is_none() && !matches!(image.entrypoint, Some(Command::Shell(_))) =>
        {
            all.extend(of_image(command));
        }
        (None, Some(_) | None) => {}
    }
    all
}

/// The variables whose values are known: the image's, then the task definition's over them.
pub(super) fn environment(subject: &Subject<'_>) -> BTreeMap<String, String> {
    let image = subject.files.dockerfile.environment.iter().map(|(name, value)| (name.clone(), value.value.clone()));
    let task = app::container(subject).into_iter().flat_map(|container| &container.environment);
    image.chain(task.map(|variable| (variable.name.value.clone(), variable.value.value.clone()))).collect()
}

/// An address that the command tells the app to listen on.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// The host, if it is said.
    pub(super) host: Option<String>,
    /// The port, if it is said.
    pub(super) port: Option<u16>,
    /// Where.
    pub(super) place: Place,
}

const PORT_OPTIONS: [&str; 4] = ["--port", "-p", "--http-port", "--server.port"];
const BIND_OPTIONS: [&str; 4] = ["--bind", "-b", "--listen", "--listen-address"];
const HOST_OPTIONS: [&str; 4] = ["--host", "-h", "-H", "--hostname"];

/// The addresses that a command names, in its order.
pub(super) fn addresses(command: &[Word]) -> Vec<Address> {
    let mut found = Vec::new();
    for (index, word) in command.iter().enumerate() {
        let (option, value, place) = match word.text.split_once('=') {
            Some((option, value)) if option.starts_with('-') => (option, value, &word.place),
            _ => match command.get(index + 1) {
                Some(next) => (word.text.as_str(), next.text.as_str(), &next.place),
                None => (word.text.as_str(), "", &word.place),
            },
        };
        let (host, port) = if PORT_OPTIONS.contains(&option) {
            (None, value.parse().ok())
        } else if BIND_OPTIONS.contains(&option) {
            host_and_port(value)
        } else if HOST_OPTIONS.contains(&option) {
            (Some(value.to_owned()).filter(|host| !host.is_empty() && !host.starts_with('-')), None)
        } else if index > 0 && command[index - 1].text == "runserver" {
            let (host, port) = host_and_port(&word.text);
            found.extend(port.is_some().then(|| Address { host, port, place: word.place.clone() }));
            continue;
        } else {
            continue;
        };
        if host.is_some() || port.is_some() {
            found.push(Address { host, port, place: place.clone() });
        }
    }
    found
}

/// `0.0.0.0:8000`, `:8000`, `[::]:8000` or `8000`.
fn host_and_port(text: &str) -> (Option<String>, Option<u16>) {
    match text.rsplit_once(':') {
        Some((host, port)) => (Some(host.to_owned()).filter(|host| !host.is_empty()), port.parse().ok()),
        None => (None, text.parse().ok()),
    }
}

/// The ports that a text asks on this container itself: `http://localhost:8000/…`, `127.0.0.1:8000`. A URL without a port has its
/// scheme's. Each with the number of characters before it.
pub(super) fn asked(text: &str) -> Vec<(usize, u16)> {
    let mut found = Vec::new();
    for host in ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"] {
        for (at, _) in text.match_indices(host) {
            let (before, after) = (&text[..at], &text[at + host.len()..]);
            let column = before.chars().count();
            let digits: String =
                after.strip_prefix(':').unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
            if let Ok(port) = digits.parse() {
                found.push((column + host.chars().count() + 1, port));
            } else if before.ends_with("http://") {
                found.push((column, 80));
            } else if before.ends_with("https://") {
                found.push((column, 443));
            }
        }
    }
    found.sort_unstable();
    found
}
