//! The user's script of how containers behave in virtual time: a TOML file.
//!
//! ```toml
//! seed = 7
//! variation = 10                  # durations stray by up to 10 %
//!
//! [[images."news-api:2"]]         # the first container of this image
//! pulls-in = "1.5s"
//! up-after = "41s"
//!
//! [[images."news-api:2"]]         # the second; the third is like the first again
//! exits = { after = "60s", code = 1 }
//!
//! [[containers.worker]]           # every container called `worker`
//! healthy-after = "never"
//! ```
//!
//! In reading order: the keys ([`file`]), durations ([`duration`]), what is wrong with a file ([`error`]), and the way back
//! from behaviours to a file ([`mod@write`]). How containers then behave
//! is `simulator_core::virtual_time`.

pub(crate) mod duration;
pub(crate) mod error;
mod file;
mod write;

pub use error::BehavioursError;
pub use write::write;

use std::path::Path;

use simulator_core::virtual_time::Script;

/// Reads the script in the file at `path`.
///
/// # Errors
/// It cannot be read, or something in it is wrong.
pub fn read(path: &Path) -> Result<Script, BehavioursError> {
    let unreadable = |source| BehavioursError::Read { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    parse(&path.display().to_string(), &text)
}

/// Reads the script in `text`, the contents of a file called `name`.
///
/// # Errors
/// Something in it is wrong.
pub fn parse(name: &str, text: &str) -> Result<Script, BehavioursError> {
    file::parse(text).map_err(|wrong| wrong.at(name, text))
}

#[cfg(test)]
mod tests;
