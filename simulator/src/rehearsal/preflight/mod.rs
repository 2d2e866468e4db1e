//! What the files contradict each other in, found before anything is started.
//!
//! One rule per file, and a table of the rules. A rule looks at values and returns findings; it neither reads files nor asks anybody.
//! Errors refute the deploy, so a rule makes one only of what must fail; what may be meant is a warning.

mod app;
mod listening;

mod build_in_window;
mod compose_dependencies;
mod compose_name;
mod database_health;
mod database_start;
mod database_url;
mod dependencies;
mod disk;
mod docker_group;
mod host_key;
mod kept_images;
mod key_file;
mod loopback;
mod migration_heads;
mod migrations_changed;
mod moving_tag;
mod nginx_certificates;
mod nginx_names;
mod ports;
mod registry_login;
pub(super) mod secrets;
mod shell_form;
mod sudo_environment;
mod unnoticed;
mod variables;
mod workers;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::files::{Files, Located, Source};
use crate::database::Engine;
use crate::finding::{Code, Finding, Place};

/// What preflight looks at: the user's files, and what `greenroom.toml` says of the service.
#[derive(Clone, Debug)]
pub struct Subject<'files> {
    /// The user's files.
    pub files: &'files Files,
    /// The container behind the load balancer.
    pub container: String,
    /// The port of it that the load balancer asks.
    pub port: u16,
    /// Where `greenroom.toml` says that port.
    pub port_place: Place,
    /// The migration's command.
    pub migration_command: Vec<String>,
    /// The migrations in SQL of what runs now.
    pub sql_migrations_before: &'files [Source],
    /// The engine that the rehearsal uses.
    pub engine: Engine,
    /// How the database's URL is written for that engine, with `{user}` and so on in it.
    pub database_url: String,
    /// Where `greenroom.toml` says so.
    pub database_url_place: Place,
    /// The names of the secrets that the rehearsal makes.
    pub secrets: Vec<String>,
    /// The JSON keys of those among them whose values are JSON objects.
    pub secret_keys: BTreeMap<String, Vec<String>>,
}

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The codes that it can find.
    pub codes: &'static [Code],
    /// What it looks for, in a few words.
    pub title: &'static str,
    /// The rule itself.
    pub check: fn(&Subject<'_>) -> Vec<Finding>,
}

/// Every rule.
pub const RULES: [Rule; 26] = [
    Rule { codes: &[Code::H05], title: "every place names the same port", check: ports::check },
    Rule { codes: &[Code::H04], title: "the app listens on more than 127.0.0.1", check: loopback::check },
    Rule { codes: &[Code::C01], title: "the task definition sets what the app's files name", check: variables::check },
    Rule { codes: &[Code::C03], title: "every secret can be resolved", check: secrets::check },
    Rule { codes: &[Code::C02], title: "database URLs can work where they are used", check: database_url::check },
    Rule { codes: &[Code::H10], title: "containers wait for what can happen", check: dependencies::check },
    Rule { codes: &[Code::H07], title: "signals reach the app", check: shell_form::check },
    Rule { codes: &[Code::M01, Code::M02], title: "the migrations have one head", check: migration_heads::check },
    Rule { codes: &[Code::M04], title: "applied migrations stay as they were", check: migrations_changed::check },
    Rule {
        codes: &[Code::R01, Code::R02, Code::R03, Code::R04],
        title: "the database is called healthy when it is",
        check: database_health::check,
    },
    Rule {
        codes: &[Code::R05, Code::R06],
        title: "the database starts with what its tag stands for",
        check: database_start::check,
    },
    Rule { codes: &[Code::H08], title: "the pipeline learns what becomes of its deploy", check: unnoticed::check },
    Rule { codes: &[Code::G04], title: "each release has a tag of its own", check: moving_tag::check },
    Rule { codes: &[Code::G01], title: "who reaches ECR has logged in", check: registry_login::check },
    Rule { codes: &[Code::G05], title: "what a rollback would start is kept", check: kept_images::check },
    Rule { codes: &[Code::R07], title: "services wait for what can happen", check: compose_dependencies::check },
    Rule { codes: &[Code::N01, Code::N03], title: "nginx finds the services that it names", check: nginx_names::check },
    Rule {
        codes: &[Code::N02],
        title: "nginx's certificates are there when it starts",
        check: nginx_certificates::check,
    },
    Rule { codes: &[Code::S01], title: "a key reaches its file as it is", check: key_file::check },
    Rule { codes: &[Code::S02], title: "a runner knows the hosts that it deploys to", check: host_key::check },
    Rule { codes: &[Code::S03], title: "a user of Docker is one when it is used", check: docker_group::check },
    Rule { codes: &[Code::S04], title: "Compose is called as the runner has it", check: compose_name::check },
    Rule { codes: &[Code::S05], title: "variables reach what sudo runs", check: sudo_environment::check },
    Rule { codes: &[Code::X10], title: "workers wait for the migration", check: workers::check },
    Rule { codes: &[Code::X11], title: "nothing is built between migration and deploy", check: build_in_window::check },
    Rule { codes: &[Code::G06], title: "hosts get rid of old images", check: disk::check },
];

/// A health check of the app itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppHealthCheck {
    /// Where it stands.
    pub place: Place,
    /// Its words, `CMD` or `CMD-SHELL` first.
    pub words: Vec<String>,
    /// The key that has them there.
    key: &'static str,
}

impl AppHealthCheck {
    /// `words` as they are written there.
    #[must_use]
    pub fn line(&self, words: &[String]) -> String {
        let shown = serde_json::json!(words);
        if self.key == "test" {
            // Compose takes one dollar sign for its own.
            format!("test: {}", shown.to_string().replace('$', "$$"))
        } else {
            format!("\"{}\": {shown}", self.key)
        }
    }
}

/// The health checks of the app: the task definition's and the compose file's.
#[must_use]
pub fn health_checks(subject: &Subject<'_>) -> Vec<AppHealthCheck> {
    let check = |source: &Source, words: &[Located<String>], spot, key| {
        // The place of the last word, as what is asked stands there.
        let place = source.place(words.last().map_or(spot, |word| word.spot));
        AppHealthCheck { place, words: words.iter().map(|word| word.value.replace("$$", "$")).collect(), key }
    };
    let task = &subject.files.task_definition.source;
    let of_task = app::container(subject).and_then(|container| container.health_check.as_ref());
    let of_task = of_task.map(|own| AppHealthCheck {
        words: own.command.iter().map(|word| word.value.clone()).collect(),
        ..check(task, &own.command, own.spot, "command")
    });
    let of_compose = subject.files.compose.as_ref().and_then(|compose| {
        let own = app::service(subject)?.health_check.as_ref().filter(|own| !own.is_disabled)?;
        Some(check(&compose.source, &own.test, own.spot, "test"))
    });
    of_task.into_iter().chain(of_compose).collect()
}

/// Runs every rule. The findings come worst first; preflight passes if the first is no error.
#[must_use]
pub fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.check)(subject)).collect();
    findings.sort_by(Finding::worst_first);
    // Jobs may share a step by a YAML alias.
    findings.dedup();
    findings
}
