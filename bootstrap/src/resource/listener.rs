//! The listener that sends a load balancer's requests to the target group.

use std::fmt;
use std::num::NonZeroU16;

use aws_sdk_elasticloadbalancingv2::types::{Action as Forwarding, ActionTypeEnum, Listener as Found, ProtocolEnum};

use super::load_balancer::SEEN;
use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

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

impl ListenerState {
    /// As it is described; none where its ARN is left out.
    pub(crate) fn of(found: &Found) -> Option<Self> {
        Some(Self {
            arn: found.listener_arn.clone()?,
            protocol: found.protocol().map(|word| word.as_str().to_owned()).unwrap_or_default(),
            forwards_to: found.default_actions().iter().flat_map(targets).collect(),
        })
    }
}

impl Listener {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Listener, format!("{}:{}", self.load_balancer, self.port))
    }

    fn balancer(&self) -> ResourceId {
        ResourceId::new(Kind::LoadBalancer, self.load_balancer.as_str())
    }

    fn group(&self) -> ResourceId {
        ResourceId::new(Kind::TargetGroup, &self.target_group)
    }
}

/// What can be done about a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `elasticloadbalancing:CreateListener`.
    Create(Listener),
    /// `elasticloadbalancing:ModifyListener`.
    Forward(Listener),
    /// `elasticloadbalancing:DeleteListener`.
    Delete(Listener),
}

static DESCRIBE: Action = Action::everywhere("elasticloadbalancing:DescribeListeners", SEEN);
static CREATE: Action = Action::on("elasticloadbalancing:CreateListener", &["loadbalancer/app/"]);
static OWN: [Action; 2] = [
    Action::on("elasticloadbalancing:DeleteListener", &["listener/app/"]),
    Action::on("elasticloadbalancing:ModifyListener", &["listener/app/"]),
];

impl Managed for Listener {
    type State = ListenerState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        vec![self.balancer(), self.group()]
    }

    fn seen_through(&self) -> Option<ResourceId> {
        Some(self.balancer())
    }

    fn held_by(&self) -> Option<ResourceId> {
        Some(self.balancer())
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<ListenerState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeListeners";
        let Some(balancer) = sight.known.get(&self.balancer()) else { return Ok(None) };
        let request = sight.account.elb.describe_listeners().load_balancer_arn(balancer);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called(OPERATION, &Self::id(self))?;
            let port = Some(i32::from(self.port.get()));
            if let Some(found) = page.listeners().iter().find(|listener| listener.port() == port) {
                return sent(ListenerState::of(found), "ListenerArn", OPERATION, &Self::id(self)).map(Some);
            }
        }
        Ok(None)
    }

    fn owner(_: &mut ListenerState) -> Option<&mut Owner> {
        None
    }

    fn identify(&self, state: &ListenerState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&ListenerState>, known: &Identifiers, draft: &mut Draft) {
        if known.vpc().is_none() {
            return;
        }
        let Some(found) = found else {
            draft.missing(Change::Create(self.clone()), "the load balancer sends requests nowhere without it");
            return;
        };
        if found.protocol != ProtocolEnum::Http.as_str() {
            draft.unusable(format!("its protocol is `{}`, not `HTTP`", found.protocol));
        }
        let wanted = known.get(&self.group());
        if !matches!((found.forwards_to.as_slice(), wanted), ([only], Some(wanted)) if only == wanted) {
            let shown = if found.forwards_to.is_empty() { "nowhere".to_owned() } else { found.forwards_to.join(", ") };
            draft.differs(Change::Forward(self.clone()), "forwards to", &self.target_group, &shown);
        }
    }

    fn adopt(&self) -> Option<Change> {
        None
    }

    fn take_away(&self, _: &ListenerState, draft: &mut Draft) {
        draft.unwanted(Change::Delete(self.clone()), "it sent requests to the project's service");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        let arn = |kind: &str| location.arn("elasticloadbalancing", &format!("{kind}/app/{}/*", self.load_balancer));
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the listener."],
                actions: vec![&DESCRIBE],
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "LoadBalancer",
                purposes: vec!["Make its listener."],
                actions: vec![&CREATE],
                resources: vec![arn("loadbalancer")],
                conditions: vec![],
            },
            Statement {
                sid: "Listener",
                purposes: vec!["Mend and delete the load balancer's listeners."],
                actions: OWN.iter().collect(),
                resources: vec![arn("listener")],
                conditions: vec![],
            },
        ]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Create(listener) | Self::Forward(listener) | Self::Delete(listener) => listener.id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create(listener) | Self::Forward(listener) => Managed::needs(listener),
            Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (elb, resource) = (&hands.account.elb, self.resource());
        let forward = |listener: &Listener, operation| -> Result<Forwarding, CallError> {
            let target_group = hands.known.name(&listener.group(), operation, &resource)?;
            Ok(Forwarding::builder().r#type(ActionTypeEnum::Forward).target_group_arn(target_group).build())
        };
        match self {
            Self::Create(listener) => {
                const OPERATION: &str = "elasticloadbalancing:CreateListener";
                let answer = elb
                    .create_listener()
                    .load_balancer_arn(hands.known.name(&listener.balancer(), OPERATION, &resource)?)
                    .protocol(ProtocolEnum::Http)
                    .port(i32::from(listener.port.get()))
                    .default_actions(forward(listener, OPERATION)?)
                    .send()
                    .await
                    .called(OPERATION, &resource)?;
                let made = answer.listeners.unwrap_or_default().into_iter().next().and_then(|made| made.listener_arn);
                let made = sent(made, "Listeners[0].ListenerArn", OPERATION, &resource)?;
                return Ok(Made::Named(resource, made));
            }
            Self::Forward(listener) => {
                const OPERATION: &str = "elasticloadbalancing:ModifyListener";
                let arn = hands.known.name(&resource, OPERATION, &resource)?;
                let request = elb.modify_listener().listener_arn(arn).default_actions(forward(listener, OPERATION)?);
                request.send().await.called(OPERATION, &resource)?;
            }
            Self::Delete(_) => {
                const OPERATION: &str = "elasticloadbalancing:DeleteListener";
                let arn = hands.known.name(&resource, OPERATION, &resource)?;
                let answer = elb.delete_listener().listener_arn(arn).send().await;
                unless_absent(answer.called(OPERATION, &resource), &["ListenerNotFound"])?;
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
            Self::Forward(listener) => write!(f, "have {resource} forward to `{}`", listener.target_group),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}

/// The target groups that an action forwards to. AWS repeats a single one in both places.
pub(super) fn targets(action: &Forwarding) -> Vec<String> {
    let weighted = action.forward_config().map(|forward| forward.target_groups()).unwrap_or_default();
    let mut arns: Vec<String> = weighted.iter().filter_map(|group| group.target_group_arn.clone()).collect();
    if let Some(arn) = action.target_group_arn()
        && !arns.iter().any(|other| other == arn)
    {
        arns.push(arn.to_owned());
    }
    arns
}
