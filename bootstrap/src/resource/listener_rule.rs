//! The rules of the listener between whose target groups ECS moves requests: one for production's, and one for test requests.
//!
//! How the requests are spread at the moment is ECS's, and is not compared.

use std::fmt;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as Forwarding, ActionTypeEnum, ForwardActionConfig, HttpHeaderConditionConfig, PathPatternConditionConfig,
    Rule, RuleCondition, TargetGroupTuple,
};

use super::listener::{Listener, targets};
use super::load_balancer::SEEN;
use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, Owner, ResourceId};
use crate::config::TestHeader;
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

/// A rule that should be. It begins with everything going to the first of two target groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerRule {
    /// Its listener.
    pub listener: Listener,
    /// Whose requests it takes.
    pub requests: Requests,
    /// The names of the target groups: the one that all requests go to at first, and the other.
    pub target_groups: [String; 2],
}

/// Whose requests a rule takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requests {
    /// Those with a header of this value.
    Test(TestHeader),
    /// All others.
    Production,
}

/// The rule that is at the wanted priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerRuleState {
    /// Its ARN.
    pub arn: String,
    /// Which requests it takes, as [`Requests`] prints.
    pub takes: String,
    /// The ARNs of the target groups that it forwards to, whatever their weight.
    pub forwards_to: Vec<String>,
}

impl Requests {
    /// The rule's priority: test requests are looked for first.
    fn priority(&self) -> i32 {
        match self {
            Self::Test(_) => 10,
            Self::Production => 20,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Test(_) => "test",
            Self::Production => "production",
        }
    }

    fn condition(&self) -> RuleCondition {
        match self {
            Self::Test(TestHeader { name, value }) => RuleCondition::builder()
                .field("http-header")
                .http_header_config(
                    HttpHeaderConditionConfig::builder().http_header_name(name.as_str()).values(value.as_str()).build(),
                )
                .build(),
            Self::Production => RuleCondition::builder()
                .field("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().values("/*").build())
                .build(),
        }
    }
}

/// Which requests, as in "it takes …".
impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&takes(&[self.condition()]))
    }
}

impl ListenerRule {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        let Listener { load_balancer, target_group: _, port } = &self.listener;
        ResourceId::new(Kind::ListenerRule, format!("{load_balancer}:{port}/{}", self.requests.word()))
    }

    fn groups(&self) -> impl Iterator<Item = ResourceId> {
        self.target_groups.iter().map(|group| ResourceId::new(Kind::TargetGroup, group))
    }
}

/// What can be done about a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `elasticloadbalancing:CreateRule`.
    Create(ListenerRule),
    /// `elasticloadbalancing:ModifyRule`, of its conditions: where requests go at the moment is ECS's.
    SetCondition(ListenerRule),
    /// `elasticloadbalancing:DeleteRule`.
    Delete(ListenerRule),
}

static DESCRIBE: Action = Action::everywhere("elasticloadbalancing:DescribeRules", SEEN);
static CREATE: Action = Action::on("elasticloadbalancing:CreateRule", &["listener/app/"]);
static OWN: [Action; 2] = [
    Action::on("elasticloadbalancing:DeleteRule", &["listener-rule/app/"]),
    Action::on("elasticloadbalancing:ModifyRule", &["listener-rule/app/"]),
];

impl Managed for ListenerRule {
    type State = ListenerRuleState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["weights"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        std::iter::once(self.listener.id()).chain(self.groups()).collect()
    }

    fn seen_through(&self) -> Option<ResourceId> {
        Some(self.listener.id())
    }

    fn held_by(&self) -> Option<ResourceId> {
        self.listener.held_by()
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<ListenerRuleState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeRules";
        let Some(listener) = sight.known.get(&self.listener.id()) else { return Ok(None) };
        let priority = self.requests.priority().to_string();
        let mut marker: Option<String> = None;
        loop {
            let request = sight.account.elb.describe_rules().listener_arn(listener).set_marker(marker);
            let page = request.send().await.called(OPERATION, &Self::id(self))?;
            if let Some(found) = page.rules().iter().find(|rule| rule.priority() == Some(priority.as_str())) {
                return Ok(Some(ListenerRuleState {
                    arn: sent(found.rule_arn.clone(), "RuleArn", OPERATION, &Self::id(self))?,
                    takes: takes(found.conditions()),
                    forwards_to: found.actions().iter().flat_map(targets).collect(),
                }));
            }
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    fn owner(_: &mut ListenerRuleState) -> Option<&mut Owner> {
        None
    }

    fn identify(&self, state: &ListenerRuleState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&ListenerRuleState>, known: &Identifiers, draft: &mut Draft) {
        if known.vpc().is_none() {
            return;
        }
        let Some(found) = found else {
            draft.missing(Change::Create(self.clone()), "ECS moves requests by it");
            return;
        };
        let wanted = self.requests.to_string();
        if found.takes != wanted {
            draft.differs(Change::SetCondition(self.clone()), "takes", &wanted, &found.takes);
        }
        let ours: Vec<ResourceId> = self.groups().collect();
        let is_ours = |arn: &&String| ours.iter().any(|group| known.get(group) == Some(arn.as_str()));
        if let Some(other) = found.forwards_to.iter().find(|arn| !is_ours(arn)) {
            let [first, second] = &self.target_groups;
            draft.unusable(format!("it forwards to {other}, not to target groups `{first}` and `{second}`"));
        }
    }

    fn adopt(&self) -> Option<Change> {
        None
    }

    fn take_away(&self, _: &ListenerRuleState, draft: &mut Draft) {
        draft.unwanted(Change::Delete(self.clone()), "ECS moved requests by it");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        let balancer = &self.listener.load_balancer;
        let arn = |kind: &str| location.arn("elasticloadbalancing", &format!("{kind}/app/{balancer}/*"));
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the listener's rules."],
                actions: vec![&DESCRIBE],
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "Listener",
                purposes: vec!["Make the listener's rules."],
                actions: vec![&CREATE],
                resources: vec![arn("listener")],
                conditions: vec![],
            },
            Statement {
                sid: "Rules",
                purposes: vec!["Mend and delete the listener's rules."],
                actions: OWN.iter().collect(),
                resources: vec![arn("listener-rule")],
                conditions: vec![],
            },
        ]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Create(rule) | Self::SetCondition(rule) | Self::Delete(rule) => rule.id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create(rule) => Managed::needs(rule),
            Self::SetCondition(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (elb, id) = (&hands.account.elb, self.resource());
        match self {
            Self::Create(rule) => {
                const OPERATION: &str = "elasticloadbalancing:CreateRule";
                let mut forward = ForwardActionConfig::builder();
                for (group, weight) in rule.groups().zip([100, 0]) {
                    let arn = hands.known.name(&group, OPERATION, &id)?;
                    let tuple = TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build();
                    forward = forward.target_groups(tuple);
                }
                let action = Forwarding::builder().r#type(ActionTypeEnum::Forward).forward_config(forward.build());
                let answer = elb
                    .create_rule()
                    .listener_arn(hands.known.name(&rule.listener.id(), OPERATION, &id)?)
                    .priority(rule.requests.priority())
                    .conditions(rule.requests.condition())
                    .actions(action.build())
                    .send()
                    .await
                    .called(OPERATION, &id)?;
                let made: Option<Rule> = answer.rules.unwrap_or_default().into_iter().next();
                let arn = sent(made.and_then(|made| made.rule_arn), "Rules[0].RuleArn", OPERATION, &id)?;
                return Ok(Made::Named(id, arn));
            }
            Self::SetCondition(rule) => {
                const OPERATION: &str = "elasticloadbalancing:ModifyRule";
                let request = elb.modify_rule().rule_arn(hands.known.name(&id, OPERATION, &id)?);
                request.conditions(rule.requests.condition()).send().await.called(OPERATION, &id)?;
            }
            Self::Delete(_) => {
                const OPERATION: &str = "elasticloadbalancing:DeleteRule";
                let answer = elb.delete_rule().rule_arn(hands.known.name(&id, OPERATION, &id)?).send().await;
                unless_absent(answer.called(OPERATION, &id), &["RuleNotFound"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(_) => write!(f, "create {resource}"),
            Self::SetCondition(rule) => write!(f, "have {resource} take {}", rule.requests),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}

/// The conditions of a rule in words. AWS repeats the values of some in two places.
fn takes(conditions: &[RuleCondition]) -> String {
    let words = conditions.iter().map(|condition| {
        let header = condition.http_header_config().and_then(HttpHeaderConditionConfig::http_header_name);
        let configured = condition.path_pattern_config().map(PathPatternConditionConfig::values);
        let configured = configured.or_else(|| condition.http_header_config().map(HttpHeaderConditionConfig::values));
        let values = configured.unwrap_or_else(|| condition.values()).join("`, `");
        match (condition.field().unwrap_or_default(), header) {
            ("path-pattern", _) => format!("the paths `{values}`"),
            (_, Some(header)) => format!("requests with `{header}: {values}`"),
            (field, None) => format!("{field} `{values}`"),
        }
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "everything".to_owned() } else { words.join(" and ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::name::{HeaderName, HeaderValue};

    #[test]
    fn conditions_are_the_same_however_aws_writes_them() {
        let name = HeaderName::parse("x-release").expect("a name");
        let value = HeaderValue::parse("next").expect("a value");
        let header = Requests::Test(TestHeader { name, value });
        assert_eq!(header.to_string(), "requests with `x-release: next`");
        assert_eq!(Requests::Production.to_string(), "the paths `/*`");
        let short = RuleCondition::builder().field("path-pattern").values("/*").build();
        assert_eq!(takes(&[short]), Requests::Production.to_string());
        let other = RuleCondition::builder().field("host-header").values("a.example").values("b.example").build();
        assert_eq!(takes(&[other]), "host-header `a.example`, `b.example`");
        assert_eq!(takes(&[]), "everything");
    }
}
