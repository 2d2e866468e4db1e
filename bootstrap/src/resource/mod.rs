//! The kinds of resource, one file each: what is wanted of it, how it is observed, how the two are compared, and how it is
//! made or changed. In the order in which they are planned:
//!
//! - [`id`]: what a resource is called in plans and errors
//! - [`owner`]: whether a resource is ours
//! - [`managed`]: what every kind can do, and the table of the kinds
//! - [`service_linked_role`]: the roles through which ECS and Elastic Load Balancing act
//! - [`network`]: the VPC and its subnets, which are only looked at
//! - [`repository`]: the ECR repository and its lifecycle policy
//! - [`log_group`]: the CloudWatch log groups and their retention
//! - [`inline_policy`]: a policy inside a role or user
//! - [`managed_policy`]: the permissions boundary, and what is too long for a policy inside a user
//! - [`oidc_provider`]: the identity provider for GitHub
//! - [`role`]: the execution role, the task role, and the role of deploys
//! - [`instance_profile`]: by which an EC2 instance has its role
//! - [`security_group`]: the EC2 security groups and their rules
//! - [`load_balancer`], [`target_group`], [`listener`], [`listener_rule`]: what brings requests to the service
//! - [`secret`], [`parameter`]: what containers read when a task starts
//! - [`cluster`], [`task_definition`], [`service`]: what runs; [`traffic`]: how it moves requests to a new revision
//! - [`deploy_user`]: the user that deploys, and its access key, which is made last

pub mod cluster;
pub mod deploy_user;
pub mod deploy_user_change;
pub mod id;
pub mod inline_policy;
pub mod instance_profile;
pub mod listener;
pub mod listener_rule;
pub mod load_balancer;
pub mod log_group;
pub mod managed;
pub mod managed_policy;
pub mod network;
pub mod oidc_provider;
pub mod owner;
pub mod parameter;
pub mod repository;
pub mod role;
pub mod role_change;
pub mod secret;
pub mod security_group;
pub mod security_group_change;
pub mod security_group_rule;
pub mod service;
pub mod service_change;
pub mod service_linked_role;
pub mod target_group;
pub mod task_definition;
pub mod traffic;

pub use id::{Kind, ResourceId};
pub use managed::{Change, Spec, State};
pub(crate) use managed::{Hands, Sight};
pub use owner::{OWNER_TAG, Owner};
