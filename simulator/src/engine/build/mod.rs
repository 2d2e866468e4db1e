//! Building an image with the engine's own builder, once per content.
//!
//! The image is kept between rehearsals under `greenroom-cache/<project>:<digest>`, where the digest covers everything it
//! is made from: the context, the Dockerfile, the images it starts from, the arguments. While that reference exists there is
//! nothing to build. The images of earlier stages, and the last good step of a build that failed, are kept under the same
//! digest with a suffix, because the engine's builder finds its cache in images and forgets what has no name.
//!
//! Deliberately absent: BuildKit. What only BuildKit builds is recognised and refused by name.

mod context;
mod ignore;
mod recipe;

mod progress;

mod cache;
mod run;

pub use cache::{CacheError, Cached};
pub use context::ContextError;
pub use ignore::IgnoreError;
pub use progress::{FailedStep, Progress};
pub use recipe::RecipeError;
pub use run::{Build, BuildError, BuiltImage};

#[cfg(test)]
mod tests;
