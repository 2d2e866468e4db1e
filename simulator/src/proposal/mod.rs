//! What `greenroom init` proposes: a `greenroom.toml` for a repository that has none.
//!
//! - [`repository`]: the repository's files, read
//! - [`release`]: what its workflows say of a deploy
//! - [`migration`]: which command brings the schema up to date
//! - [`section`]: the sections, one file each, decided from the files alone
//! - [`document`], [`render`]: the proposal, each line with its reason, and its text
//!
//! Nothing is asked and nothing is run: what a repository does not say is left open in the proposal, with what to put there.

pub mod document;
mod found;
mod health;
mod migration;
mod release;
pub mod render;
pub mod repository;
mod section;
#[cfg(test)]
mod tests;

pub use document::{Document, Entry, Section, Setting};
pub use render::render;
pub use repository::Repository;

/// Decides what `greenroom.toml` should say of a repository.
#[must_use]
pub fn propose(repository: &Repository) -> Document {
    section::all(repository)
}
