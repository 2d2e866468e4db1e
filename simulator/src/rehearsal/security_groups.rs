//! The security groups of the account that is deployed to, in the simulated account.
//!
//! Bootstrap's groups get the rules that they have on AWS, and the database's own group, which bootstrap does not know, is made. All other
//! groups have no members here, so that neither they nor rules about them let anything through.

use std::collections::BTreeMap;

use simulator_core::ec2::{
    AuthorizeSecurityGroup, CreateSecurityGroup, DescribeSecurityGroups, Direction, Egress, GroupPeer, GroupRef,
    Ingress, IpPermission, RangePeer, RevokeSecurityGroup, Rule,
};
use simulator_core::{Caller, Refusal, World};

use super::RehearsalError;
use super::files::security_groups::{Permission, SecurityGroup};
use super::files::{FileError, SecurityGroups};
use crate::account::Account;

/// Gives the groups of `account` the rules that `file` says they have. Answers the id of the group that `file` calls `database`, by name or
/// id.
///
/// # Errors
/// EC2 refuses what the file says, or it cannot be known whom a rule lets in.
pub(super) fn put(
    account: &Account,
    file: &SecurityGroups,
    database: Option<&str>,
) -> Result<Option<String>, RehearsalError> {
    let owner = account.look(World::root);
    let database = database.and_then(|group| file.find(group));
    if let Some(group) = database
        && !present(account, &owner, file)?.contains_key(&group.name)
    {
        let (name, description) = (group.name.clone(), group.description.clone());
        let create = CreateSecurityGroup { name, description, ..CreateSecurityGroup::default() };
        account.call(&owner, create).map_err(|refusal| refused(file, group, &refusal))?;
    }
    let present = present(account, &owner, file)?;
    let place = Put { account, owner, file, present: &present };
    for group in &file.groups {
        if let Some((id, rules)) = present.get(&group.name) {
            place.replace::<Ingress>(group, id, rules, &group.inbound)?;
            place.replace::<Egress>(group, id, rules, &group.outbound)?;
        }
    }
    Ok(database.and_then(|group| present.get(&group.name)).map(|(id, _)| id.clone()))
}

/// Groups of the simulated account by name: each one's id and rules.
type Present = BTreeMap<String, (String, Vec<Rule>)>;

fn present(account: &Account, owner: &Caller, file: &SecurityGroups) -> Result<Present, RehearsalError> {
    let described = account.call(owner, DescribeSecurityGroups::default());
    let page = described.map_err(|refusal| RehearsalError::Bug {
        message: format!("cannot put the groups of `{}` into the simulated account: {refusal}", file.source.name),
    })?;
    Ok(page.items.into_iter().map(|(group, rules)| (group.name, (group.id, rules))).collect())
}

/// Where rules are put.
struct Put<'a> {
    account: &'a Account,
    owner: Caller,
    file: &'a SecurityGroups,
    present: &'a Present,
}

impl Put<'_> {
    /// Replaces the rules of one direction.
    fn replace<D: Direction>(
        &self,
        group: &SecurityGroup,
        id: &str,
        rules: &[Rule],
        permissions: &[Permission],
    ) -> Result<(), RehearsalError> {
        let Self { account, owner, file, .. } = self;
        let old: Vec<String> =
            rules.iter().filter(|rule| rule.egress == D::EGRESS).map(|rule| rule.id.clone()).collect();
        let own = || GroupRef::Id(id.to_owned());
        if !old.is_empty() {
            let revoke = RevokeSecurityGroup::<D>::new(own(), Vec::new(), old);
            account.call(owner, revoke).map_err(|refusal| refused(file, group, &refusal))?;
        }
        let mut new = Vec::new();
        for permission in permissions {
            let permission = self.resolved(permission).map_err(|error| RehearsalError::input(&error, error.help()))?;
            if !(permission.groups.is_empty() && permission.ranges.is_empty()) {
                new.push(permission);
            }
        }
        if !new.is_empty() {
            let authorize = AuthorizeSecurityGroup::<D>::new(own(), new, BTreeMap::new());
            account.call(owner, authorize).map_err(|refusal| refused(file, group, &refusal))?;
        }
        Ok(())
    }

    /// A permission of the file with the simulated account's ids, without groups that have no members here.
    fn resolved(&self, permission: &Permission) -> Result<IpPermission, FileError> {
        let Self { file, present, .. } = self;
        let Permission { protocol, from_port, to_port, ranges, groups, prefix_lists } = permission;
        if let Some(list) = prefix_lists.first() {
            return Err(FileError::Contradiction {
                place: file.source.place(list.spot).into(),
                problem: format!("which addresses are in the prefix list `{}` is not known here", list.value),
                help: "write its ranges as `IpRanges`: `aws ec2 get-managed-prefix-list-entries` prints them"
                    .to_owned(),
            });
        }
        let mut peers = Vec::new();
        for id in groups {
            let Some(group) = file.find(&id.value) else {
                return Err(FileError::Contradiction {
                    place: file.source.place(id.spot).into(),
                    problem: format!("a rule names the group `{}`, which is not in the file", id.value),
                    help: "print all groups of the VPC into it: `aws ec2 describe-security-groups`".to_owned(),
                });
            };
            let here = present.get(&group.name);
            peers.extend(here.map(|(id, _)| GroupPeer { id: Some(id.clone()), ..GroupPeer::default() }));
        }
        Ok(IpPermission {
            protocol: protocol.clone(),
            from_port: *from_port,
            to_port: *to_port,
            groups: peers,
            ranges: ranges.iter().map(|cidr| RangePeer { cidr: cidr.clone(), description: None }).collect(),
        })
    }
}

fn refused(file: &SecurityGroups, group: &SecurityGroup, refusal: &Refusal) -> RehearsalError {
    let place = file.source.place(group.spot);
    RehearsalError::Input {
        message: format!("{place}: EC2 refuses the security group `{}`: {refusal}", group.name),
        help: Some("print the file anew with `aws ec2 describe-security-groups`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use simulator_core::{Region, Setup, Timing};

    use super::*;
    use crate::account::now;
    use crate::rehearsal::files::Source;

    /// An account that has the group `service`.
    fn account() -> Account {
        let id = "123456789012".parse().expect("twelve digits");
        let (region, timing) = (Region::new("eu-central-1"), Timing::rehearsal());
        let account = Account::new(World::new(Setup { account: id, region, seed: 1, timing, now: now() }));
        let create =
            CreateSecurityGroup { name: "service".to_owned(), description: "tasks".to_owned(), ..Default::default() };
        account.call(&account.look(World::root), create).expect("root may");
        account
    }

    fn file(inbound: &str) -> SecurityGroups {
        let text = format!(
            r#"{{"SecurityGroups": [
            {{"GroupName": "service", "GroupId": "sg-05", "IpPermissionsEgress": [{{"IpProtocol": "-1", "IpRanges": [{{"CidrIp": "0.0.0.0/0"}}]}}]}},
            {{"GroupName": "office", "GroupId": "sg-0f", "IpPermissions": [{{"IpProtocol": "-1", "PrefixListIds": [{{"PrefixListId": "pl-1"}}]}}]}},
            {{"GroupName": "rows", "GroupId": "sg-0d", "Description": "rows", "IpPermissions": [
{inbound}]}}]}}"#
        );
        SecurityGroups::parse(Source { name: "groups.json".to_owned(), text }).expect("it is right")
    }

    const SERVICE: &str =
        r#"{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": "sg-05"}]}"#;

    /// The rules of the group `id`, each as EC2's messages name it, with names in place of ids.
    fn rules(account: &Account, id: &str) -> Vec<String> {
        let page = account.call(&account.look(World::root), DescribeSecurityGroups::default()).expect("root may");
        let names: Vec<(String, String)> =
            page.items.iter().map(|(group, _)| (group.id.clone(), group.name.clone())).collect();
        let (_, rules) = page.items.into_iter().find(|(group, _)| group.id == id).expect("it is there");
        let named = |text: String| names.iter().fold(text, |text, (id, name)| text.replace(id, name));
        let mut rules: Vec<String> = rules.iter().map(|rule| named(format!("{} {rule}", rule.egress))).collect();
        rules.sort();
        rules
    }

    #[test]
    fn the_databases_group_gets_the_rules_that_it_has_on_aws() {
        let account = account();
        let office =
            r#"{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": "sg-0f"}]}"#;
        let id = put(&account, &file(&format!("{SERVICE}, {office}")), Some("sg-0d")).expect("it can be put");
        // Nobody is in the office's group here, and the file allows nothing out of the database's.
        let expected = ["false peer: service, TCP, from port: 5432, to port: 5432, ALLOW"];
        let id = id.expect("it was named");
        assert_eq!(rules(&account, &id), expected);
        // Again, without the rule.
        assert_eq!(put(&account, &file(""), Some("rows")).expect("it can be put"), Some(id.clone()));
        assert_eq!(rules(&account, &id), [""; 0]);
        assert_eq!(put(&account, &file(""), None).expect("it can be put"), None);
    }

    #[test]
    fn what_cannot_be_known_is_refused_at_its_place() {
        for (inbound, message) in [
            (
                r#"{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "PrefixListIds": [{"PrefixListId": "pl-2"}]}"#,
                "groups.json:5:87: which addresses are in the prefix list `pl-2` is not known here",
            ),
            (
                r#"{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-09"}]}"#,
                "groups.json:5:56: a rule names the group `sg-09`, which is not in the file",
            ),
            (
                r#"{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}"#,
                "groups.json:4:28: EC2 refuses the security group `rows`: InvalidParameterValue: CIDR block 10.0.0.0/33 is malformed",
            ),
        ] {
            let error = put(&account(), &file(inbound), Some("rows")).expect_err("it is refused");
            assert_eq!(error.to_string(), message);
            assert!(matches!(error, RehearsalError::Input { help: Some(_), .. }), "{error:?}");
        }
    }
}
