//! What is known of the tools, held against the tools themselves.

pub(super) mod container;
pub(super) mod scene;

mod dbmate;
mod flask_migrate;
#[cfg(feature = "whole")]
mod liquibase;
#[cfg(feature = "whole")]
mod prisma;
mod rails;
mod seen;
#[cfg(feature = "whole")]
mod sqlx;
