//! What the engine said, out of the client's errors.

use std::io;

use bollard::errors::Error as ApiError;

/// The engine's own words, or, where it said nothing, those of whatever kept it from answering.
pub(crate) fn said(error: &ApiError) -> String {
    if let ApiError::DockerResponseServerError { message, .. } | ApiError::DockerStreamError { error: message } = error
    {
        return message.trim().to_owned();
    }
    innermost(error)
}

/// The HTTP status that the engine answered with, if it did.
pub(crate) fn status(error: &ApiError) -> Option<u16> {
    if let ApiError::DockerResponseServerError { status_code, .. } = error { Some(*status_code) } else { None }
}

/// Whether the engine does not have what was named.
pub(crate) fn is_absent(error: &ApiError) -> bool {
    status(error) == Some(404)
}

/// The last of an error's causes: the ones above it only repeat that a request failed.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.downcast_ref::<io::Error>().map_or_else(|| error.to_string(), without_code)
}

/// The system's words without the `(os error 2)` after them, which helps nobody.
pub(crate) fn without_code(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
