//! Values of secrets and parameters that are handed over for one run: from an open file or standard input, never from the command
//! line, which everybody on the machine can read.

use std::collections::BTreeSet;

use bootstrap::Values;

use crate::exit::Exit;

/// Where a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Descriptor(u32);

/// Why a value cannot be taken. None of these repeats more than a name, since the rest may be the value.
#[derive(Debug, thiserror::Error)]
enum HandedOverError {
    #[error("`--secret` takes NAME=fd:N or NAME=-")]
    NoSource,
    #[error(
        "`--secret {name}=...` takes `fd:N` or `-` after the name; a value on the command line can be read by everybody"
    )]
    NotASource { name: String },
    #[error("two values for `{name}`")]
    Twice { name: String },
    #[error("the value of `{name}` is to be read where another has been read already")]
    SameSource { name: String },
    #[error("the value of `{name}` cannot be read from file descriptor {descriptor}: {source}")]
    Unreadable { name: String, descriptor: u32, source: std::io::Error },
    #[error("the value of `{name}` is empty")]
    Empty { name: String },
}

/// Reads the values that are asked for as `NAME=fd:N` or `NAME=-`.
pub(super) fn read(asked: &[String]) -> Result<Values, Exit> {
    values(asked).map_err(|error| {
        anstream::eprintln!("error: {error}\nhelp: for example `--secret news/database-url=fd:3 3< url.txt`");
        Exit::Input
    })
}

fn values(asked: &[String]) -> Result<Values, HandedOverError> {
    let mut values = Values::default();
    let mut read = BTreeSet::new();
    for asked in asked {
        let (name, descriptor) = source(asked)?;
        let named = || name.to_owned();
        if values.names().contains(name) {
            return Err(HandedOverError::Twice { name: named() });
        }
        if !read.insert(descriptor) {
            return Err(HandedOverError::SameSource { name: named() });
        }
        let Descriptor(number) = descriptor;
        let text = std::fs::read_to_string(format!("/dev/fd/{number}"))
            .map_err(|source| HandedOverError::Unreadable { name: named(), descriptor: number, source })?;
        let value = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if value.is_empty() {
            return Err(HandedOverError::Empty { name: named() });
        }
        values.insert(named(), value.to_owned());
    }
    Ok(values)
}

/// Names of secrets may hold `=`; sources do not.
fn source(asked: &str) -> Result<(&str, Descriptor), HandedOverError> {
    let (name, source) = asked.rsplit_once('=').ok_or(HandedOverError::NoSource)?;
    let descriptor = match source {
        "-" => Some(0),
        other => other.strip_prefix("fd:").and_then(|number| number.parse().ok()),
    };
    match descriptor {
        Some(number) => Ok((name, Descriptor(number))),
        // Where a value was written, the last `=` may be in it.
        None => Err(HandedOverError::NotASource { name: asked.split('=').next().unwrap_or_default().to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Descriptor, source};

    #[test]
    fn a_source_is_a_descriptor_and_never_a_value() {
        let cases = [
            ("news/url=fd:3", Some(("news/url", 3))),
            ("news/url=-", Some(("news/url", 0))),
            ("a=b=fd:12", Some(("a=b", 12))),
            ("news/url=hunter2", None),
            ("news/url=hunter2=x", None),
            ("news/url=fd:x", None),
            ("news/url", None),
        ];
        for (asked, expected) in cases {
            let read = source(asked);
            assert_eq!(read.as_ref().ok().map(|(name, Descriptor(number))| (*name, *number)), expected, "{asked}");
            if let Err(error) = read {
                assert!(!error.to_string().contains("hunter2"), "{error}");
            }
        }
    }
}
