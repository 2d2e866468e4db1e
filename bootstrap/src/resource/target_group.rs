//! The target group that the service's tasks are registered in.

use std::fmt;
use std::num::NonZeroU16;

use aws_sdk_elasticloadbalancingv2::types::{Matcher, ProtocolEnum, TargetGroup as Found, TargetTypeEnum};

use super::load_balancer::{SEEN, add_tag, owner, tag};
use super::managed::{Alteration, Hands, Managed, Sight};
use super::network::DefaultNetwork;
use super::{Kind, Owner, ResourceId};
use crate::config::name::{HealthCheckPath, ProjectName};
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

/// How Elastic Load Balancing asks targets by default: every so many seconds, for so many at most, until so many answers
/// in a row, with which codes (Elastic Load Balancing API reference, `CreateTargetGroup`, target type `ip`, protocol HTTP).
const INTERVAL: i32 = 30;
const TIMEOUT: i32 = 5;
const HEALTHY_AFTER: i32 = 5;
const UNHEALTHY_AFTER: i32 = 2;
const CODES: &str = "200";

/// The target group that should be. Its targets are addresses, since each task has one of its own; they are asked over
/// HTTP whether they are healthy, as often as AWS asks by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its name.
    pub name: String,
    /// The port that targets listen on.
    pub port: NonZeroU16,
    /// The path of the health check.
    pub health_check_path: HealthCheckPath,
    /// What it is for.
    pub purpose: &'static str,
}

/// The target group that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroupState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// `HTTP`, `HTTPS`, `TCP` and others.
    pub protocol: String,
    /// `ip`, `instance`, `lambda` or `alb`.
    pub target_type: String,
    /// The port that targets listen on unless they are registered with another.
    pub port: Option<i32>,
    /// The health check in words.
    pub health_check: String,
}

/// What can be done about a target group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `elasticloadbalancing:CreateTargetGroup`.
    Create {
        /// The target group.
        target_group: TargetGroup,
        /// The VPC that it goes into.
        vpc_id: String,
    },
    /// `elasticloadbalancing:ModifyTargetGroup`.
    SetHealthCheck(TargetGroup),
    /// `elasticloadbalancing:AddTags`.
    Tag(TargetGroup),
    /// `elasticloadbalancing:DeleteTargetGroup`.
    Delete(TargetGroup),
}

const TARGET_GROUP: &[&str] = &["targetgroup/"];
static DESCRIBE: [Action; 2] = [
    Action::everywhere("elasticloadbalancing:DescribeTargetGroups", SEEN),
    Action::everywhere("elasticloadbalancing:DescribeTags", SEEN),
];
static ACTIONS: [Action; 4] = [
    Action::on("elasticloadbalancing:AddTags", TARGET_GROUP),
    Action::on("elasticloadbalancing:CreateTargetGroup", TARGET_GROUP),
    Action::on("elasticloadbalancing:DeleteTargetGroup", TARGET_GROUP),
    Action::on("elasticloadbalancing:ModifyTargetGroup", TARGET_GROUP),
];

impl TargetGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::TargetGroup, &self.name)
    }

    /// The health check that should be, in words.
    #[must_use]
    pub fn health_check(&self) -> String {
        in_words(self.health_check_path.as_str(), "HTTP", INTERVAL, TIMEOUT, HEALTHY_AFTER, UNHEALTHY_AFTER, CODES)
    }
}

fn in_words(
    path: &str,
    protocol: &str,
    interval: i32,
    timeout: i32,
    healthy: i32,
    unhealthy: i32,
    codes: &str,
) -> String {
    format!(
        "{path} over {protocol} every {interval} s for {timeout} s, healthy after {healthy}, unhealthy after {unhealthy}, codes {codes}"
    )
}

fn health_check_of(found: &Found) -> String {
    in_words(
        found.health_check_path().unwrap_or_default(),
        found.health_check_protocol().map_or("", ProtocolEnum::as_str),
        found.health_check_interval_seconds().unwrap_or_default(),
        found.health_check_timeout_seconds().unwrap_or_default(),
        found.healthy_threshold_count().unwrap_or_default(),
        found.unhealthy_threshold_count().unwrap_or_default(),
        found.matcher().and_then(Matcher::http_code).unwrap_or_default(),
    )
}

impl Managed for TargetGroup {
    type State = TargetGroupState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["targets"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        vec![DefaultNetwork.id()]
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<TargetGroupState>, CallError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeTargetGroups";
        let id = Self::id(self);
        let answer = sight.account.elb.describe_target_groups().names(&self.name).send().await;
        let answer = unless_absent(answer.called(OPERATION, &id), &["TargetGroupNotFound"])?;
        let Some(found) = answer.and_then(|found| found.target_groups.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        let health_check = health_check_of(&found);
        let arn = sent(found.target_group_arn, "TargetGroupArn", OPERATION, &id)?;
        Ok(Some(TargetGroupState {
            owner: owner(sight.account, &arn, &id, sight.project).await?,
            arn,
            vpc_id: found.vpc_id.unwrap_or_default(),
            protocol: found.protocol.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            target_type: found.target_type.map(|word| word.as_str().to_owned()).unwrap_or_default(),
            port: found.port,
            health_check,
        }))
    }

    fn owner(state: &mut TargetGroupState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &TargetGroupState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&TargetGroupState>, known: &Identifiers, draft: &mut Draft) {
        let Some(vpc_id) = known.vpc() else { return };
        let Some(found) = found else {
            draft.missing(Change::Create { target_group: self.clone(), vpc_id: vpc_id.to_owned() }, self.purpose);
            return;
        };
        if found.target_type != TargetTypeEnum::Ip.as_str() {
            draft.unusable(format!("its targets are of type `{}`; tasks need `ip`", found.target_type));
        }
        if found.protocol != ProtocolEnum::Http.as_str() {
            draft.unusable(format!("its protocol is `{}`, not `HTTP`", found.protocol));
        }
        if found.vpc_id != vpc_id {
            draft.unusable(format!("it is in VPC `{}`, not in `{vpc_id}`", found.vpc_id));
        }
        // A port is for ever; ECS registers tasks with their own.
        if found.port != Some(i32::from(self.port.get())) {
            let port = found.port.map_or_else(|| "none".to_owned(), |port| port.to_string());
            draft.left("port", &self.port.to_string(), &port);
        }
        let wanted = self.health_check();
        if found.health_check != wanted {
            draft.differs(Change::SetHealthCheck(self.clone()), "health check", &wanted, &found.health_check);
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, _: &TargetGroupState, draft: &mut Draft) {
        draft.unwanted(Change::Delete(self.clone()), self.purpose);
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the target groups."],
                actions: DESCRIBE.iter().collect(),
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "TargetGroups",
                purposes: vec!["Make, mend and delete the target groups. The end of an ARN is AWS's to choose."],
                actions: ACTIONS.iter().collect(),
                resources: vec![location.arn("elasticloadbalancing", &format!("targetgroup/{}/*", self.name))],
                conditions: vec![],
            },
        ]
    }
}

impl Change {
    /// The target group.
    pub(crate) fn target_group(&self) -> &TargetGroup {
        match self {
            Self::Create { target_group, vpc_id: _ }
            | Self::SetHealthCheck(target_group)
            | Self::Tag(target_group)
            | Self::Delete(target_group) => target_group,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::SetHealthCheck(target_group) => ResourceId::new(Kind::HealthCheck, &target_group.name),
            Self::Create { .. } | Self::Tag(_) | Self::Delete(_) => self.target_group().id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::SetHealthCheck(target_group) => vec![target_group.id()],
            Self::Create { .. } | Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (elb, resource, group) = (&hands.account.elb, self.resource(), self.target_group());
        match self {
            Self::Create { vpc_id, .. } => {
                const OPERATION: &str = "elasticloadbalancing:CreateTargetGroup";
                let answer = elb
                    .create_target_group()
                    .name(&group.name)
                    .protocol(ProtocolEnum::Http)
                    .port(i32::from(group.port.get()))
                    .vpc_id(vpc_id)
                    .target_type(TargetTypeEnum::Ip)
                    .health_check_path(group.health_check_path.as_str())
                    .tags(tag(hands.project))
                    .send()
                    .await
                    .called(OPERATION, &resource)?;
                let made = answer.target_groups.unwrap_or_default().into_iter().next();
                let arn = made.and_then(|made| made.target_group_arn);
                let arn = sent(arn, "TargetGroups[0].TargetGroupArn", OPERATION, &resource)?;
                return Ok(Made::Named(resource, arn));
            }
            Self::SetHealthCheck(_) => {
                const OPERATION: &str = "elasticloadbalancing:ModifyTargetGroup";
                let answer = elb
                    .modify_target_group()
                    .target_group_arn(hands.known.name(&group.id(), OPERATION, &resource)?)
                    .health_check_path(group.health_check_path.as_str())
                    .health_check_protocol(ProtocolEnum::Http)
                    .health_check_interval_seconds(INTERVAL)
                    .health_check_timeout_seconds(TIMEOUT)
                    .healthy_threshold_count(HEALTHY_AFTER)
                    .unhealthy_threshold_count(UNHEALTHY_AFTER)
                    .matcher(Matcher::builder().http_code(CODES).build())
                    .send()
                    .await;
                answer.called(OPERATION, &resource)?;
            }
            Self::Tag(_) => add_tag(hands, &resource).await?,
            Self::Delete(_) => {
                const OPERATION: &str = "elasticloadbalancing:DeleteTargetGroup";
                let arn = hands.known.name(&resource, OPERATION, &resource)?;
                let answer = elb.delete_target_group().target_group_arn(arn).send().await;
                unless_absent(answer.called(OPERATION, &resource), &["TargetGroupNotFound"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create { .. } => write!(f, "create {resource}"),
            Self::SetHealthCheck(_) => write!(f, "set {resource}"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}
