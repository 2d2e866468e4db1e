//! Which rule of a security group keeps the service from its database.

use simulator_core::World;
use simulator_core::ec2::{MissingRule, Place};

use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::SecurityGroups;

/// The finding of `stage` that what is in the groups `service` cannot open connections to `port` of a database in the groups `database`,
/// if the rules of `world` say so. `file` knows the groups' ids on AWS, where they came from there.
#[must_use]
pub fn closed(
    world: &World,
    service: &[String],
    database: &[String],
    port: u16,
    file: Option<&SecurityGroups>,
    stage: Stage,
) -> Option<Finding> {
    let range = world.default_vpc_range();
    let (from, to) = (Place { groups: service, range }, Place { groups: database, range });
    let missing = world.missing_rules(from, to, port);
    let at_fault = file.zip(missing.first()?.of.first()).and_then(|(file, (_, name))| {
        let group = file.find(name)?;
        Some(file.source.place(group.spot))
    });
    let rules: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let sentence = format!("{}: the service cannot reach the database", rules.join(", and "));
    let help = missing.iter().map(|rule| command(rule, file));
    let finding = Finding::error(Code::A02, Kind::Static, stage, sentence).with_help(help);
    Some(match at_fault {
        Some(place) => finding.at(place),
        None => finding,
    })
}

/// What adds the rule: the AWS CLI's own examples of `authorize-security-group-ingress` and `-egress`. Names do for groups of the default
/// VPC, where bootstrap makes them; a rule for what goes out takes ids alone.
fn command(rule: &MissingRule, file: Option<&SecurityGroups>) -> String {
    let handle = |groups: &[(String, String)]| {
        let (_, name) = groups.first()?;
        let known = file.and_then(|file| file.find(name));
        Some(known.map_or_else(|| (name.clone(), "--group-name"), |group| (group.id.clone(), "--group-id")))
    };
    let MissingRule { outbound, of, peer, port } = rule;
    match (outbound, handle(of), handle(peer)) {
        (false, Some((of, flag)), Some((peer, _))) => format!(
            "aws ec2 authorize-security-group-ingress {flag} {of} --protocol tcp --port {port} --source-group {peer}"
        ),
        (true, Some((of, "--group-id")), Some((peer, "--group-id"))) => format!(
            "aws ec2 authorize-security-group-egress --group-id {of} \
             --ip-permissions 'IpProtocol=tcp,FromPort={port},ToPort={port},UserIdGroupPairs=[{{GroupId={peer}}}]'"
        ),
        (_, of, peer) => {
            let name = |handle: Option<(String, _)>| {
                handle.map_or_else(|| "anything".to_owned(), |(name, _)| format!("`{name}`"))
            };
            format!("let {} open connections to TCP port {port} of {}", name(of), name(peer))
        }
    }
}

#[cfg(test)]
mod tests {
    use simulator_core::ec2::{AuthorizeIngress, CreateSecurityGroup, GroupPeer, GroupRef, IpPermission};
    use simulator_core::{Region, Setup, Timestamp, Timing};

    use super::*;
    use crate::rehearsal::files::Source;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    /// An account with the groups `service` and `database`, and their ids.
    fn account() -> (World, [String; 1], [String; 1]) {
        let account = "123456789012".parse().expect("twelve digits");
        let (region, timing) = (Region::new("eu-central-1"), Timing::rehearsal());
        let mut world = World::new(Setup { account, region, seed: 1, timing, now: NOW });
        let root = world.root();
        let mut group = |name: &str| {
            let (name, description) = (name.to_owned(), "for a test".to_owned());
            let create = CreateSecurityGroup { name, description, ..CreateSecurityGroup::default() };
            [world.call(NOW, &root, create).expect("root may").id]
        };
        let (service, database) = (group("service"), group("database"));
        (world, service, database)
    }

    fn admit(world: &mut World, database: &str, service: &str, port: i64) {
        let peer = GroupPeer { id: Some(service.to_owned()), ..GroupPeer::default() };
        let (protocol, groups) = ("tcp".to_owned(), vec![peer]);
        let ports = (Some(port), Some(port));
        let permission =
            IpPermission { protocol, from_port: ports.0, to_port: ports.1, groups, ..IpPermission::default() };
        let rule = AuthorizeIngress::new(
            GroupRef::Id(database.to_owned()),
            vec![permission],
            std::collections::BTreeMap::new(),
        );
        let root = world.root();
        world.call(NOW, &root, rule).expect("root may");
    }

    #[test]
    fn a_missing_rule_is_named_with_what_adds_it() {
        let (mut world, service, database) = account();
        // Another port is not the database's.
        admit(&mut world, &database[0], &service[0], 3306);
        let finding = closed(&world, &service, &database, 5432, None, Stage::Baseline).expect("it is closed");
        assert_eq!(
            finding.to_string(),
            "error[A-02] the security group `database` has no inbound rule for TCP port 5432 from `service`: the service cannot reach the \
             database (baseline)\n  \
             fix      aws ec2 authorize-security-group-ingress --group-name database --protocol tcp --port 5432 --source-group service"
        );
        admit(&mut world, &database[0], &service[0], 5432);
        assert_eq!(closed(&world, &service, &database, 5432, None, Stage::Baseline), None);
        assert_eq!(closed(&world, &service, &[], 5432, None, Stage::Baseline), None, "no group guards it");
    }

    #[test]
    fn groups_of_the_users_file_have_their_own_ids_and_places() {
        let (world, service, database) = account();
        let text = "{\"SecurityGroups\": [\n{\"GroupName\": \"database\", \"GroupId\": \"sg-0d\"},\n{\"GroupName\": \"service\", \"GroupId\": \"sg-05\"}]}";
        let file = SecurityGroups::parse(Source { name: "groups.json".to_owned(), text: text.to_owned() });
        let file = file.expect("it is right");
        let finding = closed(&world, &service, &database, 5432, Some(&file), Stage::Baseline).expect("it is closed");
        let place = finding.place.expect("the file has the group");
        assert_eq!((place.file.as_str(), place.line), ("groups.json", 2));
        let expected =
            "aws ec2 authorize-security-group-ingress --group-id sg-0d --protocol tcp --port 5432 --source-group sg-05";
        assert_eq!(finding.help, [expected]);
        let group = |id: &str, name: &str| vec![(id.to_owned(), name.to_owned())];
        let (of, peer) = (group("sg-1", "service"), group("sg-2", "database"));
        let outbound = MissingRule { outbound: true, of, peer, port: 5432 };
        for (file, expected) in [
            (
                Some(&file),
                "aws ec2 authorize-security-group-egress --group-id sg-05 --ip-permissions \
                 'IpProtocol=tcp,FromPort=5432,ToPort=5432,UserIdGroupPairs=[{GroupId=sg-0d}]'",
            ),
            (None, "let `service` open connections to TCP port 5432 of `database`"),
        ] {
            assert_eq!(command(&outbound, file), expected);
        }
    }
}
