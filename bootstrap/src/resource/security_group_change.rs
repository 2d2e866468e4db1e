//! What can be done about a security group.

use std::fmt;

use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, NetworkInterface, PrefixListId, ResourceType, Tag, TagSpecification,
    UserIdGroupPair,
};

use super::managed::{Alteration, Hands};
use super::security_group::{IngressRule, Permission, SecurityGroup, Source};
use super::security_group_rule::ANYWHERE;
use super::{Kind, OWNER_TAG, ResourceId};
use crate::fault::{CallError, Called, Failure, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::plan::Needs;

/// One call that changes a security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ec2:CreateSecurityGroup`.
    Create {
        /// The group.
        group: SecurityGroup,
        /// The VPC that it goes into.
        vpc_id: String,
    },
    /// `ec2:AuthorizeSecurityGroupIngress`.
    Authorize {
        /// The group's name.
        group: String,
        /// The rules that it lacks.
        rules: Vec<IngressRule>,
    },
    /// `ec2:RevokeSecurityGroupIngress`.
    Revoke {
        /// The group's name.
        group: String,
        /// The rule that it should not have.
        permission: Permission,
    },
    /// `ec2:UpdateSecurityGroupRuleDescriptionsIngress`.
    Describe {
        /// The group's name.
        group: String,
        /// The rule, whose reason is its description.
        rule: IngressRule,
    },
    /// `ec2:AuthorizeSecurityGroupEgress`, of everything.
    LetOut {
        /// The group's name.
        group: String,
    },
    /// `ec2:RevokeSecurityGroupEgress`.
    KeepIn {
        /// The group's name.
        group: String,
        /// The rule that it should not have.
        permission: Permission,
    },
    /// `ec2:CreateTags`.
    Tag {
        /// The group.
        group: SecurityGroup,
    },
    /// `ec2:DeleteSecurityGroup`.
    Delete {
        /// The group.
        group: SecurityGroup,
    },
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Create { group, vpc_id: _ } | Self::Tag { group } | Self::Delete { group } => group.id(),
            Self::Authorize { group, rules: _ }
            | Self::Revoke { group, permission: _ }
            | Self::Describe { group, rule: _ } => ResourceId::new(Kind::Ingress, group),
            Self::LetOut { group } | Self::KeepIn { group, permission: _ } => ResourceId::new(Kind::Egress, group),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create { .. } | Self::Tag { .. } | Self::Delete { .. } => Vec::new(),
            Self::Authorize { group, rules } => {
                let sources = rules.iter().filter_map(|rule| rule.from.group());
                std::iter::once(ResourceId::new(Kind::SecurityGroup, group)).chain(sources).collect()
            }
            Self::Revoke { group, permission: _ }
            | Self::Describe { group, rule: _ }
            | Self::LetOut { group }
            | Self::KeepIn { group, permission: _ } => vec![ResourceId::new(Kind::SecurityGroup, group)],
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (ec2, resource) = (&hands.account.ec2, self.resource());
        let tag = || Tag::builder().key(OWNER_TAG).value(hands.project.as_str()).build();
        let id = |group: &str, operation: &'static str| {
            hands.known.name(&ResourceId::new(Kind::SecurityGroup, group), operation, &resource).map(str::to_owned)
        };
        match self {
            Self::Create { group, vpc_id } => {
                const OPERATION: &str = "ec2:CreateSecurityGroup";
                let tags = TagSpecification::builder().resource_type(ResourceType::SecurityGroup).tags(tag()).build();
                let request = ec2.create_security_group().group_name(&group.name).description(group.description);
                let answer = request.vpc_id(vpc_id).tag_specifications(tags).send().await;
                let made = answer.called(OPERATION, &resource)?.group_id;
                let made = sent(made, "groupId", OPERATION, &resource)?;
                return Ok(Made::Named(resource, made));
            }
            Self::Authorize { group, rules } => {
                const OPERATION: &str = "ec2:AuthorizeSecurityGroupIngress";
                let mut request = ec2.authorize_security_group_ingress().group_id(id(group, OPERATION)?);
                for rule in rules {
                    request = request.ip_permissions(to_ec2(rule, hands.known, OPERATION, &resource)?);
                }
                request.send().await.called(OPERATION, &resource)?;
            }
            Self::Revoke { group, permission } => {
                const OPERATION: &str = "ec2:RevokeSecurityGroupIngress";
                let request = ec2.revoke_security_group_ingress().group_id(id(group, OPERATION)?);
                let answer = request.ip_permissions(permission.to_ec2(None)).send().await;
                unless_absent(answer.called(OPERATION, &resource), &["InvalidPermission.NotFound"])?;
            }
            Self::Describe { group, rule } => {
                const OPERATION: &str = "ec2:UpdateSecurityGroupRuleDescriptionsIngress";
                let request = ec2.update_security_group_rule_descriptions_ingress().group_id(id(group, OPERATION)?);
                let permission = to_ec2(rule, hands.known, OPERATION, &resource)?;
                request.ip_permissions(permission).send().await.called(OPERATION, &resource)?;
            }
            Self::LetOut { group } => {
                const OPERATION: &str = "ec2:AuthorizeSecurityGroupEgress";
                let request = ec2.authorize_security_group_egress().group_id(id(group, OPERATION)?);
                let everything = Permission::everything_to(ANYWHERE).to_ec2(None);
                request.ip_permissions(everything).send().await.called(OPERATION, &resource)?;
            }
            Self::KeepIn { group, permission } => {
                const OPERATION: &str = "ec2:RevokeSecurityGroupEgress";
                let request = ec2.revoke_security_group_egress().group_id(id(group, OPERATION)?);
                let answer = request.ip_permissions(permission.to_ec2(None)).send().await;
                unless_absent(answer.called(OPERATION, &resource), &["InvalidPermission.NotFound"])?;
            }
            Self::Tag { group } => {
                const OPERATION: &str = "ec2:CreateTags";
                let answer = ec2.create_tags().resources(id(&group.name, OPERATION)?).tags(tag()).send().await;
                answer.called(OPERATION, &resource)?;
            }
            Self::Delete { group } => {
                const OPERATION: &str = "ec2:DeleteSecurityGroup";
                let id = id(&group.name, OPERATION)?;
                let answer = ec2.delete_security_group().group_id(&id).send().await.called(OPERATION, &resource);
                match unless_absent(answer, &["InvalidGroup.NotFound"]) {
                    Err(error) if error.code() == Some("DependencyViolation") => {
                        return Err(held(error, hands, &id).await);
                    }
                    other => other?,
                };
            }
        }
        Ok(Made::Nothing)
    }
}

/// Says which network interfaces hold a security group that EC2 does not delete.
async fn held(mut error: CallError, hands: &Hands<'_>, id: &str) -> CallError {
    let filter = Filter::builder().name("group-id").values(id).build();
    let answer = hands.account.ec2.describe_network_interfaces().filters(filter).send().await;
    let Ok(answer) = answer else { return error };
    let words = |interface: &NetworkInterface| {
        let id = interface.network_interface_id().unwrap_or_default();
        let description = interface.description().filter(|text| !text.is_empty()).unwrap_or("no description");
        format!("network interface `{id}` ({description}) holds it")
    };
    let holders: Vec<String> = answer.network_interfaces().iter().map(words).collect();
    if let Failure::Rejected { code: _, message } = &mut error.failure
        && !holders.is_empty()
    {
        *message = format!("{message}: {}", holders.join(", "));
    }
    error
}

fn to_ec2(
    rule: &IngressRule,
    known: &Identifiers,
    operation: &'static str,
    resource: &ResourceId,
) -> Result<IpPermission, CallError> {
    let source = match &rule.from {
        Source::Anywhere => ANYWHERE.to_owned(),
        Source::Named(source) => source.from.to_string(),
        Source::Group(name) => known.name(&ResourceId::new(Kind::SecurityGroup, name), operation, resource)?.to_owned(),
    };
    Ok(rule.permission(source).to_ec2(rule.from.reason()))
}

impl Permission {
    fn to_ec2(&self, description: Option<&str>) -> IpPermission {
        let Self { protocol, from_port, to_port, source } = self;
        let permission = IpPermission::builder().ip_protocol(protocol);
        let permission = permission.set_from_port(*from_port).set_to_port(*to_port);
        let description = description.map(str::to_owned);
        if source.starts_with("sg-") {
            let pair = UserIdGroupPair::builder().group_id(source).set_description(description);
            permission.user_id_group_pairs(pair.build())
        } else if source.starts_with("pl-") {
            let list = PrefixListId::builder().prefix_list_id(source).set_description(description);
            permission.prefix_list_ids(list.build())
        } else if source.contains(':') {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(source).set_description(description).build())
        } else {
            permission.ip_ranges(IpRange::builder().cidr_ip(source).set_description(description).build())
        }
        .build()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create { group: _, vpc_id } => write!(f, "create {resource} in {vpc_id}"),
            Self::Authorize { group, rules } => {
                let rules: Vec<String> = rules.iter().map(IngressRule::to_string).collect();
                write!(f, "let {} into security group `{group}`", rules.join(", "))
            }
            Self::Revoke { group, permission } => write!(f, "shut {permission} out of security group `{group}`"),
            Self::Describe { group, rule } => write!(f, "say why security group `{group}` lets {rule} in"),
            Self::LetOut { group } => write!(f, "let everything out of security group `{group}`"),
            Self::KeepIn { group, permission } => {
                write!(f, "keep {} in security group `{group}`", permission.outward())
            }
            Self::Tag { .. } => write!(f, "tag {resource} as the project's"),
            Self::Delete { .. } => write!(f, "delete {resource}"),
        }
    }
}
