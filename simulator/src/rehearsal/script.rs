//! What is to be rehearsed: data, read and checked before anything starts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use simulator_core::{Region, Timing};

use super::config;
use crate::database::Engine;
use crate::fault::Fault;
use crate::finding::Place;

/// One version of the app.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the user calls it.
    pub label: String,
    /// Where its files are. For an image, those of the work tree stand in.
    pub directory: PathBuf,
    /// What it is.
    pub origin: Origin,
}

/// What a version of the app is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Exactly one commit.
    Commit {
        /// Its full id.
        commit: String,
    },
    /// Files as they are now.
    WorkTree {
        /// The commit that they were changed from, if any.
        commit: Option<String>,
    },
    /// An image that exists already; nothing is built.
    Image {
        /// Its reference.
        reference: String,
    },
}

impl Source {
    /// The image's tag in the repository: the commit for exactly one commit, else something that names the content
    /// (`content`: hexadecimal digits of its digest).
    #[must_use]
    pub fn tag(&self, content: &str) -> String {
        let content: String = content.chars().take(12).collect();
        match &self.origin {
            Origin::Commit { commit } => commit.clone(),
            Origin::WorkTree { commit: Some(commit) } => {
                let commit: String = commit.chars().take(12).collect();
                format!("{commit}-dirty-{content}")
            }
            Origin::WorkTree { commit: None } | Origin::Image { .. } => format!("content-{content}"),
        }
    }
}

/// The service that the deploy is about.
#[derive(Clone, Debug)]
pub struct ServiceUnderTest {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub name: String,
    /// The container behind the load balancer.
    pub container: String,
    /// Its port.
    pub port: u16,
    /// Where greenroom.toml says so.
    pub port_place: Place,
    /// How many tasks it has.
    pub desired_count: u32,
    /// The ECR repository.
    pub repository: String,
}

/// A service of the project's that is not deployed in a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherService {
    /// Its name.
    pub name: String,
    /// How many tasks a deploy would keep running.
    pub desired_count: u32,
    /// The family of its task definition.
    pub family: String,
    /// The ECR repository of its image.
    pub repository: String,
}

/// A rehearsal's script.
#[derive(Clone, Debug)]
pub struct Script {
    /// The project's name.
    pub project: String,
    /// The Region that is simulated.
    pub region: Region,
    /// What runs now.
    pub from: Source,
    /// What would be deployed.
    pub to: Source,
    /// The user's files.
    pub files: config::Files,
    /// The service.
    pub service: ServiceUnderTest,
    /// The project's other services, which are made and not deployed.
    pub others: Vec<OtherService>,
    /// How the schema is brought up to date; none where the app has no migrations.
    pub migration: Option<config::Migration>,
    /// The database; none where the app has none.
    pub database: Option<(config::Database, Engine)>,
    /// Where greenroom.toml says how that engine's URL is written.
    pub database_url_place: Place,
    /// Other secrets.
    pub secrets: BTreeMap<String, config::Secret>,
    /// Files, relative to a version's directory, that stand for objects in S3, by the objects' ARNs.
    pub objects: BTreeMap<String, PathBuf>,
    /// What answers in place of the functions that lifecycle hooks ask, by the function's name, and where greenroom.toml says so.
    pub stand_ins: BTreeMap<String, (config::StandIn, Place)>,
    /// AWS's delays.
    pub timing: Timing,
    /// The load balancer's port on loopback; any free one if absent.
    pub port: Option<u16>,
    /// What is to go wrong during the rollout, beside what goes wrong by itself.
    pub faults: Vec<Fault>,
    /// Whether stages go on after one is refuted.
    pub keep_going: bool,
    /// Whether containers are left running at the end.
    pub keep: bool,
}

impl Script {
    /// The names of the secrets that a rehearsal makes up.
    pub(crate) fn secret_names(&self) -> Vec<String> {
        let database = self.database.as_ref().map(|(database, _)| database.secret.clone());
        database.into_iter().chain(self.secrets.keys().cloned()).collect()
    }

    /// The JSON keys that the secrets have whose values are JSON objects, by the secrets' names.
    pub(crate) fn secret_keys(&self) -> BTreeMap<String, Vec<String>> {
        let of_database = self.database.as_ref().and_then(|(database, engine)| {
            let shape: serde_json::Value = serde_json::from_str(database.url.shape(*engine)?).ok()?;
            Some((database.secret.clone(), shape.as_object()?.keys().cloned().collect()))
        });
        let others = self.secrets.iter().map(|(name, secret)| (name.clone(), secret.keys.clone()));
        of_database.into_iter().chain(others).filter(|(_, keys): &(_, Vec<String>)| !keys.is_empty()).collect()
    }

    /// What the password of the database's user has in it besides letters and digits.
    pub(crate) fn password_characters(&self) -> &str {
        self.database.as_ref().map(|(database, _)| database.password_characters.as_str()).unwrap_or_default()
    }

    /// What of the project a rehearsal leaves out, a sentence each.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let left_out = self.others.iter().map(|OtherService { name, desired_count, family: _, repository }| {
            let tasks = if *desired_count == 1 { "1 task".to_owned() } else { format!("{desired_count} tasks") };
            format!(
                "service `{name}` ({tasks} of `{repository}`) is not shown: a rehearsal deploys the service of `[service]` alone, and starts \
                 no task of another"
            )
        });
        left_out.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Origin, Source};

    #[test]
    fn a_tag_names_exactly_what_is_in_the_image() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let cases = [
            (Origin::Commit { commit: commit.to_owned() }, commit),
            (Origin::WorkTree { commit: Some(commit.to_owned()) }, "0123456789ab-dirty-fedcba987654"),
            (Origin::WorkTree { commit: None }, "content-fedcba987654"),
        ];
        for (origin, tag) in cases {
            let source = Source { label: String::new(), directory: PathBuf::new(), origin };
            assert_eq!(source.tag("fedcba9876543210"), tag);
        }
    }
}
