//! Who reaches whom, worked out by hand from what the EC2 guide says of rules.

use super::*;
use crate::ec2::rule::Rule;
use crate::trial::Trial;

/// A rule as text: group, `in` or `out`, protocol and ports, peer.
fn rule(id: usize, text: &str) -> Rule {
    let [group, direction, what, peer] = text.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let (protocol, ports) = what.split_once(':').map_or((what, None), |(protocol, ports)| (protocol, Some(ports)));
    let port = |text: &str| text.parse::<i32>().expect("a port");
    let ports = ports.map(|ports| {
        let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
        Ports { from: port(from), to: port(to) }
    });
    Rule {
        id: format!("sgr-{id}"),
        group: group.to_owned(),
        egress: direction == "out",
        protocol: Protocol::parse(protocol).expect("a protocol"),
        ports,
        peer: peer.parse().map_or_else(|()| Peer::Group(peer.to_owned()), Peer::Range),
        description: None,
        tags: std::collections::BTreeMap::new(),
    }
}

fn world(rules: &[&str]) -> World {
    let mut world = Trial::new().world;
    world.ec2.rules = rules.iter().enumerate().map(|(id, text)| (format!("sgr-{id}"), rule(id, text))).collect();
    world
}

#[test]
fn a_connection_needs_a_rule_at_both_ends() {
    let service = ["sg-service".to_owned()];
    let database = ["sg-database".to_owned()];
    let vpc: Cidr = "172.31.0.0/16".parse().expect("a range");
    let (from, to) = (Place { groups: &service, range: Some(vpc) }, Place { groups: &database, range: Some(vpc) });
    let out = "sg-service out -1 0.0.0.0/0";
    for (rules, missing) in [
        (vec![out, "sg-database in tcp:5432 sg-service"], vec![]),
        (vec![out, "sg-database in tcp:5000-6000 sg-service"], vec![]),
        (vec![out, "sg-database in -1 sg-service"], vec![]),
        (vec![out, "sg-database in tcp:5432 172.31.0.0/16"], vec![]),
        (vec![out, "sg-database in tcp:5432 172.16.0.0/12"], vec![]),
        // Part of where it may lie is not all of it.
        (vec![out, "sg-database in tcp:5432 172.31.0.0/20"], vec![false]),
        (vec![out, "sg-database in tcp:3306 sg-service"], vec![false]),
        (vec![out, "sg-database in udp:5432 sg-service"], vec![false]),
        (vec![out, "sg-database in tcp:5432 sg-other"], vec![false]),
        (vec![out, "sg-database out tcp:5432 sg-service"], vec![false]),
        (vec!["sg-service out tcp:443 0.0.0.0/0", "sg-database in tcp:5432 sg-service"], vec![true]),
        (vec!["sg-service out tcp:5432 sg-database", "sg-database in tcp:5432 sg-service"], vec![]),
        (vec![], vec![true, false]),
    ] {
        let world = world(&rules);
        let found: Vec<bool> = world.missing_rules(from, to, 5432).iter().map(|rule| rule.outbound).collect();
        assert_eq!(found, missing, "{rules:?}");
        let open = world.open_ports(from, to).iter().any(|(first, last)| (*first..=*last).contains(&5432));
        assert_eq!(open, missing.is_empty(), "{rules:?}");
    }
}

#[test]
fn the_missing_rule_is_named() {
    let group = |name: &str| (format!("sg-{name}"), name.to_owned());
    for (outbound, of, peer, sentence) in [
        (
            false,
            vec![group("database")],
            vec![group("service")],
            "the security group `database` has no inbound rule for TCP port 5432 from `service`",
        ),
        (
            true,
            vec![group("service"), group("admin")],
            vec![group("database")],
            "none of the security groups `service`, `admin` has an outbound rule for TCP port 5432 to `database`",
        ),
        (
            true,
            vec![group("service")],
            vec![],
            "the security group `service` has no outbound rule for TCP port 5432 to what has no security group",
        ),
    ] {
        assert_eq!(MissingRule { outbound, of, peer, port: 5432 }.to_string(), sentence);
    }
}

#[test]
fn what_has_no_group_is_not_guarded() {
    let service = ["sg-service".to_owned()];
    // What lies outside the VPC is meant by rules about everywhere.
    let (from, outside) = (Place { groups: &service, range: None }, Place::default());
    let world = world(&["sg-service out tcp:443 0.0.0.0/0"]);
    assert!(world.missing_rules(from, outside, 443).is_empty());
    assert_eq!(world.missing_rules(from, outside, 80).len(), 1);
    assert_eq!(world.open_ranges(&service), [("0.0.0.0/0".parse().expect("a range"), (443, 443))]);
}
