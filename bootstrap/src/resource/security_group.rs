//! The EC2 security groups and their rules. What may go out is as AWS makes it: everything.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Filter;

use super::managed::{Managed, Sight};
use super::network::DefaultNetwork;
pub use super::security_group_change::Change;
use super::security_group_rule::{ANYWHERE, ANYWHERE6, described, permissions};
pub use super::security_group_rule::{IngressRule, Permission, Source};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called};
use crate::identifiers::Identifiers;
use crate::location::Location;
use crate::plan::Draft;
use crate::policy::{Action, Condition, Statement};

/// A security group that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
    /// What it says it is for; EC2 requires a description.
    pub description: &'static str,
    /// The inbound rules that it should have.
    pub ingress: Vec<IngressRule>,
}

/// A security group that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupState {
    /// Its id.
    pub id: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// What it lets in.
    pub ingress: BTreeSet<Permission>,
    /// What it says of what it lets in, where it says anything.
    pub descriptions: BTreeMap<Permission, String>,
    /// What it lets out.
    pub egress: BTreeSet<Permission>,
}

const GROUP: &[&str] = &["security-group/", "vpc/"];
const OWN_GROUP: &[&str] = &["security-group/"];
static DESCRIBE: [Action; 2] = [
    Action::everywhere("ec2:DescribeNetworkInterfaces", "no describing action of EC2 has a resource type"),
    Action::everywhere("ec2:DescribeSecurityGroups", "no describing action of EC2 has a resource type"),
];
static CREATE: Action = Action::on("ec2:CreateSecurityGroup", GROUP);
static CREATE_TAGS: Action = Action::on("ec2:CreateTags", OWN_GROUP);
static OWN: [Action; 5] = [
    Action::on("ec2:AuthorizeSecurityGroupEgress", OWN_GROUP),
    Action::on("ec2:AuthorizeSecurityGroupIngress", OWN_GROUP),
    Action::on("ec2:DeleteSecurityGroup", OWN_GROUP),
    Action::on("ec2:RevokeSecurityGroupEgress", OWN_GROUP),
    Action::on("ec2:RevokeSecurityGroupIngress", OWN_GROUP),
];
static DESCRIBE_RULES: Action = Action::on("ec2:UpdateSecurityGroupRuleDescriptionsIngress", OWN_GROUP);

impl SecurityGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::SecurityGroup, &self.name)
    }

    /// A group lets everything out as it is made: over IPv4, and over IPv6 where the VPC has it (VPC user guide, "Default
    /// security groups"). Tasks pull their images and reach other services through that.
    fn compare_egress(&self, found: &BTreeSet<Permission>, draft: &mut Draft) {
        let everything = Permission::everything_to(ANYWHERE);
        if !found.contains(&everything) {
            draft.missing(
                Change::LetOut { group: self.name.clone() },
                "what is in the group reaches nothing without it",
            );
        }
        let usual = [everything, Permission::everything_to(ANYWHERE6)];
        let beyond = found.iter().filter(|permission| !usual.contains(permission));
        for permission in beyond.filter(|_| draft.is_ours()).cloned().collect::<Vec<_>>() {
            let shown = permission.outward();
            let keep_in = Change::KeepIn { group: self.name.clone(), permission };
            draft.differs(keep_in, "outbound rules", "everything, and nothing said twice", &shown);
        }
    }

    fn has_reasons(&self) -> bool {
        self.ingress.iter().any(|rule| rule.from.reason().is_some())
    }

    /// What its inbound rules are called in plans and errors.
    #[must_use]
    pub fn ingress_id(&self) -> ResourceId {
        ResourceId::new(Kind::Ingress, &self.name)
    }
}

impl Managed for SecurityGroup {
    type State = SecurityGroupState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    /// The groups that its rules name: EC2 deletes none that a rule of another names.
    fn needs(&self) -> Vec<ResourceId> {
        let sources = self.ingress.iter().filter_map(|rule| rule.from.group());
        sources.chain([DefaultNetwork.id()]).collect()
    }

    fn seen_through(&self) -> Option<ResourceId> {
        Some(DefaultNetwork.id())
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<SecurityGroupState>, CallError> {
        let Some(vpc) = sight.known.vpc() else { return Ok(None) };
        let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
        let request = sight.account.ec2.describe_security_groups();
        let request = request.filters(filter("group-name", &self.name)).filters(filter("vpc-id", vpc));
        let answer = request.send().await.called("ec2:DescribeSecurityGroups", &Self::id(self))?;
        let found = answer.security_groups().iter().find_map(|group| Some((group.group_id()?, group)));
        Ok(found.map(|(id, group)| SecurityGroupState {
            id: id.to_owned(),
            owner: Owner::of(group.tags().iter().map(|tag| (tag.key(), tag.value())), sight.project),
            ingress: group.ip_permissions().iter().flat_map(permissions).map(|(permission, _)| permission).collect(),
            descriptions: group.ip_permissions().iter().flat_map(permissions).filter_map(described).collect(),
            egress: group
                .ip_permissions_egress()
                .iter()
                .flat_map(permissions)
                .map(|(permission, _)| permission)
                .collect(),
        }))
    }

    fn owner(state: &mut SecurityGroupState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &SecurityGroupState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.id.clone());
    }

    fn compare(&self, found: Option<&SecurityGroupState>, known: &Identifiers, draft: &mut Draft) {
        let Some(vpc_id) = known.vpc() else { return };
        let authorize = |rules| Change::Authorize { group: self.name.clone(), rules };
        let Some(found) = found else {
            draft.missing(Change::Create { group: self.clone(), vpc_id: vpc_id.to_owned() }, self.description);
            if !self.ingress.is_empty() {
                draft.missing(authorize(self.ingress.clone()), "nothing gets in without it");
            }
            return;
        };
        let mut unexpected = found.ingress.clone();
        let mut missing = Vec::new();
        for rule in &self.ingress {
            let permission = rule.from.name(known).map(|source| rule.permission(source));
            let there = permission.as_ref().is_some_and(|permission| unexpected.remove(permission));
            if !there {
                missing.push(rule.clone());
            } else if let Some(wanted) = rule.from.reason() {
                let shown = permission
                    .and_then(|permission| found.descriptions.get(&permission))
                    .map_or("none", String::as_str);
                let describe = Change::Describe { group: self.name.clone(), rule: rule.clone() };
                if shown != wanted {
                    draft.differs(describe, "reason", wanted, shown);
                }
            }
        }
        if !missing.is_empty() {
            draft.missing(authorize(missing), "nothing gets in without it");
        }
        // What else somebody else's group lets in is their business.
        for permission in unexpected.into_iter().filter(|_| draft.is_ours()).collect::<Vec<_>>() {
            let shown = permission.to_string();
            let revoke = Change::Revoke { group: self.name.clone(), permission };
            draft.differs(revoke, "inbound rules", "nothing else", &shown);
        }
        self.compare_egress(&found.egress, draft);
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag { group: self.clone() })
    }

    fn take_away(&self, _: &SecurityGroupState, draft: &mut Draft) {
        draft.unwanted(Change::Delete { group: self.clone() }, self.description);
    }

    fn grants(&self, project: &ProjectName, location: &Location) -> Vec<Statement> {
        let groups = location.arn("ec2", "security-group/*");
        let requested = Condition {
            operator: "StringEquals",
            key: "aws:RequestTag/greenroom:project",
            values: vec![project.to_string()],
        };
        debug_assert!(requested.key.ends_with(OWNER_TAG), "the condition names the ownership tag");
        let tagged = Condition { key: "aws:ResourceTag/greenroom:project", ..requested.clone() };
        let untagged =
            Condition { operator: "Null", key: "aws:ResourceTag/greenroom:project", values: vec!["true".to_owned()] };
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the security groups, and what holds one that is to be deleted."],
                actions: DESCRIBE.iter().collect(),
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "GroupsIn",
                purposes: vec!["Make security groups in a VPC of the account."],
                actions: vec![&CREATE],
                resources: vec![location.arn("ec2", "vpc/*")],
                conditions: vec![],
            },
            Statement {
                sid: "NewGroups",
                purposes: vec!["Make security groups that carry the project's tag. Their ids are AWS's to choose."],
                actions: vec![&CREATE],
                resources: vec![groups.clone()],
                conditions: vec![requested.clone()],
            },
            Statement {
                sid: "TagGroups",
                purposes: vec!["Tag security groups as they are made or adopted, unless they are a project's already."],
                actions: vec![&CREATE_TAGS],
                resources: vec![groups.clone()],
                conditions: vec![untagged, requested],
            },
            Statement {
                sid: "OwnGroups",
                purposes: vec!["Change and delete the security groups that carry the project's tag."],
                actions: OWN.iter().chain(self.has_reasons().then_some(&DESCRIBE_RULES)).collect(),
                resources: vec![groups],
                conditions: vec![tagged],
            },
        ]
    }
}
