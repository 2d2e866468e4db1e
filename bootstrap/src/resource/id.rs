//! What a resource is called in plans and errors.

use std::fmt;

/// A kind of resource, or a part of one that is made by a call of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The account itself.
    Account,
    /// The VPC that everything is in.
    Vpc,
    /// The subnets of the VPC.
    Subnets,
    /// A service-linked role.
    ServiceLinkedRole,
    /// An ECR repository.
    Repository,
    /// The lifecycle policy of an ECR repository.
    LifecyclePolicy,
    /// Whether the tags of an ECR repository can move.
    TagMutability,
    /// Whether images are scanned when they are pushed.
    Scanning,
    /// A CloudWatch log group.
    LogGroup,
    /// The retention of a CloudWatch log group.
    Retention,
    /// An IAM role.
    Role,
    /// The trust policy of a role.
    Trust,
    /// The inline policy of a role.
    RolePolicy,
    /// The managed policy that a role has.
    RoleAttachment,
    /// For how long a role can be taken.
    Session,
    /// The permissions boundary of a role.
    RoleBoundary,
    /// A managed policy of the account's own.
    ManagedPolicy,
    /// A version of a managed policy.
    PolicyVersion,
    /// An instance profile.
    InstanceProfile,
    /// The role in an instance profile.
    ProfileRole,
    /// An identity provider.
    OidcProvider,
    /// The audiences whose tokens an identity provider takes.
    Audience,
    /// An EC2 security group.
    SecurityGroup,
    /// The inbound rules of an EC2 security group.
    Ingress,
    /// The outbound rules of an EC2 security group.
    Egress,
    /// A load balancer.
    LoadBalancer,
    /// The security groups of a load balancer.
    BalancerGroups,
    /// A target group.
    TargetGroup,
    /// The health check of a target group.
    HealthCheck,
    /// A listener of a load balancer.
    Listener,
    /// A rule of a listener.
    ListenerRule,
    /// An ECS cluster.
    Cluster,
    /// The capacity of an ECS cluster.
    ClusterCapacity,
    /// A family of task definitions.
    TaskDefinition,
    /// An ECS service.
    Service,
    /// How a service is rolled out.
    Configuration,
    /// A Secrets Manager secret.
    Secret,
    /// The value of a Secrets Manager secret.
    SecretValue,
    /// An SSM parameter.
    Parameter,
    /// The value of an SSM parameter.
    ParameterValue,
    /// An IAM user.
    User,
    /// The inline policy of a user.
    UserPolicy,
    /// The managed policy that a user has.
    UserAttachment,
    /// The permissions boundary of a user.
    UserBoundary,
    /// The access key of a user.
    AccessKey,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Vpc => "VPC",
            Self::Subnets => "subnets of VPC",
            Self::ServiceLinkedRole => "service-linked role",
            Self::Repository => "repository",
            Self::LifecyclePolicy => "lifecycle policy of repository",
            Self::TagMutability => "tags of repository",
            Self::Scanning => "scan on push of repository",
            Self::LogGroup => "log group",
            Self::Retention => "retention of log group",
            Self::Role => "role",
            Self::Trust => "trust policy of role",
            Self::RolePolicy => "policy of role",
            Self::RoleAttachment => "managed policy of role",
            Self::Session => "longest session of role",
            Self::RoleBoundary => "permissions boundary of role",
            Self::ManagedPolicy => "managed policy",
            Self::PolicyVersion => "version of managed policy",
            Self::InstanceProfile => "instance profile",
            Self::ProfileRole => "role of instance profile",
            Self::OidcProvider => "identity provider",
            Self::Audience => "audiences of identity provider",
            Self::SecurityGroup => "security group",
            Self::Ingress => "inbound rules of security group",
            Self::Egress => "outbound rules of security group",
            Self::LoadBalancer => "load balancer",
            Self::BalancerGroups => "security groups of load balancer",
            Self::TargetGroup => "target group",
            Self::HealthCheck => "health check of target group",
            Self::Listener => "listener",
            Self::ListenerRule => "listener rule",
            Self::Cluster => "cluster",
            Self::ClusterCapacity => "capacity of cluster",
            Self::TaskDefinition => "task definition",
            Self::Service => "service",
            Self::Configuration => "rollout of service",
            Self::Secret => "secret",
            Self::SecretValue => "value of secret",
            Self::Parameter => "parameter",
            Self::ParameterValue => "value of parameter",
            Self::User => "user",
            Self::UserPolicy => "policy of user",
            Self::UserAttachment => "managed policy of user",
            Self::UserBoundary => "permissions boundary of user",
            Self::AccessKey => "access key of user",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One resource: its kind and the name that makes it out among its kind. A part of a resource has the resource's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceId {
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: String,
}

impl ResourceId {
    /// The resource of a kind with a name.
    #[must_use]
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// The account as such.
    #[must_use]
    pub fn account() -> Self {
        Self::new(Kind::Account, "")
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            write!(f, "the {}", self.kind.word())
        } else {
            write!(f, "{} `{}`", self.kind.word(), self.name)
        }
    }
}
