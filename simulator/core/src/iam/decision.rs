//! The decision whether a request is allowed: a function of the request and the policies that apply to it (facts/aws.md 6.1).

use std::fmt;

use super::policy::{Document, Effect, Reach, Request, Statement};

/// The policies that apply to one request.
#[derive(Clone, Debug, Default)]
pub struct Policies<'a> {
    /// Those of the user or the role.
    pub identity: Vec<Named<'a>>,
    /// The user's or role's permissions boundary.
    pub boundary: Option<Named<'a>>,
    /// The policies that were passed when the session began, which together cap it; none where none were.
    pub session: Vec<Named<'a>>,
    /// The policy of the resource.
    pub resource: Option<Named<'a>>,
    /// Whether the resource's policy must allow the request too, as a role's trust policy must.
    pub resource_decides: bool,
    /// Whether the resource is another account's than the requester's: then the policies of both accounts must allow the request.
    pub foreign: bool,
}

/// A policy and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// An inline policy's name, a managed policy's ARN, or what it is attached to.
    pub name: &'a str,
    /// The policy.
    pub document: &'a Document,
}

/// The statement that settled a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRef {
    /// Its policy's name.
    pub policy: String,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Its place in the policy, from 1.
    pub number: usize,
}

/// The kinds of policy that can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of a user or a role.
    Identity,
    /// Of a resource.
    Resource,
    /// A role's trust policy.
    Trust,
    /// A permissions boundary.
    Boundary,
    /// Of a session.
    Session,
}

/// What was decided, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The root user is allowed everything.
    Root,
    /// Allowed by this statement, and by nothing denied.
    Allowed(StatementRef),
    /// Denied.
    Denied(Cause),
}

/// Why a request was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This statement denies it.
    ExplicitDeny(PolicyKind, StatementRef),
    /// No statement in the policies of this kind allows it.
    NotAllowed(PolicyKind),
}

/// Decides. The order of policies and of statements does not matter, but for which of them is named.
#[must_use]
pub fn decide(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    let Policies { identity, boundary, session, resource, resource_decides, foreign } = policies;
    let resource_kind = if *resource_decides { PolicyKind::Trust } else { PolicyKind::Resource };
    let identities = identity.iter().map(|policy| (PolicyKind::Identity, policy));
    let sessions = session.iter().map(|policy| (PolicyKind::Session, policy));
    let others = boundary.iter().map(|policy| (PolicyKind::Boundary, policy)).chain(sessions);
    let others = others.chain(resource.iter().map(|policy| (resource_kind, policy)));
    for (kind, policy) in identities.chain(others) {
        if let Some((denial, _)) = policy.find(Effect::Deny, request) {
            return Decision::Denied(Cause::ExplicitDeny(kind, denial));
        }
    }

    let granted = resource.as_ref().and_then(|policy| policy.find(Effect::Allow, request));
    let granted = match granted {
        // However the other account names it, the requester's own account has to allow it, too.
        Some((allowance, _)) if *foreign => Some((allowance, Reach::Account)),
        granted => granted,
    };
    let must_be_granted = *resource_decides || *foreign;
    let needs_identity = match (granted, must_be_granted) {
        (Some((allowance, Reach::Direct)), _) => return Decision::Allowed(allowance),
        (Some((allowance, Reach::Anyone)), _) => Err(allowance),
        (Some((_, Reach::Account)), _) | (None, false) => Ok(()),
        (None, true) => return Decision::Denied(Cause::NotAllowed(resource_kind)),
    };
    let allowance = match needs_identity {
        Err(allowance) => allowance,
        Ok(()) => match identity.iter().find_map(|policy| policy.find(Effect::Allow, request)) {
            Some((allowance, _)) => allowance,
            None => return Decision::Denied(Cause::NotAllowed(PolicyKind::Identity)),
        },
    };
    for (kind, caps) in [(PolicyKind::Boundary, boundary.as_slice()), (PolicyKind::Session, session.as_slice())] {
        if !caps.is_empty() && !caps.iter().any(|cap| cap.find(Effect::Allow, request).is_some()) {
            return Decision::Denied(Cause::NotAllowed(kind));
        }
    }
    Decision::Allowed(allowance)
}

impl Named<'_> {
    /// The statement of this effect that covers the request and names the requester most closely; the first of equals.
    fn find(&self, effect: Effect, request: &Request<'_>) -> Option<(StatementRef, Reach)> {
        let mut best: Option<(usize, &Statement, Reach)> = None;
        for (at, statement) in self.document.statements.iter().enumerate() {
            if statement.effect != effect {
                continue;
            }
            let Some(reach) = statement.reach(request.requester) else { continue };
            if best.is_some_and(|(_, _, found)| found >= reach) || !statement.covers(request) {
                continue;
            }
            best = Some((at, statement, reach));
        }
        best.map(|(at, statement, reach)| {
            let policy = self.name.to_owned();
            (StatementRef { policy, sid: statement.sid.clone(), number: at + 1 }, reach)
        })
    }
}

impl Cause {
    /// The ending of AWS's message (facts/aws.md 6.2).
    #[must_use]
    pub fn sentence(&self, action: &str) -> String {
        match self {
            Self::ExplicitDeny(kind, _) => {
                let article = if *kind == PolicyKind::Identity { "an" } else { "a" };
                format!("with an explicit deny in {article} {kind}")
            }
            Self::NotAllowed(kind) => format!("because no {kind} allows the {action} action"),
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
        })
    }
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, sid, number } = self;
        match sid {
            Some(sid) => write!(f, "statement `{sid}` of policy `{policy}`"),
            None => write!(f, "statement {number} of policy `{policy}`"),
        }
    }
}

#[cfg(test)]
mod tests;
