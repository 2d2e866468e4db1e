//! The repository's files, read.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::rehearsal::files::{Compose, Dockerfile, FileError, Source, TaskDefinition, Workflow};

/// What `greenroom init` looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The name of its directory.
    pub name: String,
    /// Its GitHub workflows, by name.
    pub workflows: Vec<Workflow>,
    /// Its compose files, the one that Compose itself would take first.
    pub composes: Vec<Compose>,
    /// Its Dockerfiles, that of the uppermost directory first.
    pub dockerfiles: Vec<Dockerfile>,
    /// Its task definitions, by name.
    pub task_definitions: Vec<TaskDefinition>,
    /// Shell scripts that an image may start with.
    pub scripts: Vec<Source>,
    /// Whether it has a file of that name at its root.
    pub smoke: bool,
    /// Whether it has a file of that name at its root.
    pub security_groups: bool,
    /// Files that look like one of these and cannot be read, and why.
    pub unread: Vec<String>,
}

/// Directories that hold what others wrote.
const FOREIGN: [&str; 8] =
    ["node_modules", "vendor", "target", "dist", "build", "venv", "site-packages", "__pycache__"];

/// How many directories deep files are looked for. Workflows stand at a depth of two.
const DEPTH: usize = 3;

/// Larger files are no configuration, in bytes.
const LARGEST: u64 = 256 * 1024;

/// The order in which Compose looks for its file (compose-go `cli.DefaultFileNames`).
const COMPOSE_NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

impl Repository {
    /// Reads the files of `directory` that tell how its app is built and deployed. What cannot be understood is left out and named.
    ///
    /// # Errors
    /// If the directory cannot be listed.
    pub fn read(directory: &Path) -> io::Result<Self> {
        let mut names = Vec::new();
        list(directory, Path::new(""), 0, &mut names)?;
        let name = std::path::absolute(directory)?;
        let mut repository =
            Self { name: name.file_name().unwrap_or_default().to_string_lossy().into_owned(), ..Self::default() };
        for name in names {
            repository.add(directory, &name);
        }
        let place = |name: &str| {
            let depth = name.matches('/').count();
            (depth, COMPOSE_NAMES.iter().position(|known| *known == name).unwrap_or(COMPOSE_NAMES.len()))
        };
        repository.composes.sort_by_key(|compose| place(&compose.source.name));
        repository.dockerfiles.sort_by_key(|file| (file.source.name.matches('/').count(), file.source.name.len()));
        Ok(repository)
    }

    fn add(&mut self, directory: &Path, name: &str) {
        let (parent, file) = name.rsplit_once('/').unwrap_or(("", name));
        let is_yaml = file.ends_with(".yml") || file.ends_with(".yaml");
        let read = || Source::read(directory, name);
        if parent == ".github/workflows" && is_yaml {
            let parsed = read().and_then(Workflow::parse);
            keep(parsed, &mut self.workflows, &mut self.unread);
        } else if is_yaml && (file.starts_with("compose.") || file.starts_with("docker-compose")) {
            let parsed = read().and_then(Compose::parse);
            keep(parsed, &mut self.composes, &mut self.unread);
        } else if file == "Dockerfile" || file.starts_with("Dockerfile.") || file.ends_with(".Dockerfile") {
            let parsed = read().and_then(|source| Dockerfile::parse(&source));
            keep(parsed, &mut self.dockerfiles, &mut self.unread);
        } else if name == "smoke.json" {
            self.smoke = true;
        } else if name == "security-groups.json" {
            self.security_groups = true;
        } else if file.ends_with(".json") {
            // Any JSON file may be one; what cannot be read as one is none.
            let source = read().ok().filter(|source| source.text.contains("\"containerDefinitions\""));
            if let Some(source) = source {
                keep(TaskDefinition::parse(source), &mut self.task_definitions, &mut self.unread);
            }
        } else if file.ends_with(".sh") || file.contains("entrypoint") {
            self.scripts.extend(read().ok().filter(|source| source.text.starts_with("#!")));
        }
    }
}

fn keep<T>(parsed: Result<T, FileError>, kept: &mut Vec<T>, unread: &mut Vec<String>) {
    match parsed {
        Ok(file) => kept.push(file),
        Err(error) => unread.push(format!("{error}; {}", error.help())),
    }
}

/// The names of the files below `within`, in order. Hidden directories are left out but for those that hold workflows and task definitions.
fn list(root: &Path, within: &Path, depth: usize, names: &mut Vec<String>) -> io::Result<()> {
    let entries: BTreeSet<PathBuf> =
        root.join(within).read_dir()?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    for path in entries {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let below = within.join(name);
        let Ok(about) = path.symlink_metadata() else { continue };
        if about.is_file() && about.len() <= LARGEST {
            names.push(below.to_string_lossy().into_owned());
        } else if about.is_dir() && depth < DEPTH && !FOREIGN.contains(&name) {
            let is_hidden = name.starts_with('.') && ![".github", ".aws", ".ecs"].contains(&name);
            if !is_hidden {
                // A directory that may not be listed has nothing to say.
                list(root, &below, depth + 1, names).ok();
            }
        }
    }
    Ok(())
}
