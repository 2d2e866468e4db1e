//! The nginx that stands before the app in the compose file, and its configuration as far as it is in the repository.
//!
//! Deliberately absent: the directives' meaning, `include` (a file that is mounted where nginx's own configuration looks for it is taken to
//! be included), and configuration that an image brings.

mod syntax;

use std::collections::BTreeSet;
use std::path::{Component, Path};

use super::compose::{Compose, Mount, Service};
use super::{Source, file_names};
pub use syntax::Directive;

/// Where nginx has its configuration, from which relative paths in it count.
const PREFIX: &str = "/etc/nginx";

/// The folders there whose files are included, by the image's own configuration or by whoever mounts the whole folder.
const INCLUDED: [&str; 4] = ["conf.d", "templates", "sites-enabled", "http.d"];

/// An nginx of the compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nginx {
    /// The service's name.
    pub service: String,
    /// Its configuration, as far as files of the repository are mounted.
    pub files: Vec<Configuration>,
    /// The certificates that it names, by their paths in the container, which are in a mounted folder of the repository, or which
    /// `.gitignore` keeps out of it for somebody to put there.
    pub present: BTreeSet<String>,
    /// Whether a script of the repository speaks of making certificates.
    pub has_certificate_script: bool,
}

/// A file of nginx's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The file.
    pub source: Source,
    /// What stands in it.
    pub directives: Vec<Directive>,
}

impl Configuration {
    /// Reads a file. What nginx would refuse is left out.
    #[must_use]
    pub fn parse(source: Source) -> Self {
        Self { directives: syntax::parse(&source.text), source }
    }

    /// Every directive, in the file's order, and the one in whose block it stands.
    #[must_use]
    pub fn each(&self) -> Vec<(Option<&Directive>, &Directive)> {
        let mut found = Vec::new();
        collect(None, &self.directives, &mut found);
        found
    }
}

fn collect<'a>(
    within: Option<&'a Directive>,
    directives: &'a [Directive],
    found: &mut Vec<(Option<&'a Directive>, &'a Directive)>,
) {
    for directive in directives {
        found.push((within, directive));
        collect(Some(directive), &directive.block, found);
    }
}

/// Whether a service's image is nginx's own.
#[must_use]
pub fn is_nginx(service: &Service) -> bool {
    let name = |image: &str| image.rsplit('/').next()?.split([':', '@']).next().map(str::to_owned);
    let name = service.image.as_ref().and_then(|image| name(&image.value));
    name.is_some_and(|name| ["nginx", "nginx-unprivileged"].contains(&name.as_str()))
}

/// A path of nginx's configuration as nginx takes it.
#[must_use]
pub fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{PREFIX}/{path}") }
}

/// The mount of a service in which a path of the container lies.
#[must_use]
pub fn mount_of<'a>(service: &'a Service, path: &str) -> Option<&'a Mount> {
    let around = service.mounts.iter().filter(|mount| mount.inside(path).is_some());
    around.max_by_key(|mount| mount.target.value.trim_end_matches('/').len())
}

/// The services that are nginx and have configuration in the repository of `directory`. What cannot be read is left out.
pub(super) fn read(directory: &Path, compose: &Compose) -> Vec<Nginx> {
    let found = compose.services.iter().filter(|service| is_nginx(service)).filter_map(|service| {
        let files = service.mounts.iter().flat_map(|mount| mounted(directory, compose, mount));
        let files: Vec<Configuration> = files.map(Configuration::parse).collect();
        if files.is_empty() {
            return None;
        }
        Some(Nginx {
            service: service.name.value.clone(),
            present: present(directory, compose, service, &files),
            has_certificate_script: has_certificate_script(directory),
            files,
        })
    });
    found.collect()
}

/// The files of the repository that a mount puts where nginx has its configuration.
fn mounted(directory: &Path, compose: &Compose, mount: &Mount) -> Vec<Source> {
    let target = mount.target.value.trim_end_matches('/');
    let Some(path) = in_repository(compose, mount, "") else { return Vec::new() };
    if !(target == PREFIX || target.starts_with(&format!("{PREFIX}/"))) {
        return Vec::new();
    }
    let is_configuration = |name: &String| name.ends_with(".conf") || name.ends_with(".template");
    let within = |folder: &str| {
        let names = file_names(&directory.join(folder)).into_iter().filter(is_configuration);
        names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    let names = if directory.join(&path).is_file() {
        if is_configuration(&target.to_owned()) { vec![path] } else { Vec::new() }
    } else {
        let folders = INCLUDED.iter().filter(|_| target == PREFIX).map(|folder| format!("{path}/{folder}"));
        within(&path).into_iter().chain(folders.flat_map(|folder| within(&folder))).collect()
    };
    names.iter().filter_map(|name| Source::read(directory, name).ok()).collect()
}

/// The path, relative to the repository, of what lies at `inside` of a mount; `None` if it is not in the repository.
fn in_repository(compose: &Compose, mount: &Mount, inside: &str) -> Option<String> {
    let base = Path::new(&compose.source.name).parent().unwrap_or(Path::new(""));
    let path = base.join(mount.origin.relative()?).join(inside);
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

fn present(directory: &Path, compose: &Compose, service: &Service, files: &[Configuration]) -> BTreeSet<String> {
    let ignored = std::fs::read_to_string(directory.join(".gitignore")).unwrap_or_default();
    let is_there = |path: &String| {
        let Some(mount) = mount_of(service, path) else { return false };
        let Some(file) = mount.inside(path).and_then(|inside| in_repository(compose, mount, inside)) else {
            return false;
        };
        directory.join(&file).exists() || is_ignored(&ignored, &file)
    };
    let named = files.iter().flat_map(Configuration::each).filter(|(_, it)| it.name.value == "ssl_certificate");
    named.filter_map(|(_, it)| Some(absolute(&it.argument()?.value))).filter(is_there).collect()
}

/// Whether a line of `.gitignore` names a part of a file's path, or its ending.
fn is_ignored(ignored: &str, file: &str) -> bool {
    ignored.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!'])).any(|line| {
        let pattern = line.trim_matches(['/', '*']);
        match line.strip_prefix('*') {
            Some(ending) if ending.starts_with('.') => file.ends_with(ending),
            _ => format!("/{file}/").contains(&format!("/{pattern}/")),
        }
    })
}

/// What scripts that make certificates speak of.
pub const CERTIFICATE_MAKERS: [&str; 5] = ["openssl req", "mkcert", "certbot", "letsencrypt", "acme.sh"];

/// Whether a script in `directory`, or one folder below, speaks of making certificates.
fn has_certificate_script(directory: &Path) -> bool {
    let is_script =
        |name: &String| name.ends_with(".sh") || ["Makefile", "justfile", "Justfile"].contains(&name.as_str());
    let folders = file_names(directory).into_iter().filter(|name| directory.join(name).is_dir());
    folders.chain([String::new()]).any(|folder| {
        let folder = directory.join(folder);
        file_names(&folder).iter().filter(|name| is_script(name)).any(|name| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            CERTIFICATE_MAKERS.iter().any(|maker| text.contains(maker) || name.contains(maker))
        })
    })
}

#[cfg(test)]
mod tests;
