//! Whether a resource is ours. There is no state file: a tag says it.

use std::fmt;

use crate::config::name::ProjectName;

/// The tag that everything bootstrap makes carries. Its value is the name of the project.
pub const OWNER_TAG: &str = "greenroom:project";

/// That tag of a project, as IAM takes it.
pub(super) fn iam_tag(project: &ProjectName) -> aws_sdk_iam::types::Tag {
    let tag = aws_sdk_iam::types::Tag::builder().key(OWNER_TAG).value(project.as_str()).build();
    tag.expect("a tag with key and value is complete")
}

/// Whom a resource belongs to, by its tag.
///
/// What exists under the name we want and is as we want it is used, whoever made it; it is changed only if it is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// It carries the project's tag.
    Ours,
    /// It carries the tag of another project.
    Project(String),
    /// It carries no such tag: made by hand or by another tool.
    Unknown,
}

impl Owner {
    /// Reads the owner from tags, given as keys with their values.
    pub(crate) fn of<'a>(
        tags: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
        project: &ProjectName,
    ) -> Self {
        match tags.into_iter().find(|(key, _)| *key == Some(OWNER_TAG)) {
            Some((_, value)) if value == Some(project.as_str()) => Self::Ours,
            Some((_, value)) => Self::Project(value.unwrap_or_default().to_owned()),
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("this project's"),
            Self::Project(project) => write!(f, "project `{project}`'s"),
            Self::Unknown => write!(f, "somebody else's (it has no tag `{OWNER_TAG}`)"),
        }
    }
}
