//! What is known of the tools, held against the tools themselves.

pub(super) mod container;
pub(super) mod scene;

mod dbmate;
mod flask_migrate;
mod liquibase;
mod prisma;
mod rails;
mod seen;
