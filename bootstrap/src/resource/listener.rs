//! The listener that sends a load balancer's requests to the target group.

use std::num::NonZeroU16;

use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, ProtocolEnum};

use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent};
use crate::identifiers::{Identifiers, Made};
use crate::plan::{Blocker, Change, Draft};

/// The listener that should be: it forwards everything to one target group, over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The name of the load balancer.
    pub load_balancer: ProjectName,
    /// The name of the target group.
    pub target_group: String,
    /// The port that it listens on.
    pub port: NonZeroU16,
}

/// The listener that is on the wanted port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerState {
    /// Its ARN.
    pub arn: String,
    /// `HTTP`, `HTTPS` and others.
    pub protocol: String,
    /// The ARNs of the target groups that its default action forwards to.
    pub forwards_to: Vec<String>,
}

impl Listener {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Listener, format!("{}:{}", self.load_balancer, self.port))
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        load_balancer_arn: &str,
    ) -> Result<Option<ListenerState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeListeners";
        let request = account.elb.describe_listeners().load_balancer_arn(load_balancer_arn);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called(OPERATION, &self.id())?;
            let port = Some(i32::from(self.port.get()));
            if let Some(found) = page.listeners().iter().find(|listener| listener.port() == port) {
                return Ok(Some(ListenerState {
                    arn: sent(found.listener_arn.clone(), "ListenerArn", OPERATION, &self.id())?,
                    protocol: found.protocol().map(|word| word.as_str().to_owned()).unwrap_or_default(),
                    forwards_to: found.default_actions().iter().flat_map(targets).collect(),
                }));
            }
        }
        Ok(None)
    }

    /// Compares with the one that is there. A listener belongs to whom its load balancer belongs to (`owner`, none where
    /// that is still to be made); `target_group` is the ARN of the target group, if there is one yet.
    pub(crate) fn plan(
        &self,
        owner: Option<&Owner>,
        target_group: Option<&str>,
        found: Option<&ListenerState>,
        draft: &mut Draft,
    ) {
        let Some(found) = found else {
            let change = Change::CreateListener(self.clone());
            let purpose = "the load balancer sends requests nowhere without it";
            match owner {
                None => draft.create(change, purpose),
                Some(owner) => {
                    draft.add(owner, ResourceId::new(Kind::LoadBalancer, self.load_balancer.as_str()), change, purpose);
                }
            }
            return;
        };
        let mut unusable = |why| draft.block(Blocker::Unusable { resource: self.id(), why });
        if found.protocol != ProtocolEnum::Http.as_str() {
            unusable(format!("its protocol is `{}`, not `HTTP`", found.protocol));
        }
        if !matches!((found.forwards_to.as_slice(), target_group), ([only], Some(wanted)) if only == wanted) {
            let found = if found.forwards_to.is_empty() { "nowhere".to_owned() } else { found.forwards_to.join(", ") };
            unusable(format!("it forwards to {found}, not to target group `{}`", self.target_group));
        }
    }

    pub(crate) async fn create(&self, account: &Account, identifiers: &Identifiers) -> Result<Made, CallError> {
        const OPERATION: &str = "elasticloadbalancing:CreateListener";
        let target_group = identifiers.target_group(&self.target_group, OPERATION, &self.id())?;
        let action = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(target_group).build();
        let answer = account
            .elb
            .create_listener()
            .load_balancer_arn(&identifiers.load_balancer(OPERATION, &self.id())?.arn)
            .protocol(ProtocolEnum::Http)
            .port(i32::from(self.port.get()))
            .default_actions(action)
            .send()
            .await
            .called(OPERATION, &self.id())?;
        let made = answer.listeners.unwrap_or_default().into_iter().next().and_then(|made| made.listener_arn);
        Ok(Made::Listener { arn: sent(made, "Listeners[0].ListenerArn", OPERATION, &self.id())? })
    }
}

/// The target groups that an action forwards to. AWS repeats a single one in both places.
pub(super) fn targets(action: &Action) -> Vec<String> {
    let weighted = action.forward_config().map(|forward| forward.target_groups()).unwrap_or_default();
    let mut arns: Vec<String> = weighted.iter().filter_map(|group| group.target_group_arn.clone()).collect();
    if let Some(arn) = action.target_group_arn()
        && !arns.iter().any(|other| other == arn)
    {
        arns.push(arn.to_owned());
    }
    arns
}
