//! The rules of the listener between whose target groups ECS moves requests: one for production's, and one for test requests.
//!
//! How the requests are spread at the moment is ECS's, and is not compared.

use std::fmt;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, HttpHeaderConditionConfig, PathPatternConditionConfig, Rule,
    RuleCondition, TargetGroupTuple,
};

use super::listener::{Listener, targets};
use super::{Kind, Owner, ResourceId};
use crate::config::TestHeader;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent};
use crate::identifiers::{Identifiers, Made};
use crate::plan::{Blocker, Change, Draft};

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

    pub(crate) async fn observe(
        &self,
        account: &Account,
        listener_arn: &str,
    ) -> Result<Option<ListenerRuleState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeRules";
        let priority = self.requests.priority().to_string();
        let mut marker: Option<String> = None;
        loop {
            let request = account.elb.describe_rules().listener_arn(listener_arn).set_marker(marker);
            let page = request.send().await.called(OPERATION, &self.id())?;
            if let Some(found) = page.rules().iter().find(|rule| rule.priority() == Some(priority.as_str())) {
                return Ok(Some(ListenerRuleState {
                    arn: sent(found.rule_arn.clone(), "RuleArn", OPERATION, &self.id())?,
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

    /// Compares with the one that is there. A rule belongs to whom its load balancer belongs to (`owner`, none where that is
    /// still to be made); `target_groups` are the ARNs of the target groups, as far as there are any yet.
    pub(crate) fn plan(
        &self,
        owner: Option<&Owner>,
        target_groups: [Option<&str>; 2],
        found: Option<&ListenerRuleState>,
        draft: &mut Draft,
    ) {
        let Some(found) = found else {
            let change = Change::CreateRule(self.clone());
            let purpose = "ECS moves requests by it";
            match owner {
                None => draft.create(change, purpose),
                Some(owner) => {
                    let balancer = ResourceId::new(Kind::LoadBalancer, self.listener.load_balancer.as_str());
                    draft.add(owner, balancer, change, purpose);
                }
            }
            return;
        };
        let mut unusable = |why| draft.block(Blocker::Unusable { resource: self.id(), why });
        let wanted = self.requests.to_string();
        if found.takes != wanted {
            unusable(format!("it takes {}, not {wanted}", found.takes));
        }
        if let Some(other) = found.forwards_to.iter().find(|arn| !target_groups.contains(&Some(arn.as_str()))) {
            let [first, second] = &self.target_groups;
            unusable(format!("it forwards to {other}, not to target groups `{first}` and `{second}`"));
        }
    }

    pub(crate) async fn create(&self, account: &Account, identifiers: &Identifiers) -> Result<Made, CallError> {
        const OPERATION: &str = "elasticloadbalancing:CreateRule";
        let id = self.id();
        let mut forward = ForwardActionConfig::builder();
        for (group, weight) in self.target_groups.iter().zip([100, 0]) {
            let arn = identifiers.target_group(group, OPERATION, &id)?;
            forward = forward.target_groups(TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build());
        }
        let action = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(forward.build()).build();
        let answer = account
            .elb
            .create_rule()
            .listener_arn(identifiers.listener(OPERATION, &id)?)
            .priority(self.requests.priority())
            .conditions(self.requests.condition())
            .actions(action)
            .send()
            .await
            .called(OPERATION, &id)?;
        let made: Option<Rule> = answer.rules.unwrap_or_default().into_iter().next();
        let arn = sent(made.and_then(|made| made.rule_arn), "Rules[0].RuleArn", OPERATION, &id)?;
        Ok(Made::ListenerRule { name: id.name, arn })
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
