//! Finds what `--from` and `--to` name: a directory, a git revision, or an image.

use std::fs;
use std::path::{Path, PathBuf};

use gix::objs::tree::EntryKind;
use simulator::rehearsal::{Origin, Source};

use crate::checkout::{self, Checkout};

/// Branches that are taken for the main one, in this order.
const MAIN_BRANCHES: [&str; 4] = ["origin/HEAD", "origin/main", "main", "master"];

/// Why there is nothing to rehearse from or to.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum SourceError {
    #[error("`{0}` is neither a directory, nor a git revision of this repository, nor an image reference")]
    #[diagnostic(help("name a directory, a revision such as `main` or `HEAD~1`, or an image with its tag"))]
    Unknown(String),
    #[error("there is no git repository around `{0}`, so nothing says what runs now")]
    #[diagnostic(help("say it with `--from DIR`, `--from IMAGE:TAG`, or run inside a git repository"))]
    NoRepository(PathBuf),
    #[error(
        "the repository has none of the branches origin/HEAD, origin/main, main and master, so nothing says what runs now"
    )]
    #[diagnostic(help("say it with `--from REV`"))]
    NoMainBranch,
    #[error("the work tree is exactly the main branch's first commit, so nothing says what runs now")]
    #[diagnostic(help("say it with `--from REV`, or commit the change to be deployed on a branch"))]
    NothingBefore,
    #[error("revision `{revision}` has no `{}`", file.display())]
    #[diagnostic(help("what runs now must have a greenroom.toml of its own; or name it with `--from DIR`"))]
    NotInRevision { revision: String, file: PathBuf },
    #[error("cannot read revision `{revision}`: {message}")]
    Revision { revision: String, message: String },
    #[error("cannot lay out revision `{revision}` in a temporary directory")]
    LayOut { revision: String, source: std::io::Error },
}

/// A source, and the temporary directory that holds it where it is not a directory of the user's.
pub(crate) struct Found {
    pub(crate) source: Source,
    pub(crate) checkout: Checkout,
}

/// What `--to` names; the work tree around `config` if it names nothing.
pub(crate) fn to(named: Option<&str>, config: &Path) -> Result<Found, SourceError> {
    let here = directory_of(config);
    match named {
        Some(named) => find(named, config),
        None => Ok(Found { source: directory(&here), checkout: Checkout::none() }),
    }
}

/// What `--from` names; if nothing, the merge base of the work tree and the main branch.
pub(crate) fn from(named: Option<&str>, config: &Path) -> Result<Found, SourceError> {
    match named {
        Some(named) => find(named, config),
        None => revision(&merge_base(config)?, config),
    }
}

fn find(named: &str, config: &Path) -> Result<Found, SourceError> {
    let path = Path::new(named);
    if path.is_dir() {
        return Ok(Found { source: directory(path), checkout: Checkout::none() });
    }
    let is_revision = gix::discover(directory_of(config)).is_ok_and(|it| it.rev_parse_single(named).is_ok());
    if is_revision {
        return revision(named, config);
    }
    if named.contains([':', '/']) {
        let source = Source {
            label: named.to_owned(),
            directory: directory_of(config),
            origin: Origin::Image { reference: named.to_owned() },
        };
        return Ok(Found { source, checkout: Checkout::none() });
    }
    Err(SourceError::Unknown(named.to_owned()))
}

/// The directory as it is, with its commit where it is exactly one.
fn directory(path: &Path) -> Source {
    let commit = gix::discover(path).ok().and_then(|repository| {
        let head = repository.head_id().ok()?.to_string();
        // A directory that git does not track is not what its HEAD says.
        tracks(&repository, path).then(|| (head, repository.is_dirty().unwrap_or(true)))
    });
    let (label, origin) = match commit {
        Some((commit, false)) => (short(&commit), Origin::Commit { commit }),
        Some((commit, true)) => (format!("{} with changes", short(&commit)), Origin::WorkTree { commit: Some(commit) }),
        None => (path.display().to_string(), Origin::WorkTree { commit: None }),
    };
    Source { label, directory: path.to_owned(), origin }
}

fn tracks(repository: &gix::Repository, path: &Path) -> bool {
    let Some(inside) = repository.workdir().and_then(|root| relative(&absolute(path), &absolute(root))) else {
        return false;
    };
    let tree = repository.head_tree().ok();
    inside.as_os_str().is_empty() || tree.and_then(|tree| tree.lookup_entry_by_path(&inside).ok().flatten()).is_some()
}

/// Lays out the tree of a revision in a temporary directory.
fn revision(named: &str, config: &Path) -> Result<Found, SourceError> {
    let failed = |message: String| SourceError::Revision { revision: named.to_owned(), message };
    let here = directory_of(config);
    let repository = gix::discover(&here).map_err(|_| SourceError::NoRepository(here.clone()))?;
    let commit = repository
        .rev_parse_single(named)
        .map_err(|error| failed(error.to_string()))?
        .object()
        .map_err(|error| failed(error.to_string()))?
        .peel_to_commit()
        .map_err(|error| failed(error.to_string()))?;
    let tree = commit.tree().map_err(|error| failed(error.to_string()))?;
    let laid_out = |source| SourceError::LayOut { revision: named.to_owned(), source };
    let directory = checkout::directory().map_err(laid_out)?;
    for entry in tree.traverse().breadthfirst.files().map_err(|error| failed(error.to_string()))? {
        let name = gix::path::from_bstr(entry.filepath.clone()).map_err(|error| failed(error.to_string()))?;
        let target = directory.path().join(name);
        let data = match entry.mode.kind() {
            EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => {
                repository.find_object(entry.oid).map_err(|error| failed(error.to_string()))?.detach().data
            }
            // A submodule's files are not in this repository; directories are made for their files.
            EntryKind::Commit | EntryKind::Tree => continue,
        };
        write(&target, entry.mode.kind(), &data).map_err(laid_out)?;
    }
    let inside = repository.workdir().and_then(|root| relative(&absolute(&here), &absolute(root))).unwrap_or_default();
    let file = inside.join(config.file_name().unwrap_or_default());
    if !directory.path().join(&file).is_file() {
        return Err(SourceError::NotInRevision { revision: named.to_owned(), file });
    }
    let commit = commit.id().to_string();
    let label = if commit.starts_with(named) { short(&commit) } else { format!("{named} ({})", short(&commit)) };
    let source = Source { label, directory: directory.path().join(inside), origin: Origin::Commit { commit } };
    Ok(Found { source, checkout: Checkout::of(directory) })
}

fn write(target: &Path, kind: EntryKind, data: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    #[cfg(unix)]
    if kind == EntryKind::Link {
        let to = String::from_utf8_lossy(data);
        return std::os::unix::fs::symlink(to.as_ref(), target);
    }
    fs::write(target, data)?;
    #[cfg(unix)]
    if kind == EntryKind::BlobExecutable {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(target, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The commit that the work tree and the main branch share. On the main branch itself with nothing changed, the commit before.
fn merge_base(config: &Path) -> Result<String, SourceError> {
    let here = directory_of(config);
    let repository = gix::discover(&here).map_err(|_| SourceError::NoRepository(here.clone()))?;
    let failed = |message: String| SourceError::Revision { revision: "HEAD".to_owned(), message };
    let head = repository.head_id().map_err(|error| failed(error.to_string()))?;
    let main = MAIN_BRANCHES
        .iter()
        .find_map(|branch| repository.rev_parse_single(*branch).ok())
        .ok_or(SourceError::NoMainBranch)?;
    let base = repository
        .merge_base(head, main)
        .map_err(|error| failed(error.to_string()))?
        .ok_or(SourceError::NoMainBranch)?;
    if base != head || repository.is_dirty().unwrap_or(true) {
        return Ok(base.to_string());
    }
    match repository.rev_parse_single("HEAD~1") {
        Ok(before) => Ok(before.to_string()),
        Err(_) => Err(SourceError::NothingBefore),
    }
}

/// As much of a commit's id as people read.
fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}

fn directory_of(config: &Path) -> PathBuf {
    match config.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn relative(path: &Path, root: &Path) -> Option<PathBuf> {
    path.strip_prefix(root).ok().map(Path::to_owned)
}
