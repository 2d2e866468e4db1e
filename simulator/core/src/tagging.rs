//! The operations on tags that services have alike: tags are added, removed and listed for what one text names, be it an ARN or a
//! name. What they are called, what they need and where the tags are is the service's own.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// A kind of thing that has tags. Made by the services alone.
pub trait Taggable: Debug + 'static {
    /// The IAM action of adding tags, which is the operation's name too.
    const TAG: &'static str;
    /// The same of removing them.
    const UNTAG: &'static str;
    /// The same of listing them.
    const LIST: &'static str;

    /// What `action` needs on what `named` names.
    fn access(world: &World, action: &'static str, named: &str) -> Access;

    /// The tags of what `named` names.
    ///
    /// # Errors
    /// The service's refusal of what there is not.
    fn tags_mut<'w>(world: &'w mut World, named: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal>;

    /// Whether something can have `tags`.
    ///
    /// # Errors
    /// The service's refusal of too many, and of keys and values that it does not take.
    fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal>;
}

/// Adds tags, or changes their values.
#[derive(Clone, Debug)]
pub struct AddTags<K> {
    named: String,
    tags: BTreeMap<String, String>,
    kind: PhantomData<K>,
}

/// Removes tags.
#[derive(Clone, Debug)]
pub struct RemoveTags<K> {
    named: String,
    keys: Vec<String>,
    kind: PhantomData<K>,
}

/// Lists tags.
#[derive(Clone, Debug)]
pub struct ListTags<K> {
    named: String,
    kind: PhantomData<K>,
}

impl<K> AddTags<K> {
    /// Gives what `named` names `tags`.
    #[must_use]
    pub fn new(named: String, tags: BTreeMap<String, String>) -> Self {
        Self { named, tags, kind: PhantomData }
    }
}

impl<K> RemoveTags<K> {
    /// Takes the tags with `keys` off what `named` names.
    #[must_use]
    pub fn new(named: String, keys: Vec<String>) -> Self {
        Self { named, keys, kind: PhantomData }
    }
}

impl<K> ListTags<K> {
    /// Lists the tags of what `named` names.
    #[must_use]
    pub fn new(named: String) -> Self {
        Self { named, kind: PhantomData }
    }
}

impl<K: Taggable> Operation for AddTags<K> {
    type Output = ();
    const NAME: &'static str = K::TAG;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![K::access(world, Self::NAME, &self.named).tagging(&self.tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { named, tags, kind: PhantomData } = authorized.operation;
        let present = K::tags_mut(world, &named)?;
        let mut joined = present.clone();
        joined.extend(tags);
        K::check(&joined)?;
        *present = joined;
        Ok(())
    }
}

impl<K: Taggable> Operation for RemoveTags<K> {
    type Output = ();
    const NAME: &'static str = K::UNTAG;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![K::access(world, Self::NAME, &self.named).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { named, keys, kind: PhantomData } = authorized.operation;
        K::tags_mut(world, &named)?.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

impl<K: Taggable> Operation for ListTags<K> {
    type Output = BTreeMap<String, String>;
    const NAME: &'static str = K::LIST;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![K::access(world, Self::NAME, &self.named)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        K::tags_mut(world, &authorized.operation.named).map(|tags| tags.clone())
    }
}

/// The key of the first of `tags` that breaks the rules that AWS has for tags in general: keys of 1 to 128 characters and values of up
/// to 256, of letters, digits, spaces and `_.:/=+-@`, and no key that begins with `aws:` (botocore ssm and logs, `TagKey`, `TagValue`).
pub(crate) fn unfit(tags: &BTreeMap<String, String>) -> Option<&str> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let broken = tags.iter().find(|(key, value)| {
        !(1..=128).contains(&key.chars().count())
            || key.starts_with("aws:")
            || value.chars().count() > 256
            || !key.chars().chain(value.chars()).all(allowed)
    });
    broken.map(|(key, _)| key.as_str())
}
