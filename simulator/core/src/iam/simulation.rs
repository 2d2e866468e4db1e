//! The policy simulator: what policies would decide, without doing anything (`SimulateCustomPolicy`, `SimulatePrincipalPolicy`).
//!
//! Only the keys that the request brings count, and for a principal those that tell of it: the simulator does not know what a service
//! would add. Trust policies and organisations take no part.

use super::decision::{Cause, Decision, Named, Policies, decide};
use super::entity::{Entity, Profile};
use super::policy::{Context, Document, Effect, Position, Request, Requester, Statement, position};
use super::validate::{bad_marker, invalid, no_such, page_size};
use super::{Role, State, User};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// What is to be decided.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// The actions, such as `ecs:RunTask`.
    pub actions: Vec<String>,
    /// The resources; none stands for `*`.
    pub resources: Vec<String>,
    /// A permissions boundary, instead of the one that the principal has.
    pub boundaries: Vec<String>,
    /// The policy of the resources.
    pub resource_policy: Option<String>,
    /// Who would call; for a principal's simulation, none means the principal.
    pub caller: Option<String>,
    /// Condition keys with their values.
    pub context: Vec<(String, Vec<String>)>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most results of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

/// What came out for one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The action.
    pub action: String,
    /// The resource, or `*` where there were several.
    pub resource: String,
    /// Over all resources: the worst.
    pub outcome: Outcome,
    /// For each resource that was asked for.
    pub resources: Vec<Outcome>,
}

/// What came out for one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The resource.
    pub resource: String,
    /// `allowed`, `explicitDeny` or `implicitDeny`.
    pub decision: &'static str,
    /// The statements that made it so.
    pub matched: Vec<MatchedStatement>,
    /// Condition keys that the policies ask for and that were not brought.
    pub missing: Vec<String>,
    /// Whether the boundary allows it, where there is one.
    pub within_boundary: Option<bool>,
}

/// A statement that counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedStatement {
    /// `PolicyInputList.1`, a managed policy's name, or `user_ann_inline`.
    pub policy: String,
    /// `user`, `role`, `aws-managed`, `user-managed`, `resource` or `none` (botocore, `PolicySourceType`).
    pub kind: &'static str,
    /// Its first character.
    pub start: Position,
    /// Its last character.
    pub end: Position,
}

/// Simulates policies that are nobody's.
#[derive(Clone, Debug, Default)]
pub struct SimulateCustomPolicy {
    /// The identity policies.
    pub policies: Vec<String>,
    /// What is to be decided.
    pub simulation: Simulation,
}

impl Operation for SimulateCustomPolicy {
    type Output = Page<Evaluation>;
    const NAME: &'static str = "iam:SimulateCustomPolicy";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { policies, simulation } = authorized.operation;
        let caller = simulation.caller.as_deref();
        let requester = match caller {
            None if simulation.resource_policy.is_some() => {
                return Err(invalid("CallerArn must be given where a ResourcePolicy is."));
            }
            None => Requester::Root { account: world.account.clone() },
            Some(arn) => requester(world, arn)?,
        };
        let sources = inputs(policies)?;
        simulation.run(&requester, sources, None, Context::default())
    }
}

/// Simulates the policies that a user or role has, with others besides.
#[derive(Clone, Debug, Default)]
pub struct SimulatePrincipalPolicy {
    /// The user's or role's ARN.
    pub source: String,
    /// More identity policies.
    pub policies: Vec<String>,
    /// What is to be decided.
    pub simulation: Simulation,
}

impl Operation for SimulatePrincipalPolicy {
    type Output = Page<Evaluation>;
    const NAME: &'static str = "iam:SimulatePrincipalPolicy";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.source)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { source, policies, simulation } = authorized.operation;
        let (kind, profile) = world.iam.profile_of(&source)?;
        let requester = requester(world, simulation.caller.as_deref().unwrap_or(&source))?;
        let mut context = Context::default();
        context.fill("aws:PrincipalArn", profile.arn.as_str());
        context.fill("aws:PrincipalAccount", world.account.to_string());
        if kind == User::NOUN {
            context.fill("aws:username", &profile.name);
            context.fill("aws:userid", &profile.id);
        }
        for (key, value) in &profile.tags {
            context.fill(&format!("aws:PrincipalTag/{key}"), value);
        }
        let mut sources = world.iam.sources(kind, profile);
        sources.extend(inputs(policies)?);
        let boundary = profile.boundary.as_deref().and_then(|arn| world.iam.managed_source(arn));
        simulation.run(&requester, sources, boundary, context)
    }
}

/// A policy that takes part, with its text.
struct Source {
    name: String,
    kind: &'static str,
    text: String,
    document: Document,
}

impl Simulation {
    fn run(
        self,
        requester: &Requester,
        identity: Vec<Source>,
        boundary: Option<Source>,
        mut context: Context,
    ) -> Result<Page<Evaluation>, Refusal> {
        let Self { actions, resources, mut boundaries, resource_policy, caller: _, context: keys, marker, max_items } =
            self;
        for action in &actions {
            if action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
                return Err(invalid(format!("Invalid action name: {action}")));
            }
        }
        if boundaries.len() > 1 {
            return Err(invalid("PermissionsBoundaryPolicyInputList must have at most one policy."));
        }
        let boundary = match boundaries.pop() {
            None => boundary,
            Some(text) => Some(Source::read("PermissionsBoundaryPolicyInputList.1", text, Document::identity)?),
        };
        let resource =
            resource_policy.map(|text| Source::read("ResourcePolicy", text, Document::resource)).transpose()?;
        let resource = resource.map(|policy| Source { kind: "resource", ..policy });
        for (key, values) in keys {
            values.into_iter().for_each(|value| context.add(&key, value));
        }
        let parts = Parts { requester, identity, boundary, resource, context };
        let width = actions.len().to_string().len();
        let results = actions
            .into_iter()
            .enumerate()
            .map(|(at, action)| (format!("{at:0width$}"), parts.evaluate(action, &resources)));
        page(results, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// Everything that takes part in a simulation.
struct Parts<'a> {
    requester: &'a Requester,
    identity: Vec<Source>,
    boundary: Option<Source>,
    resource: Option<Source>,
    context: Context,
}

impl Parts<'_> {
    fn evaluate(&self, action: String, resources: &[String]) -> Evaluation {
        let outcomes: Vec<Outcome> = resources.iter().map(|resource| self.outcome(&action, resource)).collect();
        let rank = |outcome: &&Outcome| match outcome.decision {
            "allowed" => 0,
            "implicitDeny" => 1,
            _ => 2,
        };
        let worst = outcomes.iter().max_by_key(rank).cloned().unwrap_or_else(|| self.outcome(&action, "*"));
        let resource = if let [only] = resources { only.clone() } else { "*".to_owned() };
        Evaluation { action, resource, outcome: worst, resources: outcomes }
    }

    fn outcome(&self, action: &str, resource: &str) -> Outcome {
        let Self { requester, identity, boundary, resource: resource_policy, context } = self;
        let request = Request { requester, action, resource, context };
        let policies = Policies {
            identity: identity.iter().map(Source::named).collect(),
            boundary: boundary.as_ref().map(Source::named),
            session: Vec::new(),
            resource: resource_policy.as_ref().map(Source::named),
            resource_decides: false,
            foreign: requester.account().is_some_and(|own| {
                let owner = resource.split(':').nth(4).unwrap_or_default();
                !owner.is_empty() && !owner.contains('*') && owner != own.to_string()
            }),
        };
        let (decision, effect) = match decide(&request, &policies) {
            Decision::Root | Decision::Allowed(_) => ("allowed", Some(Effect::Allow)),
            Decision::Denied(Cause::ExplicitDeny(..)) => ("explicitDeny", Some(Effect::Deny)),
            Decision::Denied(Cause::NotAllowed(_)) => ("implicitDeny", None),
        };
        let sources = || identity.iter().chain(resource_policy);
        let matched = sources().flat_map(|source| source.matched(effect, &request)).collect();
        let mut missing: Vec<String> = sources().flat_map(|source| source.missing(&request)).collect();
        missing.sort();
        missing.dedup();
        let within_boundary = boundary.as_ref().map(|boundary| {
            boundary.matched(Some(Effect::Deny), &request).is_empty()
                && !boundary.matched(Some(Effect::Allow), &request).is_empty()
        });
        Outcome { resource: resource.to_owned(), decision, matched, missing, within_boundary }
    }
}

impl Source {
    fn read(
        name: &str,
        text: String,
        read: impl Fn(&str) -> Result<Document, super::policy::Malformed>,
    ) -> Result<Self, Refusal> {
        let document = read(&text).map_err(|malformed| invalid(malformed.0))?;
        Ok(Self { name: name.to_owned(), kind: "none", text, document })
    }

    fn named(&self) -> Named<'_> {
        Named { name: &self.name, document: &self.document }
    }

    /// Its statements of this effect that the request meets.
    fn matched(&self, effect: Option<Effect>, request: &Request<'_>) -> Vec<MatchedStatement> {
        let places = position::statements(&self.text);
        let statements = self.document.statements.iter().zip(places);
        let meets = |statement: &Statement| {
            Some(statement.effect) == effect
                && statement.reach(request.requester).is_some()
                && statement.covers(request)
        };
        let matched = statements.filter(|(statement, _)| meets(statement));
        let describe = |start, end| MatchedStatement { policy: self.name.clone(), kind: self.kind, start, end };
        matched.map(|(_, (start, end))| describe(start, end)).collect()
    }

    /// Keys that its statements about the action and resource ask for and the request lacks.
    fn missing(&self, request: &Request<'_>) -> Vec<String> {
        let asking = self.document.statements.iter().filter(|statement| statement.concerns(request));
        let keys = asking.flat_map(|statement| statement.conditions.iter().map(|condition| condition.written_key()));
        keys.filter(|key| request.context.values(key).is_none()).map(str::to_owned).collect()
    }
}

impl State {
    /// The user or role with the ARN `arn`, and which of both it is.
    fn profile_of(&self, arn: &str) -> Result<(&'static str, &Profile), Refusal> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let (kind, rest) = resource.split_once('/').ok_or_else(|| invalid(format!("ARN {arn} is not valid.")))?;
        let name = rest.rsplit('/').next().unwrap_or_default();
        let found = match kind {
            User::NOUN => self.users.get(name).map(|user| (User::NOUN, user.profile())),
            Role::NOUN => self.roles.get(name).map(|role| (Role::NOUN, role.profile())),
            "group" => return Err(Refusal::NotSimulated { what: format!("the group `{arn}`") }),
            _ => return Err(invalid(format!("ARN {arn} is not valid."))),
        };
        let found = found.filter(|(_, profile)| profile.arn.as_str() == arn);
        found.ok_or_else(|| no_such(format!("The {kind} with name {name} cannot be found.")))
    }

    fn sources(&self, kind: &'static str, profile: &Profile) -> Vec<Source> {
        let inline = profile.inline.iter().map(|(name, policy)| Source {
            name: format!("{kind}_{}_{name}", profile.name),
            kind,
            text: policy.text.clone(),
            document: policy.document.clone(),
        });
        inline.chain(profile.attached.iter().filter_map(|arn| self.managed_source(arn))).collect()
    }

    fn managed_source(&self, arn: &str) -> Option<Source> {
        let document = self.managed(arn)?.document.clone();
        let kind = if arn.starts_with("arn:aws:iam::aws:") { "aws-managed" } else { "user-managed" };
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        Some(Source { name, kind, text: self.managed_text(arn)?.to_owned(), document })
    }
}

fn inputs(policies: Vec<String>) -> Result<Vec<Source>, Refusal> {
    let numbered = policies.into_iter().zip(1..);
    numbered
        .map(|(text, number)| Source::read(&format!("PolicyInputList.{number}"), text, Document::identity))
        .collect()
}

/// Who the ARN `arn` stands for.
fn requester(world: &World, arn: &str) -> Result<Requester, Refusal> {
    let account = world.account.clone();
    let arn: Arn = arn.parse().map_err(|_| invalid(format!("ARN {arn} is not valid.")))?;
    if arn.resource() == "root" {
        return Ok(Requester::Root { account });
    }
    if arn.resource().starts_with("role/") {
        return Ok(Requester::Session { account, role: arn.clone(), session: arn });
    }
    Ok(Requester::User { account, arn })
}
