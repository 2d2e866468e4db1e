//! Service-linked roles: made by name of a service, changed by nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::credential::draw_id;
use super::entity::{Entity, PolicyText, Profile, entity_arn};
use super::policy::Document;
use super::role::{Role, RoleDescription};
use super::validate::invalid;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Services that link a role, its name, and the managed policy it has.
const SERVICES: [(&str, &str, &str); 3] = [
    ("ecs.amazonaws.com", "AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
    (
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
        "AWSElasticLoadBalancingServiceRolePolicy",
    ),
    (
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "AWSApplicationAutoscalingECSServicePolicy",
    ),
];

const PATH: &str = "/aws-service-role/";

/// Makes the role that an AWS service acts with.
#[derive(Clone, Debug)]
pub struct CreateServiceLinkedRole {
    /// Such as `ecs.amazonaws.com`.
    pub service: String,
    /// What it is for.
    pub description: Option<String>,
}

impl Operation for CreateServiceLinkedRole {
    type Output = RoleDescription;
    const NAME: &'static str = "iam:CreateServiceLinkedRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let name = linked(&self.service).map_or("*", |(name, _)| name);
        let arn = entity_arn::<Role>(&world.account, &format!("{PATH}{}/", self.service), name);
        Ok(vec![Access::new(Self::NAME, arn.as_str()).with("iam:AWSServiceName", &self.service)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { service, description } = authorized.operation;
        let (name, policy) = linked(&service)
            .ok_or_else(|| Refusal::NotSimulated { what: format!("the service-linked role of `{service}`") })?;
        if world.iam.roles.taken(name) {
            return Err(invalid(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        let path = format!("{PATH}{service}/");
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let document = Document::trust(&text)?;
        let profile = Profile {
            arn: entity_arn::<Role>(&world.account, &path, name),
            id: draw_id(&mut world.ids, "AROA"),
            name: name.to_owned(),
            path,
            created: world.now,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::from([format!("arn:aws:iam::aws:policy{PATH}{policy}")]),
            boundary: None,
        };
        let role = Role::new(profile, PolicyText { text, document }, description, 3600);
        let answer = role.describe();
        world.iam.roles.insert(role);
        Ok(answer)
    }
}

fn linked(service: &str) -> Option<(&'static str, &'static str)> {
    SERVICES.iter().find(|(name, _, _)| *name == service).map(|(_, role, policy)| (*role, *policy))
}

/// Whether a service made the role for itself.
pub(super) fn is_linked(role: &Role) -> bool {
    role.profile().path.starts_with(PATH)
}

/// Refuses to change a service-linked role by hand.
pub(super) fn check_modifiable(state: &State, name: &str) -> Result<(), Refusal> {
    check_modifiable_entity::<Role>(state, name)
}

/// The same where it is not known whether a user or a role is meant.
pub(super) fn check_modifiable_entity<E: Entity>(state: &State, name: &str) -> Result<(), Refusal> {
    let linked = E::table(state).get(name).is_some_and(|entity| entity.profile().path.starts_with(PATH));
    if linked {
        let message = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        return Err(Refusal::fault("UnmodifiableEntity", message));
    }
    Ok(())
}
