//! `greenroom.toml`: one file for both halves. Each half reads its own sections; here they meet.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bootstrap::config::name::ServiceKey;
use bootstrap::config::{FurtherSection, Misplaced};
use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Deserialize;
use simulator::finding::Place;
use simulator::rehearsal::config as rehearsal;
use toml::de::DeTable;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) project: bootstrap::config::Project,
    pub(crate) service: bootstrap::config::Service,
    #[serde(default)]
    pub(crate) repository: bootstrap::config::Repository,
    /// The services beside the first.
    #[serde(default)]
    pub(crate) services: BTreeMap<ServiceKey, FurtherSection>,
    pub(crate) capacity: Option<bootstrap::config::Capacity>,
    pub(crate) ssh: Option<bootstrap::config::Ssh>,
    #[serde(default)]
    deployment: bootstrap::config::Deployment,
    /// What `[deployment]` comes to.
    #[serde(skip)]
    pub(crate) shift: Option<bootstrap::config::Shift>,
    pub(crate) host: Option<bootstrap::config::Host>,
    #[serde(default)]
    permissions: bootstrap::config::Permissions,
    /// What `[permissions]` comes to.
    #[serde(skip)]
    pub(crate) boundary: Option<bootstrap::config::Boundary>,
    #[serde(default)]
    deploy: bootstrap::config::Deploy,
    /// What `[deploy]` comes to.
    #[serde(skip)]
    pub(crate) deployer: bootstrap::config::Deployer,
    pub(crate) files: rehearsal::Files,
    pub(crate) migration: Option<rehearsal::Migration>,
    pub(crate) database: Option<rehearsal::Database>,
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, rehearsal::Secret>,
    /// Files of this project that stand for objects in S3, by the objects' ARNs.
    #[serde(default)]
    pub(crate) objects: BTreeMap<String, PathBuf>,
    #[serde(default)]
    pub(crate) stand_ins: BTreeMap<String, rehearsal::StandIn>,
}

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum ConfigError {
    #[error("cannot read `{}`: {source}", path.display())]
    #[diagnostic(help("name the project's file with `-f DIR/greenroom.toml`, or run where it is"))]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{message}")]
    Parse {
        message: String,
        #[source_code]
        file: NamedSource<String>,
        #[label("here")]
        place: Option<SourceSpan>,
        #[help]
        help: Option<String>,
    },
}

/// The file as it was read, which knows where it says what.
#[derive(Clone, Debug)]
pub(crate) struct ConfigText {
    path: PathBuf,
    text: String,
}

impl ConfigText {
    /// Where the value at `keys` stands; the file as a whole if it is not there.
    pub(crate) fn place(&self, keys: &[&str]) -> Place {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match self.offset(keys) {
            Some(offset) => Place::at_offset(&name, &self.text, offset),
            None => Place::file(name),
        }
    }

    fn offset(&self, keys: &[&str]) -> Option<usize> {
        span(&self.text, keys).map(|span| span.start)
    }

    /// That what the file says at `keys`, or in the table where that would stand, is wrong.
    pub(crate) fn mistake(&self, keys: &[&str], message: &str) -> ConfigError {
        let table = || keys.split_last().and_then(|(_, table)| span(&self.text, table));
        mistake(&self.path, &self.text, message, span(&self.text, keys).or_else(table), None)
    }
}

fn mistake(path: &Path, text: &str, message: &str, span: Option<Range<usize>>, help: Option<String>) -> ConfigError {
    ConfigError::Parse {
        message: format!("`{}`: {message}", path.display()),
        place: span.map(SourceSpan::from),
        help,
        file: NamedSource::new(path.display().to_string(), text.to_owned()),
    }
}

/// Where the value at `keys` stands in `text`.
fn span(text: &str, keys: &[&str]) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let (last, tables) = keys.split_last()?;
    let mut table = document.get_ref();
    for key in tables {
        table = table.get(*key)?.get_ref().as_table()?;
    }
    Some(table.get(*last)?.span())
}

/// Reads the file at `path`.
#[expect(clippy::result_large_err, reason = "the file is read once, and its error is shown whole")]
pub(crate) fn read(path: &Path) -> Result<(Config, ConfigText), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let parsed = parse(path, &text)?;
    Ok((parsed, ConfigText { path: path.to_owned(), text }))
}

#[expect(clippy::result_large_err, reason = "the file is read once, and its error is shown whole")]
fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let wrong = |message: &str, span: Option<Range<usize>>, help| mistake(path, text, message, span, help);
    let mut config: Config =
        toml::from_str(text).map_err(|error| wrong(error.message(), error.span(), nearest_key(error.message())))?;
    config.shift = config
        .deployment
        .shift()
        .map_err(|Misplaced { key, what }| wrong(what, span(text, &["deployment", key]), None))?;
    config.boundary = config
        .permissions
        .boundary()
        .map_err(|Misplaced { key, what }| wrong(what, span(text, &["permissions", key]), None))?;
    config.deployer =
        config.deploy.deployer().map_err(|Misplaced { key, what }| wrong(what, span(text, &["deploy", key]), None))?;
    for (key, section) in &config.services {
        section.balanced().map_err(|Misplaced { key: misplaced, what }| {
            wrong(what, span(text, &["services", key.as_str(), misplaced]), None)
        })?;
    }
    let functions: Vec<&str> =
        config.shift.iter().flat_map(|shift| &shift.hooks).map(|hook| hook.function.as_str()).collect();
    if let Some(stranger) = config.stand_ins.keys().find(|name| !functions.contains(&name.as_str())) {
        let message = format!("no hook of `[deployment]` asks a function called `{stranger}`");
        let help = nearest(stranger, functions.iter().copied()).map(|nearest| format!("did you mean `{nearest}`?"));
        return Err(wrong(&message, span(text, &["stand-ins", stranger]), help));
    }
    Ok(config)
}

/// For an unknown key or word, the known one that is written most like it.
fn nearest_key(message: &str) -> Option<String> {
    let unknown = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "))?;
    let mut quoted = unknown.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    nearest(unknown, quoted).map(|nearest| format!("did you mean `{nearest}`?"))
}

fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.max_by(|a, b| strsim::jaro(unknown, a).total_cmp(&strsim::jaro(unknown, b)))
}

#[cfg(test)]
mod tests {
    use super::nearest_key;

    #[test]
    fn the_nearest_key_is_offered() {
        let cases = [
            ("unknown field `prot`, expected one of `cluster`, `name`, `port`", Some("did you mean `port`?")),
            ("unknown field `x`, there are no fields", None),
            (
                "unknown variant `bluegreen`, expected one of `rolling`, `blue-green`, `linear`, `canary`",
                Some("did you mean `blue-green`?"),
            ),
            ("missing field `name`", None),
        ];
        for (message, help) in cases {
            assert_eq!(nearest_key(message).as_deref(), help, "{message}");
        }
    }
}
