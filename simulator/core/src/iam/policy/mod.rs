//! Policy documents, parsed into types that cannot be wrong.
//!
//! [`Document::identity`], [`Document::trust`] and [`Document::resource`] read the JSON and refuse it in AWS's words; everything
//! after that works on the types below.

mod condition;
mod context;
mod date;
mod grammar;
mod parse;
mod pattern;
pub(super) mod position;
mod principal;
mod resource;
#[cfg(test)]
mod tests;
mod value;

pub use condition::Condition;
pub use context::Context;
pub use parse::Malformed;
pub use pattern::Pattern;
pub use position::Position;
pub use principal::{PrincipalPattern, Reach, Requester};
pub use resource::ResourcePattern;

pub(super) use date::iso8601;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name, unique in the policy.
    pub sid: Option<String>,
    /// What it does to the requests that it covers.
    pub effect: Effect,
    /// Whom it is about; none in a policy that belongs to an identity.
    pub principals: Option<Selection<PrincipalPattern>>,
    /// The actions, in lower case.
    pub actions: Selection<Pattern>,
    /// The resources; none in a trust policy, which is about its role.
    pub resources: Option<Selection<ResourcePattern>>,
    /// What must hold besides, all of it.
    pub conditions: Vec<Condition>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever any other statement allows.
    Deny,
}

/// What an element and its `Not…` form name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<T> {
    /// Any of these.
    Only(Vec<T>),
    /// None of these.
    AllBut(Vec<T>),
}

impl<T> Selection<T> {
    /// Whether something is selected, given which entries match it.
    pub fn selects(&self, matches: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::Only(entries) => entries.iter().any(matches),
            Self::AllBut(entries) => !entries.iter().any(matches),
        }
    }
}

/// One thing that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub requester: &'a Requester,
    /// The action, such as `ecs:UpdateService`.
    pub action: &'a str,
    /// The ARN, or `*`.
    pub resource: &'a str,
    /// The condition keys.
    pub context: &'a Context,
}

impl Statement {
    /// Whether the statement is about `request`, not counting its principals.
    #[must_use]
    pub fn covers(&self, request: &Request<'_>) -> bool {
        let Self { sid: _, effect: _, principals: _, actions, resources, conditions } = self;
        actions.selects(|action| action.matches_ignoring_case(request.action, request.context))
            && resources.as_ref().is_none_or(|resources| {
                resources.selects(|resource| resource.matches(request.resource, request.context))
            })
            && conditions.iter().all(|condition| condition.holds(request.context))
    }

    /// Whether the statement is about the action and the resource of `request`, whatever its conditions.
    #[must_use]
    pub fn concerns(&self, request: &Request<'_>) -> bool {
        let unconditional = Self { conditions: Vec::new(), ..self.clone() };
        unconditional.covers(request)
    }

    /// How the statement's principals name the requester; nothing if they do not. A statement without principals is about
    /// whoever the policy belongs to.
    #[must_use]
    pub fn reach(&self, requester: &Requester) -> Option<Reach> {
        match &self.principals {
            None => Some(Reach::Anyone),
            Some(Selection::Only(principals)) => {
                principals.iter().filter_map(|principal| principal.reach(requester)).max()
            }
            Some(Selection::AllBut(principals)) => {
                let named = principals.iter().any(|principal| principal.reach(requester).is_some());
                (!named).then_some(Reach::Anyone)
            }
        }
    }
}

impl Document {
    /// The ARNs of users, roles and sessions that its statements name as principals.
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        let principals = self.statements.iter().filter_map(|statement| statement.principals.as_ref());
        principals
            .flat_map(|principals| match principals {
                Selection::Only(entries) | Selection::AllBut(entries) => entries.iter(),
            })
            .filter_map(|principal| match principal {
                PrincipalPattern::Arn(arn) => Some(arn.as_str()),
                PrincipalPattern::Anyone
                | PrincipalPattern::Account(_)
                | PrincipalPattern::Service(_)
                | PrincipalPattern::Federated(_)
                | PrincipalPattern::CanonicalUser(_) => None,
            })
    }
}
