//! The roles through which AWS services act in an account. Each exists once per account, whoever made it, and AWS names it.
//!
//! They are made first and by themselves: where one is missing, `CreateCluster` and `CreateLoadBalancer` make it on the
//! way and then race with it ("Unable to assume the service linked role").

use std::fmt;

use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Condition, Statement};

/// A service-linked role that a deploy to ECS needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceLinkedRole {
    /// ECS manages the network interfaces and targets of tasks through it.
    Ecs,
    /// Elastic Load Balancing manages the network interfaces of load balancers through it.
    ElasticLoadBalancing,
    /// Application Auto Scaling changes the desired count of services through it.
    Autoscaling,
}

impl ServiceLinkedRole {
    /// Those without which no service is deployed.
    pub const ALWAYS: [Self; 2] = [Self::Ecs, Self::ElasticLoadBalancing];

    /// The role's name, which AWS chose.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecs => "AWSServiceRoleForECS",
            Self::ElasticLoadBalancing => "AWSServiceRoleForElasticLoadBalancing",
            Self::Autoscaling => "AWSServiceRoleForApplicationAutoScaling_ECSService",
        }
    }

    /// The service that the role is linked to.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::Ecs => "ecs.amazonaws.com",
            Self::ElasticLoadBalancing => "elasticloadbalancing.amazonaws.com",
            Self::Autoscaling => "ecs.application-autoscaling.amazonaws.com",
        }
    }

    /// What the role is called in plans and errors.
    #[must_use]
    pub fn id(self) -> ResourceId {
        ResourceId::new(Kind::ServiceLinkedRole, self.name())
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Ecs => "ECS attaches tasks to the network through it",
            Self::ElasticLoadBalancing => "load balancers attach to the network through it",
            Self::Autoscaling => "Application Auto Scaling changes the desired count through it",
        }
    }
}

/// A service-linked role that is; nothing of it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present;

/// What can be done about a service-linked role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreateServiceLinkedRole`.
    Create(ServiceLinkedRole),
}

const SERVICE_ROLE: &[&str] = &["role/aws-service-role/"];
static GET: Action = Action::on("iam:GetRole", &["role/"]);
static CREATE: Action = Action::on("iam:CreateServiceLinkedRole", SERVICE_ROLE);

impl Managed for ServiceLinkedRole {
    type State = Present;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(*self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<Present>, CallError> {
        let answer = sight.account.iam.get_role().role_name(self.name()).send().await;
        let answer = answer.called("iam:GetRole", &Self::id(*self));
        Ok(unless_absent(answer, &["NoSuchEntity"])?.map(|_| Present))
    }

    fn owner(_: &mut Present) -> Option<&mut Owner> {
        None
    }

    fn identify(&self, _: &Present, known: &mut Identifiers) {
        known.names.insert(Self::id(*self), self.name().to_owned());
    }

    fn compare(&self, found: Option<&Present>, _: &Identifiers, draft: &mut Draft) {
        if found.is_none() {
            draft.missing(Change::Create(*self), self.purpose());
        }
    }

    fn adopt(&self) -> Option<Change> {
        None
    }

    fn take_away(&self, _: &Present, draft: &mut Draft) {
        draft.stays("AWS made it for everything in the account that uses the service");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        let arn = location.iam_arn(&format!("role/aws-service-role/{}/{}", self.service(), self.name()));
        vec![
            Statement {
                sid: "SeeServiceRoles",
                purposes: vec!["See whether AWS's services have their roles in the account."],
                actions: vec![&GET],
                // Of a role that is not there IAM knows the name alone, and no path.
                resources: vec![arn.clone(), location.iam_arn(&format!("role/{}", self.name()))],
                conditions: vec![],
            },
            Statement {
                sid: match self {
                    Self::Ecs => "CreateEcsRole",
                    Self::ElasticLoadBalancing => "CreateBalancingRole",
                    Self::Autoscaling => "CreateAutoscalingRole",
                },
                purposes: vec!["Make the roles of AWS's services before anything needs them."],
                actions: vec![&CREATE],
                resources: vec![arn],
                conditions: vec![Condition {
                    operator: "StringEquals",
                    key: "iam:AWSServiceName",
                    values: vec![self.service().to_owned()],
                }],
            },
        ]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        let Self::Create(role) = self;
        role.id()
    }

    fn needs(&self) -> Needs {
        Needs::These(Vec::new())
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let Self::Create(role) = self;
        let request = hands.account.iam.create_service_linked_role().aws_service_name(role.service());
        let answer = request.send().await.called("iam:CreateServiceLinkedRole", &role.id());
        // AWS's services make the role too when they need it: that it is there now is all that is wanted.
        // The code is InvalidInput, "Service role name ... has been taken in this account".
        match answer {
            Err(error) if error.code() == Some("InvalidInput") && error.to_string().contains("has been taken") => {}
            other => drop(other?),
        }
        Ok(Made::Named(role.id(), role.name().to_owned()))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "create {}", self.resource())
    }
}

impl fmt::Display for ServiceLinkedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}
