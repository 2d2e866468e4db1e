//! The roles through which AWS services act in an account. Each exists once per account, whoever made it, and AWS names it.
//!
//! They are made first and by themselves: where one is missing, `CreateCluster` and `CreateLoadBalancer` make it on the
//! way and then race with it ("Unable to assume the service linked role").

use std::fmt;

use super::{Kind, ResourceId};
use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::plan::{Change, Draft};

/// A service-linked role that a deploy to ECS needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceLinkedRole {
    /// ECS manages the network interfaces and targets of tasks through it.
    Ecs,
    /// Elastic Load Balancing manages the network interfaces of load balancers through it.
    ElasticLoadBalancing,
}

impl ServiceLinkedRole {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Ecs, Self::ElasticLoadBalancing];

    /// The role's name, which AWS chose.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecs => "AWSServiceRoleForECS",
            Self::ElasticLoadBalancing => "AWSServiceRoleForElasticLoadBalancing",
        }
    }

    /// The service that the role is linked to.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::Ecs => "ecs.amazonaws.com",
            Self::ElasticLoadBalancing => "elasticloadbalancing.amazonaws.com",
        }
    }

    /// What the role is called in plans and errors.
    #[must_use]
    pub fn id(self) -> ResourceId {
        ResourceId::new(Kind::ServiceLinkedRole, self.name())
    }

    pub(crate) async fn observe(self, account: &Account) -> Result<bool, CallError> {
        let answer = account.iam.get_role().role_name(self.name()).send().await.called("iam:GetRole", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.is_some())
    }

    pub(crate) fn plan(self, present: bool, draft: &mut Draft) {
        if !present {
            draft.create(Change::CreateServiceLinkedRole(self), self.purpose());
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Ecs => "ECS attaches tasks to the network through it",
            Self::ElasticLoadBalancing => "load balancers attach to the network through it",
        }
    }

    pub(crate) async fn create(self, account: &Account) -> Result<(), CallError> {
        let request = account.iam.create_service_linked_role().aws_service_name(self.service());
        let answer = request.send().await.called("iam:CreateServiceLinkedRole", &self.id());
        // AWS's services make the role too when they need it: that it is there now is all that is wanted.
        // The code is InvalidInput, "Service role name ... has been taken in this account".
        match answer {
            Err(error) if error.code() == Some("InvalidInput") && error.to_string().contains("has been taken") => {
                Ok(())
            }
            other => other.map(drop),
        }
    }
}

impl fmt::Display for ServiceLinkedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}
