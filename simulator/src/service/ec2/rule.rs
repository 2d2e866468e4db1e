//! Rules of security groups.

use serde_json::{Map, Value, json};
use simulator_core::ec2::{
    AuthorizeEgress, AuthorizeIngress, AuthorizeSecurityGroup, DescribeSecurityGroupRules, Direction, Egress, GroupRef,
    Ingress, ModifySecurityGroupRules, Peer, Ports, RevokeOutput, RevokeSecurityGroup, Rule, RuleChange,
    UpdateRuleDescriptions,
};
use simulator_core::{Home, Page, Refusal};

use super::tag::{specified, written};
use super::{filters, listing, permission};
use crate::wire::Input;

pub(super) fn authorize_ingress(input: &mut Input, _: &Home) -> Result<AuthorizeIngress, Refusal> {
    authorize(input)
}

pub(super) fn authorize_egress(input: &mut Input, _: &Home) -> Result<AuthorizeEgress, Refusal> {
    authorize(input)
}

fn authorize<D: Direction>(input: &mut Input) -> Result<AuthorizeSecurityGroup<D>, Refusal> {
    let group = GroupRef::parse(input.text("GroupId")?, input.text("GroupName")?)?;
    let permissions = permission::read(input)?;
    Ok(AuthorizeSecurityGroup::new(group, permissions, specified(input, "security-group-rule")?))
}

pub(super) fn authorized(rules: Vec<Rule>, home: &Home) -> Value {
    let rules: Vec<Value> = rules.iter().map(|rule| describe_rule(rule, home)).collect();
    json!({ "return": true, "securityGroupRuleSet": rules })
}

pub(super) fn revoke_ingress(input: &mut Input, _: &Home) -> Result<RevokeSecurityGroup<Ingress>, Refusal> {
    revoke(input)
}

pub(super) fn revoke_egress(input: &mut Input, _: &Home) -> Result<RevokeSecurityGroup<Egress>, Refusal> {
    revoke(input)
}

fn revoke<D: Direction>(input: &mut Input) -> Result<RevokeSecurityGroup<D>, Refusal> {
    let group = GroupRef::parse(input.text("GroupId")?, input.text("GroupName")?)?;
    let permissions = permission::read(input)?;
    Ok(RevokeSecurityGroup::new(group, permissions, input.texts("SecurityGroupRuleId")?))
}

pub(super) fn revoked(output: RevokeOutput, _: &Home) -> Value {
    let revoked = output.revoked.iter().map(|rule| {
        let mut written = common(rule);
        if let Peer::Group(id) = &rule.peer {
            written.insert("referencedGroupId".to_owned(), json!(id));
        }
        Value::Object(written)
    });
    json!({ "return": true, "revokedSecurityGroupRuleSet": revoked.collect::<Vec<_>>() })
}

pub(super) fn modify(input: &mut Input, _: &Home) -> Result<ModifySecurityGroupRules, Refusal> {
    let read = |mut update: Input| {
        let id = update.required("SecurityGroupRuleId", "MissingParameter")?;
        let mut rule = update.structure("SecurityGroupRule")?.ok_or_else(|| missing("SecurityGroupRule"))?;
        let change = RuleChange {
            protocol: rule.required("IpProtocol", "MissingParameter")?,
            from_port: rule.integer("FromPort")?,
            to_port: rule.integer("ToPort")?,
            ipv4: rule.text("CidrIpv4")?,
            ipv6: rule.text("CidrIpv6")?,
            group: rule.text("ReferencedGroupId")?,
            description: rule.text("Description")?,
        };
        rule.finish()?;
        update.finish()?;
        Ok((id, change))
    };
    Ok(ModifySecurityGroupRules {
        group: input.text("GroupId")?.ok_or_else(|| missing("groupId"))?,
        rules: input.structures("SecurityGroupRule")?.into_iter().map(read).collect::<Result<_, Refusal>>()?,
    })
}

pub(super) fn describe_ingress_anew(input: &mut Input, _: &Home) -> Result<UpdateRuleDescriptions<Ingress>, Refusal> {
    describe_anew(input)
}

pub(super) fn describe_egress_anew(input: &mut Input, _: &Home) -> Result<UpdateRuleDescriptions<Egress>, Refusal> {
    describe_anew(input)
}

fn describe_anew<D: Direction>(input: &mut Input) -> Result<UpdateRuleDescriptions<D>, Refusal> {
    let group = GroupRef::parse(input.text("GroupId")?, input.text("GroupName")?)?;
    let read = |mut described: Input| {
        let pair = (described.required("SecurityGroupRuleId", "MissingParameter")?, described.text("Description")?);
        described.finish()?;
        Ok(pair)
    };
    let descriptions = input.structures("SecurityGroupRuleDescription")?;
    let descriptions = descriptions.into_iter().map(read).collect::<Result<_, Refusal>>()?;
    Ok(UpdateRuleDescriptions::new(group, permission::read(input)?, descriptions))
}

pub(super) fn changed((): (), _: &Home) -> Value {
    json!({ "return": true })
}

fn missing(parameter: &str) -> Refusal {
    Refusal::fault("MissingParameter", format!("The request must contain the parameter {parameter}"))
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeSecurityGroupRules, Refusal> {
    Ok(DescribeSecurityGroupRules {
        ids: input.texts("SecurityGroupRuleId")?,
        filters: filters(input)?,
        next_token: input.text("NextToken")?,
        limit: input.integer("MaxResults")?,
    })
}

pub(super) fn described(page: Page<Rule>, home: &Home) -> Value {
    let rules = page.items.iter().map(|rule| describe_rule(rule, home));
    listing("securityGroupRuleSet", rules.collect(), page.next)
}

fn describe_rule(rule: &Rule, home: &Home) -> Value {
    let owner = home.account().to_string();
    let mut written_rule = common(rule);
    let arn = format!("arn:aws:ec2:{}:{owner}:security-group-rule/{}", home.region(), rule.id);
    if let Peer::Group(id) = &rule.peer {
        written_rule.insert("referencedGroupInfo".to_owned(), json!({ "groupId": id, "userId": owner }));
    }
    written_rule.insert("groupOwnerId".to_owned(), json!(owner));
    written_rule.insert("securityGroupRuleArn".to_owned(), json!(arn));
    written_rule.insert("tagSet".to_owned(), written(&rule.tags));
    Value::Object(written_rule)
}

/// What every description of a rule has. Without ports, EC2 writes -1.
fn common(rule: &Rule) -> Map<String, Value> {
    let Rule { id, group, egress, protocol, ports, peer, description, tags: _ } = rule;
    let Ports { from, to } = ports.unwrap_or(Ports { from: -1, to: -1 });
    let mut written = Map::new();
    let mut put = |name: &str, value: Value| written.insert(name.to_owned(), value);
    put("securityGroupRuleId", json!(id));
    put("groupId", json!(group));
    put("isEgress", json!(egress));
    put("ipProtocol", json!(protocol.to_string()));
    put("fromPort", json!(from));
    put("toPort", json!(to));
    match peer {
        Peer::Range(range) if range.is_ipv4() => put("cidrIpv4", json!(range.to_string())),
        Peer::Range(range) => put("cidrIpv6", json!(range.to_string())),
        Peer::Group(_) => None,
    };
    if let Some(description) = description {
        put("description", json!(description));
    }
    written
}
