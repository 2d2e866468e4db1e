//! Another name or path for a user.

use super::entity::{Entity, entity_access, entity_arn};
use super::policy::Document;
use super::validate::{USER_NAME, check_path, exists};
use super::{State, User};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation, Principal};
use crate::refusal::Refusal;
use crate::world::World;

/// Changes a user's name, path or both. The caller must be allowed it on the user as it was and as it will be.
#[derive(Clone, Debug, Default)]
pub struct UpdateUser {
    /// Its name.
    pub name: String,
    /// Its new name; none leaves it.
    pub new_name: Option<String>,
    /// Its new path; none leaves it.
    pub new_path: Option<String>,
}

impl Operation for UpdateUser {
    type Output = ();
    const NAME: &'static str = "iam:UpdateUser";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let present = entity_access::<User>(world, Self::NAME, &self.name);
        let path = world.iam.users.get(&self.name).map_or("/", |user| user.profile().path.as_str());
        let path = self.new_path.as_deref().unwrap_or(path);
        let future = entity_arn::<User>(&world.account, path, self.new_name.as_deref().unwrap_or(&self.name));
        let moves = future.as_str() != present.resource;
        let future = Access { resource: future.to_string(), ..present.clone() };
        Ok(std::iter::once(present).chain(moves.then_some(future)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name, new_name, new_path } = authorized.operation;
        if let Some(path) = &new_path {
            check_path(path)?;
        }
        if let Some(new) = &new_name {
            USER_NAME.check(new)?;
        }
        let state = &mut world.iam;
        state.entity::<User>(&name)?;
        let new_name = new_name.unwrap_or_else(|| name.clone());
        if new_name.to_lowercase() != name.to_lowercase() && state.users.taken(&new_name) {
            return Err(exists(format!("User with name {new_name} already exists.")));
        }
        let mut user = state.entity::<User>(&name)?.clone();
        let profile = user.profile_mut();
        let old = profile.arn.clone();
        profile.path = new_path.unwrap_or_else(|| profile.path.clone());
        profile.name.clone_from(&new_name);
        profile.arn = entity_arn::<User>(&world.account, &profile.path, &new_name);
        let new = profile.arn.clone();
        state.users.remove(&name);
        state.users.insert(user);
        state.follow_user(&name, &new_name);
        state.rewrite_principal(&old, &new)
    }
}

impl State {
    /// What belongs to the user goes with it.
    fn follow_user(&mut self, name: &str, new: &str) {
        for key in self.keys.values_mut().filter(|key| key.user.as_deref() == Some(name)) {
            key.user = Some(new.to_owned());
        }
        let principal = Principal::User { name: name.to_owned() };
        for session in self.sessions.values_mut().filter(|session| session.principal == principal) {
            session.principal = Principal::User { name: new.to_owned() };
        }
    }

    /// Trust policies keep a user's unique id and show the ARN that it has (IAM guide, "Renaming an IAM user").
    fn rewrite_principal(&mut self, old: &Arn, new: &Arn) -> Result<(), Refusal> {
        let (old, new) = (format!("\"{old}\""), format!("\"{new}\""));
        for role in self.roles.iter_mut() {
            let trust = role.trust_mut();
            if trust.text.contains(&old) {
                trust.text = trust.text.replace(&old, &new);
                trust.document = Document::trust(&trust.text)?;
            }
        }
        Ok(())
    }
}
