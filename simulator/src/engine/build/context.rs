//! The build context: the files beside a Dockerfile, as a tar that is the same bytes for the same files.
//!
//! Owners and times are left out: they differ between two checkouts of one commit, and the engine's builder would find
//! nothing in its cache. The order is that of the names.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use thiserror::Error;

use super::ignore::{Ignore, IgnoreError};

/// The name that our Dockerfile has in the tar. Docker's own command line does likewise for a Dockerfile from elsewhere.
pub(super) const DOCKERFILE: &str = ".dockerfile.greenroom";

const DOCKERIGNORE: &str = ".dockerignore";

/// Every file is of 2000-01-01. Not of 1970: ZIP knows no time before 1980, and building a Python wheel would fail.
const TIME: u64 = 946_684_800;

/// Why a context cannot be sent.
#[derive(Debug, Error)]
pub enum ContextError {
    /// A file or directory cannot be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The context is not a directory.
    #[error("the build context `{}` is not a directory", path.display())]
    NotADirectory {
        /// What was named as the context.
        path: PathBuf,
    },
    /// The `.dockerignore` is malformed.
    #[error("could not make out `{}`", path.display())]
    Ignore {
        /// The file.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: IgnoreError,
    },
    /// A file's name is not text, which the tar of a build cannot hold.
    #[error("the name of `{}` is not UTF-8", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// The receiver went away.
    #[error("could not send the build context")]
    Send(#[source] io::Error),
}

/// A directory's files, without those that are ignored.
#[derive(Debug)]
pub(super) struct Context {
    root: PathBuf,
    ignore: Ignore,
    ignore_text: String,
}

impl Context {
    /// The context at `root`, built with the Dockerfile at `dockerfile`: its own `<name>.dockerignore` goes before the
    /// directory's `.dockerignore`, as BuildKit has it.
    pub(super) fn open(root: &Path, dockerfile: &Path) -> Result<Self, ContextError> {
        if !root.is_dir() {
            return Err(ContextError::NotADirectory { path: root.to_owned() });
        }
        let mut own = dockerfile.as_os_str().to_owned();
        own.push(DOCKERIGNORE);
        for path in [PathBuf::from(own), root.join(DOCKERIGNORE)] {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let ignore = Ignore::parse(&text).map_err(|source| ContextError::Ignore { path, source })?;
                    return Ok(Self { root: root.to_owned(), ignore, ignore_text: text });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(ContextError::Read { path, source }),
            }
        }
        Ok(Self { root: root.to_owned(), ignore: Ignore::default(), ignore_text: String::new() })
    }

    /// Writes the tar, with `dockerfile` in it as the Dockerfile to build.
    pub(super) fn write_tar(&self, dockerfile: &str, output: impl Write) -> Result<(), ContextError> {
        let mut tar = Builder::new(output);
        tar.mode(tar::HeaderMode::Deterministic);
        self.write_directory(&mut tar, "")?;
        // The engine takes out of the context what its .dockerignore names of these two, so that no COPY sees them.
        let mut ignore = self.ignore_text.clone();
        if !self.root.join(DOCKERIGNORE).exists() {
            ignore.push_str("\n.dockerignore");
        }
        ignore.push_str(&format!("\n{DOCKERFILE}\n"));
        for (name, content) in [(DOCKERIGNORE, ignore.as_str()), (DOCKERFILE, dockerfile)] {
            let mut header = header(EntryType::Regular, 0o644);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content.as_bytes()).map_err(ContextError::Send)?;
        }
        tar.into_inner().and_then(|mut output| output.flush()).map_err(ContextError::Send)
    }

    /// Everything in the directory at `within`, and below it, in the order of the names.
    fn write_directory<W: Write>(&self, tar: &mut Builder<W>, within: &str) -> Result<(), ContextError> {
        let directory = self.root.join(within);
        let read = |source| ContextError::Read { path: directory.clone(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(&directory).map_err(read)? {
            names.push(entry.map_err(read)?.file_name());
        }
        names.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        for name in names {
            let path = directory.join(&name);
            let Some(name) = name.to_str() else { return Err(ContextError::Name { path }) };
            let name = if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") };
            if name != DOCKERIGNORE {
                self.write_entry(tar, &name, &path)?;
            }
        }
        Ok(())
    }

    fn write_entry<W: Write>(&self, tar: &mut Builder<W>, name: &str, path: &Path) -> Result<(), ContextError> {
        let read = |source| ContextError::Read { path: path.to_owned(), source };
        let excluded = self.ignore.excludes(name);
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            // An editor's temporary file may be gone by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(read(source)),
        };
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_dir() {
            if !excluded {
                let mut header = header(EntryType::Directory, mode);
                tar.append_data(&mut header, format!("{name}/"), io::empty()).map_err(ContextError::Send)?;
            }
            return if excluded && !self.ignore.takes_back() { Ok(()) } else { self.write_directory(tar, name) };
        }
        if excluded {
            return Ok(());
        }
        if metadata.is_symlink() {
            let mut header = header(EntryType::Symlink, 0o777);
            let target = fs::read_link(path).map_err(read)?;
            return tar.append_link(&mut header, name, target).map_err(ContextError::Send);
        }
        // Sockets, pipes and devices are not part of any image.
        if metadata.is_file() {
            let file = File::open(path).map_err(read)?;
            let size = file.metadata().map_err(read)?.len();
            let mut header = header(EntryType::Regular, mode);
            header.set_size(size);
            tar.append_data(&mut header, name, Exactly { file, left: size }).map_err(|source| {
                if source.kind() == io::ErrorKind::UnexpectedEof { read(source) } else { ContextError::Send(source) }
            })?;
        }
        Ok(())
    }
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(TIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// A file of which exactly so much is read as the tar's header has announced, though somebody writes to it meanwhile.
struct Exactly {
    file: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.file.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tar_of(root: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        let context = Context::open(root, &root.join("Dockerfile")).expect("a directory");
        context.write_tar("FROM scratch\n", &mut bytes).expect("it can be read");
        bytes
    }

    fn names_in(tar: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(tar);
        let entries = archive.entries().expect("a tar");
        entries.map(|entry| entry.expect("whole").path().expect("text").display().to_string()).collect()
    }

    fn write(root: &Path, name: &str, content: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("created");
        fs::write(path, content).expect("written");
    }

    #[test]
    fn two_checkouts_are_the_same_bytes_and_a_change_is_not() {
        let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        for (root, names) in [(one.path(), ["b/c", "a", "b/d"]), (other.path(), ["b/d", "b/c", "a"])] {
            for name in names {
                write(root, name, name);
            }
            symlink("a", root.join("link")).expect("linked");
        }
        assert_eq!(tar_of(one.path()), tar_of(other.path()));
        assert_eq!(names_in(&tar_of(one.path())), ["a", "b/", "b/c", "b/d", "link", DOCKERIGNORE, DOCKERFILE]);

        write(other.path(), "b/d", "e");
        assert_ne!(tar_of(one.path()), tar_of(other.path()));
    }

    #[test]
    fn ignored_files_stay_behind_and_those_taken_back_come() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path();
        for name in ["app/main.py", "app/__pycache__/main.pyc", "keep/one/two", "keep/three", ".git/HEAD"] {
            write(root, name, "");
        }
        write(root, DOCKERIGNORE, "**/__pycache__\n.git\nkeep\n!keep/one/two\n");
        let names = names_in(&tar_of(root));
        assert_eq!(names, ["app/", "app/main.py", "keep/one/two", DOCKERIGNORE, DOCKERFILE]);
    }

    #[test]
    fn a_long_name_and_a_mode_arrive_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
        write(directory.path(), &long, "content");
        let script = directory.path().join("run.sh");
        fs::write(&script, "#!/bin/sh\n").expect("written");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("allowed");
        let tar = tar_of(directory.path());
        assert!(names_in(&tar).contains(&long));
        let mut archive = tar::Archive::new(tar.as_slice());
        let mut entries = archive.entries().expect("a tar").map(|entry| entry.expect("whole"));
        let entry = entries.find(|entry| entry.path().expect("text").ends_with("run.sh")).expect("it is there");
        assert_eq!(entry.header().mode().expect("a mode"), 0o755);
        assert_eq!(entry.header().mtime().expect("a time"), TIME);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        write(directory.path(), "file", "");
        assert_eq!(
            Context::open(&file, &file).expect_err("a file").to_string(),
            format!("the build context `{}` is not a directory", file.display())
        );
        write(directory.path(), DOCKERIGNORE, "a\n[");
        let error = Context::open(directory.path(), &directory.path().join("Dockerfile")).expect_err("malformed");
        assert!(matches!(error, ContextError::Ignore { source: IgnoreError { line: 2, .. }, .. }), "{error:?}");
    }
}
