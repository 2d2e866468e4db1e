//! What was asked for: every access of every call, kept on request, to hold other policies against it afterwards.

use std::collections::BTreeMap;

use super::decision::{Cause, Decision, Named, Policies, PolicyKind, StatementRef, decide};
use super::entity::{Entity, Profile};
use super::policy::{Context, Effect, Request, Requester, Statement};
use crate::operation::{Access, Caller, Principal};
use crate::world::World;

/// One thing that a principal asked for, and what IAM said.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asked.
    pub caller: Caller,
    /// What for. Its resource is an ARN or `*`.
    pub access: Access,
    /// What IAM said.
    pub decision: Decision,
    requester: Requester,
    context: Context,
}

/// What was asked for so far, each thing once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    kept: Vec<Asked>,
}

/// How policies fare against what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fared {
    /// The statements that allowed something, each with the places in the list of what it allowed.
    pub used: BTreeMap<(String, usize), Vec<usize>>,
    /// The places in the list of what no statement allows.
    pub missing: Vec<usize>,
    /// The places in the list of what a statement denies, and which.
    pub denied: Vec<(usize, StatementRef)>,
}

impl Asked {
    fn request(&self) -> Request<'_> {
        let Self { access, requester, context, .. } = self;
        Request { requester, action: access.action, resource: &access.resource, context }
    }
}

/// Holds identity-based policies against what was asked for. What a policy of the resource allowed needs none of them.
#[must_use]
pub fn fare(policies: &[Named<'_>], asked: &[Asked]) -> Fared {
    let mut fared = Fared::default();
    let applied = Policies { identity: policies.to_vec(), ..Policies::default() };
    for (at, asked) in asked.iter().enumerate() {
        match decide(&asked.request(), &applied) {
            Decision::Root => {}
            Decision::Allowed(StatementRef { policy, sid: _, number }) => {
                fared.used.entry((policy, number)).or_default().push(at);
            }
            Decision::Denied(Cause::ExplicitDeny(_, statement)) => fared.denied.push((at, statement)),
            Decision::Denied(Cause::NotAllowed(_)) => fared.missing.push(at),
        }
    }
    fared
}

/// The smallest statement that would allow what was asked for on `resource`, as JSON on several lines.
#[must_use]
pub fn needed_statement(asked: &Asked, resource: &str) -> String {
    let Access { action, resource: _, context } = &asked.access;
    super::advice::allowing(PolicyKind::Identity, asked.caller.arn.as_str(), action, resource, context)
}

/// The statements of `policy` that allow, with their numbers from 1. What denies is a guard, and is not there to be used.
pub fn allowing_statements<'a>(policy: &Named<'a>) -> impl Iterator<Item = (usize, &'a Statement)> {
    let statements = policy.document.statements.iter().enumerate();
    statements.filter(|(_, statement)| statement.effect == Effect::Allow).map(|(at, statement)| (at + 1, statement))
}

impl World {
    /// From now on keeps what is asked for, by whomever.
    pub fn keep_asked(&mut self) {
        self.asked.get_or_insert_default();
    }

    /// What was asked for since it is kept, each thing once and in order.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        self.asked.as_ref().map(|ledger| ledger.kept.as_slice()).unwrap_or_default()
    }

    /// The identity-based policies of a caller, by name, as they were written.
    #[must_use]
    pub fn policy_texts(&self, caller: &Caller) -> Vec<(String, String)> {
        let Some(profile) = self.profile_of(caller) else { return Vec::new() };
        let inline = profile.inline.iter().map(|(name, policy)| (name.clone(), policy.text.clone()));
        let attached =
            profile.attached.iter().filter_map(|arn| Some((arn.clone(), self.iam.managed_text(arn)?.to_owned())));
        inline.chain(attached).collect()
    }

    /// Notes `access` by `caller`, if it is kept and not known yet.
    pub(crate) fn note_asked(&mut self, caller: &Caller, access: &Access) {
        let Some(ledger) = &self.asked else { return };
        let resource = if access.resource == super::CALLER { caller.arn.as_str() } else { &access.resource };
        let known = ledger.kept.iter().any(|asked| {
            asked.caller.arn == caller.arn
                && asked.access.action == access.action
                && asked.access.resource == resource
                && asked.access.context == access.context
        });
        if known {
            return;
        }
        let Some(requester) = self.requester(caller) else { return };
        let asked = Asked {
            caller: caller.clone(),
            access: Access { resource: resource.to_owned(), ..access.clone() },
            decision: self.explain(caller, access),
            requester,
            context: self.conditions(caller, access),
        };
        if let Some(ledger) = &mut self.asked {
            ledger.kept.push(asked);
        }
    }

    fn profile_of(&self, caller: &Caller) -> Option<&Profile> {
        match &caller.principal {
            Principal::User { name } => self.iam.users.get(name).map(Entity::profile),
            Principal::Role { name, session: _ } => self.iam.roles.get(name).map(Entity::profile),
            Principal::Root | Principal::Anonymous => None,
        }
    }

    /// A user or a session of a role, as policies know it.
    fn requester(&self, caller: &Caller) -> Option<Requester> {
        let account = caller.account.clone();
        match &caller.principal {
            Principal::User { .. } => Some(Requester::User { account, arn: caller.arn.clone() }),
            Principal::Role { .. } => {
                let role = self.profile_of(caller)?.arn.clone();
                Some(Requester::Session { account, role, session: caller.arn.clone() })
            }
            Principal::Root | Principal::Anonymous => None,
        }
    }
}
