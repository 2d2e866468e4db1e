//! Skeleton.

pub mod files;
pub mod preflight;
