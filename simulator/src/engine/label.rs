//! The labels on everything of ours.

/// The rehearsal that a container, network or volume belongs to. Whatever carries it is removed with the rehearsal.
pub const REHEARSAL: &str = "greenroom.rehearsal";

/// The process that the rehearsal runs in, `<pid>@<boot id>`.
pub const OWNER: &str = "greenroom.owner";

/// When that process started, in clock ticks since boot: tells it from a later process with the same number.
pub const OWNER_STARTED: &str = "greenroom.owner-started";

/// The pid namespace that its number belongs to (the inode of `/proc/self/ns/pid`).
pub const OWNER_NAMESPACE: &str = "greenroom.owner-namespace";

/// On everything of a rehearsal that stays after its process has ended, until the user has it removed.
pub const KEPT: &str = "greenroom.kept";

/// The project that is rehearsed.
pub const PROJECT: &str = "greenroom.project";

/// On a rehearsal's network: `host:port` of its image registry. Every image reference under it is the rehearsal's.
pub const REGISTRY: &str = "greenroom.registry";

/// On an image that is kept between rehearsals: the digest of what it was made from.
pub const CACHE: &str = "greenroom.cache";

/// On every image and container that a build of ours passes through: the project that is built.
pub const BUILD: &str = "greenroom.build";

/// On a container of a task: the task's id.
pub const TASK: &str = "greenroom.task";
