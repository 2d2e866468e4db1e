//! Where a new access key goes. AWS shows its secret half once: it goes to a file, to a command, or onto the terminal, and
//! nowhere else.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bootstrap::outcome::AccessKey;
use clap::Args;
use tempfile::NamedTempFile;

use crate::exit::Exit;

const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";

/// Where the deploy user's new access key goes, as two lines: `AWS_ACCESS_KEY_ID=...` and `AWS_SECRET_ACCESS_KEY=...`.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Handover {
    /// Write a new access key into this file, which must not be there yet and which nobody else can read.
    #[arg(long, value_name = "FILE")]
    access_key_file: Option<PathBuf>,
    /// Hand a new access key to this command of the shell, on its standard input, such as `gh secret set --env-file -`.
    #[arg(long, value_name = "COMMAND")]
    access_key_command: Option<String>,
    /// Print a new access key on stdout.
    #[arg(long)]
    show_access_key: bool,
}

/// A place that is ready for a key.
pub(super) enum Place {
    /// The file is whole or not there: until then its text is in one beside it.
    File(NamedTempFile, PathBuf),
    Command(String),
    Stdout,
    /// Nobody has said where.
    Nowhere,
    /// The file holds a key already, from a run that ended after it was written.
    Written(String),
}

impl Handover {
    /// Makes the place ready, before there is a key that could be lost.
    pub(super) fn prepare(&self) -> Result<Place, Exit> {
        let Self { access_key_file, access_key_command, show_access_key } = self;
        if let Some(file) = access_key_file {
            return prepare_file(file).map_err(|reason| {
                anstream::eprintln!("error: `{}` cannot take an access key: {reason}", file.display());
                Exit::Input
            });
        }
        if let Some(command) = access_key_command {
            return Ok(Place::Command(command.clone()));
        }
        Ok(if *show_access_key { Place::Stdout } else { Place::Nowhere })
    }
}

fn prepare_file(file: &Path) -> Result<Place, String> {
    if let Ok(text) = std::fs::read_to_string(file) {
        let id = text.lines().find_map(|line| line.strip_prefix(ID)?.strip_prefix('='));
        return id.map(|id| Place::Written(id.to_owned())).ok_or_else(|| "it holds something else".to_owned());
    }
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = NamedTempFile::new_in(directory).map_err(|error| error.to_string())?;
    made.as_file().set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())?;
    Ok(Place::File(made, file.to_owned()))
}

impl Place {
    /// The id of the key that the place holds already.
    pub(super) fn holds(&self) -> Option<&str> {
        match self {
            Self::Written(id) => Some(id),
            Self::File(..) | Self::Command(_) | Self::Stdout | Self::Nowhere => None,
        }
    }

    /// Whether it can take a new key; says what is needed otherwise.
    pub(super) fn takes_a_key(&self) -> Result<(), Exit> {
        let help = match self {
            Self::File(..) | Self::Command(_) | Self::Stdout => return Ok(()),
            Self::Nowhere => {
                "say where it goes: `--access-key-file FILE`, `--access-key-command COMMAND` or `--show-access-key`"
            }
            Self::Written(_) => "the file holds another key already: name a new one",
        };
        anstream::eprintln!("error: an access key is to be made, and AWS shows it only once\nhelp: {help}");
        Err(Exit::Input)
    }

    /// Hands the key over. What went wrong is said without it.
    pub(super) fn take(self, key: &AccessKey) -> Result<(), String> {
        let text = format!("{ID}={}\n{SECRET}={}\n", key.id, key.secret.expose());
        match self {
            Self::File(mut made, file) => {
                let written = made.write_all(text.as_bytes()).and_then(|()| made.as_file().sync_all());
                written.map_err(|error| error.to_string())?;
                made.persist_noclobber(file).map(drop).map_err(|error| error.error.to_string())
            }
            Self::Command(command) => pass(&command, &text),
            Self::Stdout => {
                let mut stdout = std::io::stdout();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| error.to_string())
            }
            Self::Nowhere | Self::Written(_) => Err("nobody has said where it goes".to_owned()),
        }
    }
}

/// Gives `text` to a command of the shell on its standard input.
fn pass(command: &str, text: &str) -> Result<(), String> {
    let mut shell = std::process::Command::new("sh");
    let child = shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(std::io::stderr()).spawn();
    let mut child = child.map_err(|error| format!("`{command}` cannot be run: {error}"))?;
    // A command that ends without reading says so by its exit code.
    if let Some(mut stdin) = child.stdin.take() {
        drop(stdin.write_all(text.as_bytes()));
    }
    let status = child.wait().map_err(|error| format!("`{command}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{command}` ended with {status}")) }
}
