//! Security groups.

use serde_json::{Value, json};
use simulator_core::ec2::{
    CreateSecurityGroup, CreateSecurityGroupOutput, DeleteSecurityGroup, DescribeSecurityGroupReferences,
    DescribeSecurityGroups, GetSecurityGroupsForVpc, GroupRef, Rule, SecurityGroup,
};
use simulator_core::{Home, Page, Refusal};

use super::tag::{specified, written};
use super::{filters, listing, permission};
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateSecurityGroup, Refusal> {
    Ok(CreateSecurityGroup {
        name: input.required("GroupName", "MissingParameter")?,
        description: input.required("GroupDescription", "MissingParameter")?,
        vpc: input.text("VpcId")?,
        tags: specified(input, "security-group")?,
    })
}

pub(super) fn created(output: CreateSecurityGroupOutput, _: &Home) -> Value {
    let CreateSecurityGroupOutput { id, arn, tags } = output;
    json!({ "groupId": id, "securityGroupArn": arn, "tagSet": written(&tags), "return": true })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeSecurityGroups, Refusal> {
    Ok(DescribeSecurityGroups {
        ids: input.texts("GroupId")?,
        names: input.texts("GroupName")?,
        filters: filters(input)?,
        next_token: input.text("NextToken")?,
        limit: input.integer("MaxResults")?,
    })
}

pub(super) fn described(page: Page<(SecurityGroup, Vec<Rule>)>, home: &Home) -> Value {
    let groups = page.items.iter().map(|(group, rules)| {
        let SecurityGroup { id, name, description, vpc, owner, tags } = group;
        let arn = format!("arn:aws:ec2:{}:{owner}:security-group/{id}", home.region());
        json!({
            "groupId": id,
            "groupName": name,
            "groupDescription": description,
            "vpcId": vpc,
            "ownerId": owner.to_string(),
            "securityGroupArn": arn,
            "ipPermissions": permission::written(rules.iter().filter(|rule| !rule.egress), owner),
            "ipPermissionsEgress": permission::written(rules.iter().filter(|rule| rule.egress), owner),
            "tagSet": written(tags),
        })
    });
    listing("securityGroupInfo", groups.collect(), page.next)
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteSecurityGroup, Refusal> {
    Ok(DeleteSecurityGroup { group: GroupRef::parse(input.text("GroupId")?, input.text("GroupName")?)? })
}

pub(super) fn deleted(id: String, _: &Home) -> Value {
    json!({ "return": true, "groupId": id })
}

pub(super) fn get_for_vpc(input: &mut Input, _: &Home) -> Result<GetSecurityGroupsForVpc, Refusal> {
    Ok(GetSecurityGroupsForVpc {
        vpc: input.required("VpcId", "MissingParameter")?,
        filters: filters(input)?,
        next_token: input.text("NextToken")?,
        limit: input.integer("MaxResults")?,
    })
}

pub(super) fn of_vpc(page: Page<SecurityGroup>, _: &Home) -> Value {
    let groups = page.items.iter().map(|group| {
        let SecurityGroup { id, name, description, vpc, owner, tags } = group;
        json!({
            "groupId": id,
            "groupName": name,
            "description": description,
            "ownerId": owner.to_string(),
            "primaryVpcId": vpc,
            "tagSet": written(tags),
        })
    });
    listing("securityGroupForVpcSet", groups.collect(), page.next)
}

pub(super) fn references(input: &mut Input, _: &Home) -> Result<DescribeSecurityGroupReferences, Refusal> {
    Ok(DescribeSecurityGroupReferences { groups: input.texts("GroupId")? })
}

pub(super) fn referred((): (), _: &Home) -> Value {
    json!({ "securityGroupReferenceSet": [] })
}
