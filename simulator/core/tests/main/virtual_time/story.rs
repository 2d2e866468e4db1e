//! What happened, told so that a person or an assertion can read it.

use simulator_core::EventKind;

use super::account::{Account, START};

impl Account {
    /// The events of services and tasks since the beginning, oldest first, with seconds since the beginning.
    pub(crate) fn story(&self) -> String {
        let line = |event: &simulator_core::Event| {
            let at = event.at.since(START).as_secs_f64();
            if let EventKind::Service { message, .. } = &event.kind {
                Some(format!("{at:>8.1} {message}"))
            } else if let EventKind::Task { task, status, stop, .. } = &event.kind {
                Some(format!(
                    "{at:>8.1}   task {} {status} {}",
                    &task.to_string()[..6],
                    stop.as_ref().map_or("", |stop| stop.reason.as_str())
                ))
            } else {
                None
            }
        };
        self.world.events().iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The service's events in order, with the ids of tasks, deployments and target groups replaced by letters in the order of their
/// appearance, and without the service's name.
pub(crate) fn events(account: &Account) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut messages = Vec::new();
    for event in account.service().events.iter().rev() {
        let mut message = event.message.to_string();
        for start in ["(task ", "ecs-svc/", "(target-group "] {
            let mut from = 0;
            while let Some(at) = message[from..].find(start).map(|at| from + at + start.len()) {
                let length = message[at..].find([')', ' ', ',', '.']).unwrap_or(message.len() - at);
                let id = message[at..at + length].to_owned();
                let place = names.iter().position(|known| *known == id).unwrap_or_else(|| {
                    names.push(id);
                    names.len() - 1
                });
                let letter = char::from(b'A' + u8::try_from(place).expect("few ids"));
                message.replace_range(at..at + length, &letter.to_string());
                from = at;
            }
        }
        messages.push(message.trim_start_matches("(service news-api").to_owned());
    }
    messages
}
