//! How something is known of a tool.

/// How something is known of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A test of this project makes the real tool do it on a real server.
    Seen,
    /// It is written here, and has not been tried here.
    Documented(&'static str),
}
