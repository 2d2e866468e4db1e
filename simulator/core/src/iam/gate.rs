//! The gate: which policies and condition keys a call meets.

use std::collections::BTreeMap;

use super::decision::{Cause, Decision, Named, Policies, decide};
use super::entity::{Entity, Profile};
use super::managed_policy::ManagedPolicy;
use super::policy::{Context, Request, Requester, iso8601};
use super::tag::Tagged;
use super::{InstanceProfile, OidcProvider, Role, State};
use crate::arn::Arn;
use crate::operation::{Access, Caller, Principal};
use crate::refusal::{Denial, Evidence};
use crate::time::Timestamp;
use crate::world::World;

/// Stands as an [`Access`]'s resource for the user who calls, as in `iam:GetUser` without a name.
pub const CALLER: &str = "the caller";

/// The condition key that names the identity provider of whoever shows a token.
pub(crate) const FEDERATED_PROVIDER: &str = "aws:FederatedProvider";

/// What a role's trust policy must allow.
const TRUSTED: [&str; 4] =
    ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];

impl Access {
    /// The same for a request that sets `tags`.
    #[must_use]
    pub fn tagging(mut self, tags: &BTreeMap<String, String>) -> Self {
        for (key, value) in tags {
            self = self.with(&format!("aws:RequestTag/{key}"), value).with("aws:TagKeys", key);
        }
        self
    }

    /// The same for a request that names tags by their keys alone.
    #[must_use]
    pub fn tag_keys(mut self, keys: &[String]) -> Self {
        for key in keys {
            self = self.with("aws:TagKeys", key);
        }
        self
    }
}

impl World {
    /// Whether `caller` is allowed `access`.
    ///
    /// # Errors
    /// The denial with its reason.
    pub(crate) fn decide(&self, caller: &Caller, access: &Access) -> Result<(), Denial> {
        match self.explain(caller, access) {
            Decision::Root | Decision::Allowed(_) => Ok(()),
            Decision::Denied(cause) => Err(self.denial(caller, access, cause)),
        }
    }

    /// Whether `caller` is allowed `access`, and which statement says so.
    #[must_use]
    pub fn explain(&self, caller: &Caller, access: &Access) -> Decision {
        let resource = self.resource_of(caller, access);
        let seen = self.iam_seen_for(access.action);
        let (requester, profile) = match &caller.principal {
            Principal::Root => return Decision::Root,
            Principal::User { name } => {
                let account = caller.account.clone();
                let profile = seen.users.get(name).map(Entity::profile);
                (Requester::User { account, arn: caller.arn.clone() }, profile)
            }
            Principal::Role { name, session: _ } => {
                let profile = seen.roles.get(name).map(Entity::profile);
                let role = profile.map_or_else(
                    || Arn::global("iam", &caller.account, &format!("role/{name}")),
                    |profile| profile.arn.clone(),
                );
                (Requester::Session { account: caller.account.clone(), role, session: caller.arn.clone() }, profile)
            }
            Principal::Anonymous => {
                let provider = access.context.get(FEDERATED_PROVIDER).and_then(|providers| providers.first());
                (Requester::WebIdentity { provider: provider.cloned().unwrap_or_default() }, None)
            }
        };
        let context = self.context(caller, profile, access, resource);
        let request = Request { requester: &requester, action: access.action, resource, context: &context };
        let (resource_policy, resource_decides) = self.resource_policy(access.action, resource);
        let policies = Policies {
            identity: profile.map_or_else(Vec::new, |profile| profile.policies(seen)),
            boundary: profile.and_then(|profile| profile.boundary.as_deref()).and_then(|arn| seen.managed(arn)),
            session: self.iam.session_policies(caller),
            resource: resource_policy,
            resource_decides,
            // There are no other accounts whose principals could call, or whose resources could be asked for.
            foreign: false,
        };
        decide(&request, &policies)
    }

    /// The condition keys that the decision about `access` sees, those that every request carries included, with their values.
    #[must_use]
    pub fn conditions(&self, caller: &Caller, access: &Access) -> Context {
        let seen = self.iam_seen_for(access.action);
        let profile = match &caller.principal {
            Principal::User { name } => seen.users.get(name).map(Entity::profile),
            Principal::Role { name, session: _ } => seen.roles.get(name).map(Entity::profile),
            Principal::Root | Principal::Anonymous => None,
        };
        self.context(caller, profile, access, self.resource_of(caller, access))
    }

    /// Whether the trust policy of the role `role` lets the AWS service `service` assume it.
    pub(super) fn trusts_service(&self, role: &Role, service: &str) -> bool {
        let mut context = Context::default();
        context.add("aws:SourceAccount", self.account.to_string());
        context.add("aws:SourceArn", format!("arn:aws:ecs:{}:{}:*", self.region, self.account));
        context.add("aws:PrincipalServiceName", service);
        context.add("aws:PrincipalIsAWSService", "true");
        self.clock_keys(&mut context);
        let requester = Requester::Service { name: service.to_owned() };
        let resource = role.profile().arn.as_str();
        let request = Request { requester: &requester, action: "sts:AssumeRole", resource, context: &context };
        let trust = Named { name: "trust policy", document: role.trust() };
        let policies = Policies { resource: Some(trust), resource_decides: true, ..Policies::default() };
        matches!(decide(&request, &policies), Decision::Allowed(_))
    }

    fn denial(&self, caller: &Caller, access: &Access, cause: Cause) -> Denial {
        Denial {
            caller: caller.arn.to_string(),
            action: access.action.to_owned(),
            resource: self.resource_of(caller, access).to_owned(),
            reason: cause.sentence(access.action),
            evidence: Some(Box::new(Evidence {
                principal_id: self.iam.user_id(caller),
                cause,
                context: access.context.clone(),
            })),
        }
    }

    fn resource_of<'a>(&self, caller: &'a Caller, access: &'a Access) -> &'a str {
        if access.resource == CALLER { caller.arn.as_str() } else { &access.resource }
    }

    /// The policy of the resource that `action` is about, and whether it must allow the action.
    fn resource_policy(&self, action: &str, resource: &str) -> (Option<Named<'_>>, bool) {
        if TRUSTED.contains(&action) {
            let role = resource.rsplit('/').next().and_then(|name| self.iam_seen().roles.get(name));
            let role = role.filter(|role| role.profile().arn.as_str() == resource);
            return (role.map(|role| Named { name: "trust policy", document: role.trust() }), true);
        }
        let attached = match action.split_once(':') {
            Some(("ecr", _)) => self.ecr.policy(resource).map(|document| Named { name: "repository policy", document }),
            Some(("secretsmanager", _)) => {
                self.secrets.policy(resource).map(|document| Named { name: "resource policy of the secret", document })
            }
            _ => None,
        };
        (attached, false)
    }

    /// The request's condition keys and those that every request carries.
    fn context(&self, caller: &Caller, profile: Option<&Profile>, access: &Access, resource: &str) -> Context {
        let mut context = Context::default();
        for (key, values) in &access.context {
            for value in values {
                context.add(key, value);
            }
        }
        self.clock_keys(&mut context);
        let service = access.action.split(':').next().unwrap_or_default();
        // IAM is one for all Regions, and its endpoint stands in Virginia.
        let region = if service == "iam" { "us-east-1".to_owned() } else { self.region.to_string() };
        context.fill("aws:RequestedRegion", region);
        context.fill("aws:SourceIp", "127.0.0.1");
        context.fill("aws:ViaAWSService", "false");
        context.fill("aws:PrincipalIsAWSService", "false");
        if caller.principal != Principal::Anonymous {
            context.fill("aws:PrincipalAccount", caller.account.to_string());
        }
        context.fill("aws:ResourceAccount", self.account.to_string());
        let user_id = self.iam_seen_for(access.action).user_id(caller);
        match &caller.principal {
            Principal::Root | Principal::Anonymous => {}
            Principal::User { name } => {
                context.fill("aws:PrincipalType", "User");
                context.fill("aws:username", name);
                context.fill("aws:userid", user_id);
                context.fill("aws:PrincipalArn", caller.arn.as_str());
            }
            Principal::Role { name: _, session: _ } => {
                context.fill("aws:PrincipalType", "AssumedRole");
                context.fill("aws:userid", user_id);
                context.fill("aws:MultiFactorAuthPresent", "false");
                if let Some(profile) = profile {
                    context.fill("aws:PrincipalArn", profile.arn.as_str());
                }
            }
        }
        if let Some(session) = self.iam.session(caller) {
            session.keys(&mut context);
        }
        for (key, value) in profile.into_iter().flat_map(|profile| &profile.tags) {
            context.fill(&format!("aws:PrincipalTag/{key}"), value);
        }
        for (key, value) in self.resource_tags(access.action, resource).into_iter().flatten() {
            context.fill(&format!("aws:ResourceTag/{key}"), value);
            if let Some(own) = own_tag_key(service, resource) {
                context.fill(&format!("{own}/{key}"), value);
            }
        }
        context
    }

    fn clock_keys(&self, context: &mut Context) {
        let seconds = self.now.since(Timestamp::from_millis(0)).as_secs();
        context.fill("aws:CurrentTime", iso8601(self.now));
        context.fill("aws:EpochTime", seconds.to_string());
        context.fill("aws:SecureTransport", "true");
    }

    /// The tags of a resource, as far as the services that keep their own tags know it. ECS and ELB put their resources' tags
    /// into the [`Access`] themselves.
    fn resource_tags(&self, action: &str, arn: &str) -> Option<&BTreeMap<String, String>> {
        let mut parts = arn.splitn(6, ':');
        let service = parts.nth(2)?;
        let resource = parts.nth(2)?;
        match service {
            "iam" => self.iam_seen_for(action).tags(arn, resource),
            "ecr" => self.ecr.tags(resource),
            "ec2" => self.ec2.tags(resource),
            "logs" => self.logs.tags(resource),
            "secretsmanager" => self.secrets.tags(arn),
            "ssm" => self.ssm.tags(resource),
            _ => None,
        }
    }
}

/// What an action of `service` calls the tags of `resource` besides `aws:ResourceTag` (service authorization reference).
fn own_tag_key(service: &str, resource: &str) -> Option<&'static str> {
    match service {
        "ecr" => Some("ecr:ResourceTag"),
        "ec2" => Some("ec2:ResourceTag"),
        "secretsmanager" => Some("secretsmanager:ResourceTag"),
        "ssm" => Some("ssm:resourceTag"),
        // Policies, providers and instance profiles have tags, but are none of its resource types.
        "iam" | "sts" if [":user/", ":role/"].iter().any(|kind| resource.contains(kind)) => Some("iam:ResourceTag"),
        _ => None,
    }
}

impl State {
    /// The tags of the user, role or policy that an ARN's resource part names.
    fn tags(&self, arn: &str, resource: &str) -> Option<&BTreeMap<String, String>> {
        let (kind, rest) = resource.split_once('/')?;
        let name = rest.rsplit('/').next()?;
        match kind {
            "user" => self.users.get(name).map(|user| &user.profile().tags),
            "role" => self.roles.get(name).map(|role| &role.profile().tags),
            "policy" => self.policies.get(arn).map(ManagedPolicy::tags),
            "instance-profile" => InstanceProfile::tags(self, name).ok(),
            "oidc-provider" => OidcProvider::tags(self, arn).ok(),
            _ => None,
        }
    }
}
