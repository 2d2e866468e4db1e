//! What a service has mounted, and from where.

use std::collections::BTreeSet;

use super::super::fields::scalar;
use super::super::{FileError, expand};
use super::{Located, Node, Source, Value};

/// A volume or a folder inside a service's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub origin: Origin,
    /// Where inside the container.
    pub target: Located<String>,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A volume with this name.
    Volume(String),
    /// A file or folder of the host, as it is written: a relative one counts from the compose file's directory.
    Path(String),
    /// A volume without a name, or a file system in memory.
    Nameless,
}

impl Origin {
    /// The path of the host, if it counts from the compose file's directory.
    #[must_use]
    pub fn relative(&self) -> Option<&str> {
        match self {
            Self::Path(path) if path.starts_with('.') => Some(path),
            Self::Path(_) | Self::Volume(_) | Self::Nameless => None,
        }
    }

    fn of(written: &str) -> Self {
        // The short form takes for a path what begins like one; the rest are volumes' names (Compose's reference, `volumes`).
        if written.starts_with(['.', '/', '~', '$']) {
            Self::Path(written.to_owned())
        } else {
            Self::Volume(written.to_owned())
        }
    }
}

impl Mount {
    /// What a path of the container is inside of what is mounted; `None` if it is outside.
    #[must_use]
    pub fn inside<'path>(&self, path: &'path str) -> Option<&'path str> {
        let rest = path.strip_prefix(self.target.value.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
    }

    /// Reads `data:/data`, `./data:/data:ro`, `/data` or `{source: data, target: /data}`.
    pub(super) fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let known = |text: String| expand(&text, &|_| None).unwrap_or(text);
        if let Some(target) = node.get("target") {
            let is_bind = node.get("type").is_some_and(|kind| kind.value == Value::Text("bind".to_owned()));
            let origin = match node.get("source") {
                None => Origin::Nameless,
                Some(origin) => match known(scalar(source, origin, "source")?.value) {
                    path if is_bind => Origin::Path(path),
                    name => Origin::of(&name),
                },
            };
            return Ok(Self { origin, target: scalar(source, target, "target")? });
        }
        let written = scalar(source, node, "volumes")?;
        let expanded = known(written.value);
        let (origin, target) = match expanded.split_once(':') {
            Some((origin, rest)) => (Origin::of(origin), rest.split(':').next().unwrap_or_default()),
            None => (Origin::Nameless, expanded.as_str()),
        };
        Ok(Self { origin, target: Located { value: target.to_owned(), spot: written.spot } })
    }
}

/// The names under `volumes` of those that somebody else makes or fills: they are external, or have a driver of their own.
pub(super) fn foreign(volumes: Option<&Node>) -> BTreeSet<String> {
    let Some(Value::Map(entries)) = volumes.map(|volumes| &volumes.value) else { return BTreeSet::new() };
    let is_foreign = |node: &Node| ["external", "driver", "driver_opts"].iter().any(|key| node.get(key).is_some());
    entries.iter().filter(|(_, node)| is_foreign(node)).map(|(key, _)| key.text.clone()).collect()
}
