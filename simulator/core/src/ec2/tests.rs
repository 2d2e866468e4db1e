//! EC2's operations: the first-time network, and security groups with the words of their refusals.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::*;
use crate::trial::Trial;

fn create(name: &str) -> CreateSecurityGroup {
    CreateSecurityGroup { name: name.into(), description: "a group".into(), ..CreateSecurityGroup::default() }
}

fn tcp(port: i64, cidrs: &[&str]) -> IpPermission {
    let range = |cidr: &&str| RangePeer { cidr: (*cidr).to_owned(), description: None };
    IpPermission {
        protocol: "tcp".into(),
        from_port: Some(port),
        to_port: Some(port),
        groups: Vec::new(),
        ranges: cidrs.iter().map(range).collect(),
    }
}

fn tcp_from(port: i64, group: &str) -> IpPermission {
    let group = GroupPeer { id: Some(group.to_owned()), ..GroupPeer::default() };
    IpPermission { groups: vec![group], ..tcp(port, &[]) }
}

fn allow(group: &str, permissions: Vec<IpPermission>) -> AuthorizeIngress {
    AuthorizeIngress::new(GroupRef::Id(group.into()), permissions, BTreeMap::new())
}

fn revoke(group: &str, permissions: Vec<IpPermission>) -> RevokeSecurityGroup<Ingress> {
    RevokeSecurityGroup::new(GroupRef::Id(group.into()), permissions, Vec::new())
}

fn delete(group: &str) -> DeleteSecurityGroup {
    DeleteSecurityGroup { group: GroupRef::Id(group.into()) }
}

fn filter(name: &str, value: &str) -> Vec<Filter> {
    vec![Filter { name: name.into(), values: vec![value.into()] }]
}

fn default_group(trial: &mut Trial) -> SecurityGroup {
    let describe = DescribeSecurityGroups { names: vec!["default".into()], ..Default::default() };
    trial.done(describe).items.remove(0).0
}

#[test]
fn a_first_time_account_has_a_default_vpc_open_to_the_internet() {
    let mut trial = Trial::new();
    let vpcs = trial.done(DescribeVpcs(Query { filters: filter("is-default", "true"), ..Query::default() })).items;
    assert_eq!((vpcs.len(), vpcs[0].cidr.as_str()), (1, "172.31.0.0/16"));
    let mut subnets =
        trial.done(DescribeSubnets(Query { filters: filter("vpc-id", &vpcs[0].id), ..Query::default() })).items;
    subnets.sort_by(|one, other| one.zone.cmp(&other.zone));
    let seen: Vec<(&str, &str, &str)> =
        subnets.iter().map(|subnet| (subnet.zone.as_str(), subnet.zone_id.as_str(), subnet.cidr.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("eu-central-1a", "euc1-az1", "172.31.0.0/20"),
            ("eu-central-1b", "euc1-az2", "172.31.16.0/20"),
            ("eu-central-1c", "euc1-az3", "172.31.32.0/20"),
        ]
    );
    let routes = trial.done(DescribeRouteTables(Query::default())).items;
    let gateways = trial.done(DescribeInternetGateways(Query::default())).items;
    assert_eq!((routes.len(), &routes[0].gateway), (1, &gateways[0].id));
    assert_eq!(trial.done(DescribeAvailabilityZones::default()).len(), 3);
    let group = default_group(&mut trial);
    let rules =
        trial.done(DescribeSecurityGroupRules { filters: filter("group-id", &group.id), ..Default::default() }).items;
    let inbound: Vec<&Rule> = rules.iter().filter(|rule| !rule.egress).collect();
    assert_eq!((rules.len(), &inbound[0].peer), (2, &Peer::Group(group.id)));
}

#[test]
fn a_new_group_lets_everything_out_and_nothing_in() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    let (_, rules) = trial.done(DescribeSecurityGroups { ids: vec![id], ..Default::default() }).items.remove(0);
    let seen: Vec<(bool, String)> = rules.iter().map(|rule| (rule.egress, rule.to_string())).collect();
    assert_eq!(seen, [(true, "peer: 0.0.0.0/0, ALL, ALLOW".to_owned())]);
}

#[test]
fn groups_are_refused_in_ec2s_words() {
    let mut trial = Trial::new();
    let vpc = default_group(&mut trial).vpc;
    trial.done(create("web"));
    for (operation, expected) in [
        (create("web "), format!("400 InvalidGroup.Duplicate: The security group 'web' already exists for VPC '{vpc}'")),
        (create("default"), "400 InvalidGroup.Reserved: The security group 'default' is reserved".to_owned()),
        (
            create("sg-1"),
            "400 InvalidParameterValue: Invalid security group name 'sg-1'. Group names may not be in the format sg-*.".to_owned(),
        ),
        (
            create("ü"),
            "400 InvalidParameterValue: Invalid security group name. Valid names are non-empty strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*".to_owned(),
        ),
        (
            CreateSecurityGroup { description: String::new(), ..create("x") },
            "400 MissingParameter: The request must contain the parameter GroupDescription".to_owned(),
        ),
        (
            CreateSecurityGroup { vpc: Some("vpc-1".into()), ..create("x") },
            "400 InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist".to_owned(),
        ),
    ] {
        assert_eq!(trial.refused(operation), expected);
    }
    assert_eq!(trial.refused(delete("sg-1")), "400 InvalidGroup.NotFound: The security group 'sg-1' does not exist");
    assert_eq!(
        trial.refused(delete("web")),
        "400 InvalidGroupId.Malformed: Invalid id: \"web\" (expecting \"sg-...\")"
    );
    let id = default_group(&mut trial).id;
    assert_eq!(
        trial.refused(delete(&id)),
        format!("400 CannotDelete: the specified group: \"{id}\" name: \"default\" cannot be deleted by a user")
    );
}

#[test]
fn rules_are_refused_in_ec2s_words() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    let other = trial.done(create("other")).id;
    let all = IpPermission { protocol: "-1".into(), ..tcp_from(0, &other) };
    trial.done(allow(&id, vec![tcp(22, &["0.0.0.0/0"]), all.clone()]));
    let with = |change: fn(&mut IpPermission)| {
        let mut permission = tcp(80, &["0.0.0.0/0"]);
        change(&mut permission);
        vec![permission]
    };
    for (permissions, expected) in [
        (
            vec![tcp(80, &["10.0.0.0/8"]), tcp(22, &["0.0.0.0/0"])],
            "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW\" already exists".to_owned(),
        ),
        (
            vec![all],
            format!("InvalidPermission.Duplicate: the specified rule \"peer: {other}, ALL, ALLOW\" already exists"),
        ),
        (
            vec![tcp(80, &["10.0.0.0/8", "10.0.0.1/8"])],
            "InvalidParameterValue: The same permission must not appear multiple times".to_owned(),
        ),
        (vec![tcp(80, &["10.0.0.0"])], "InvalidParameterValue: CIDR block 10.0.0.0 is malformed".to_owned()),
        (vec![tcp(80, &["10.0.0.0/33"])], "InvalidParameterValue: CIDR block 10.0.0.0/33 is malformed".to_owned()),
        (vec![tcp(70_000, &["0.0.0.0/0"])], "InvalidParameterValue: TCP/UDP port (70000) out of range".to_owned()),
        (vec![tcp_from(80, "sg-1")], "InvalidGroup.NotFound: The security group 'sg-1' does not exist".to_owned()),
        (vec![tcp(80, &[])], "MissingParameter: The request must contain the parameter ipRanges".to_owned()),
        (Vec::new(), "MissingParameter: The request must contain the parameter ipPermissions".to_owned()),
        (with(|permission| permission.to_port = Some(79)), "InvalidParameterValue: Invalid TCP/UDP port range (80:79)".to_owned()),
        (with(|permission| permission.from_port = None), "MissingParameter: The request must contain the parameter fromPort".to_owned()),
        (
            with(|permission| permission.protocol = "http".into()),
            "InvalidParameterValue: Invalid value 'http' for IP protocol. Unknown protocol.".to_owned(),
        ),
    ] {
        assert_eq!(trial.refused(allow(&id, permissions)), format!("400 {expected}"));
    }
    assert_eq!(
        trial.refused(revoke(&id, vec![tcp(80, &["0.0.0.0/0"])])),
        "400 InvalidPermission.NotFound: The specified rule does not exist in this security group."
    );
    let by_id = RevokeSecurityGroup::<Ingress>::new(GroupRef::Id(id), Vec::new(), vec!["sgr-1".into()]);
    assert_eq!(
        trial.refused(by_id),
        "400 InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-1' does not exist"
    );
}

#[test]
fn a_refused_request_adds_no_rule() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    trial.refused(allow(&id, vec![tcp(80, &["0.0.0.0/0"]), tcp(81, &["nonsense"])]));
    let rules = trial.done(DescribeSecurityGroupRules { filters: filter("group-id", &id), ..Default::default() }).items;
    assert_eq!(rules.len(), 1, "the one that lets everything out");
}

#[test]
fn a_description_does_not_make_a_rule_another() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    trial.done(allow(&id, vec![tcp(80, &["0.0.0.0/0"])]));
    let mut described = tcp(80, &["0.0.0.0/0"]);
    described.ranges[0].description = Some("everybody".into());
    assert!(trial.refused(allow(&id, vec![described])).starts_with("400 InvalidPermission.Duplicate"));
}

#[test]
fn a_group_has_at_most_sixty_rules_each_way() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    let permissions = |from: i64, to: i64| (from..to).map(|port| tcp(port, &["0.0.0.0/0"])).collect();
    trial.done(allow(&id, permissions(1, 61)));
    assert_eq!(
        trial.refused(allow(&id, permissions(61, 62))),
        "400 RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached."
    );
}

#[test]
fn rules_of_both_versions_of_ip_are_counted_apart_and_groups_for_both() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    let permissions = |range: &str| (0..59).map(|port| tcp(port, &[range])).collect();
    trial.done(allow(&id, permissions("0.0.0.0/0")));
    trial.done(allow(&id, permissions("::/0")));
    trial.done(allow(&id, vec![tcp_from(1, &id)]));
    let exceeded =
        "400 RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached.";
    for range in ["0.0.0.0/0", "::/0"] {
        assert_eq!(trial.refused(allow(&id, vec![tcp(1000, &[range])])), exceeded);
    }
}

/// A rule keeps its kind of peer, and two rules of a group never say the same.
#[test]
fn changes_of_rules_are_refused_in_ec2s_words() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    let rules = trial.done(allow(&id, vec![tcp(80, &["0.0.0.0/0"]), tcp(81, &["0.0.0.0/0"])]));
    let one = rules[0].id.clone();
    let change = |port| RuleChange {
        protocol: "tcp".into(),
        from_port: Some(port),
        to_port: Some(port),
        ipv4: Some("0.0.0.0/0".into()),
        ..RuleChange::default()
    };
    let modify =
        |rule: &str, change| ModifySecurityGroupRules { group: id.clone(), rules: vec![(rule.to_owned(), change)] };
    for (operation, refused) in [
        (
            modify(&one, RuleChange { group: Some(id.clone()), ipv4: None, ..change(80) }),
            "InvalidParameterValue: You may not specify a referenced group id for an existing IPv4 CIDR rule.",
        ),
        (
            modify(&one, change(81)),
            "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, TCP, from port: 81, to port: 81, ALLOW\" already exists",
        ),
        (
            modify("sgr-1", change(1)),
            "InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-1' does not exist",
        ),
        (
            ModifySecurityGroupRules { group: id.clone(), rules: Vec::new() },
            "MissingParameter: The request must contain the parameter SecurityGroupRule",
        ),
    ] {
        assert_eq!(trial.refused(operation), format!("400 {refused}"));
    }
    trial.done(modify(&one, change(82)));
    let rule = trial.done(DescribeSecurityGroupRules { ids: vec![one], ..Default::default() }).items.remove(0);
    assert_eq!(rule.to_string(), "peer: 0.0.0.0/0, TCP, from port: 82, to port: 82, ALLOW");
}

#[test]
fn a_group_that_something_uses_stays() {
    let mut trial = Trial::new();
    let (id, other) = (trial.done(create("web")).id, trial.done(create("other")).id);
    let own = tcp_from(1, &id);
    trial.done(allow(&id, vec![own]));
    trial.done(allow(&other, vec![tcp_from(2, &id)]));
    let violation = format!("400 DependencyViolation: resource {id} has a dependent object");
    assert_eq!(trial.refused(delete(&id)), violation);
    trial.done(revoke(&other, vec![tcp_from(2, &id)]));
    trial.world.hold_security_groups(std::slice::from_ref(&id));
    assert_eq!(trial.refused(delete(&id)), violation);
    trial.world.release_security_groups(std::slice::from_ref(&id));
    assert_eq!(trial.done(delete(&id)), id);
    assert_eq!(
        trial.refused(delete(&id)),
        format!("400 InvalidGroup.NotFound: The security group '{id}' does not exist")
    );
}

#[test]
fn groups_are_found_by_name_vpc_and_tags() {
    let mut trial = Trial::new();
    let vpc = default_group(&mut trial).vpc;
    let tags: BTreeMap<String, String> = [("greenroom:project".to_owned(), "news".to_owned())].into();
    let id = trial.done(CreateSecurityGroup { tags, ..create("news-service") }).id;
    trial.done(create("else"));
    let mut found = |name: &str, value: &str| {
        let describe = DescribeSecurityGroups { filters: filter(name, value), ..Default::default() };
        trial.done(describe).items.into_iter().map(|(group, _)| group.name).collect::<Vec<_>>()
    };
    assert_eq!(found("tag:greenroom:project", "news"), ["news-service"]);
    assert_eq!(found("tag-key", "greenroom:*"), ["news-service"]);
    assert_eq!(found("group-name", "news-*"), ["news-service"]);
    assert_eq!(found("group-id", &id), ["news-service"]);
    assert_eq!(found("vpc-id", &vpc).len(), 3);
    assert_eq!(found("tag:greenroom:project", "ads"), Vec::<String>::new());
    let wrong = DescribeSecurityGroups { filters: filter("colour", "red"), ..Default::default() };
    assert_eq!(trial.refused(wrong), "400 InvalidParameterValue: The filter 'colour' is invalid");
    let listed = trial.done(DescribeTags { filters: filter("resource-id", &id), ..Default::default() }).items;
    assert_eq!((listed[0].key.as_str(), listed[0].resource_type), ("greenroom:project", "security-group"));
}

#[test]
fn tags_come_and_go() {
    let mut trial = Trial::new();
    let id = trial.done(create("web")).id;
    let tags: BTreeMap<String, String> = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into();
    trial.done(CreateTags { resources: vec![id.clone()], tags });
    let remove = [("a".to_owned(), None), ("b".to_owned(), Some("other".to_owned()))].into();
    trial.done(DeleteTags { resources: vec![id.clone()], tags: remove });
    let left = trial.world.security_group(&id).expect("there").tags.clone();
    assert_eq!(left, [("b".to_owned(), "2".to_owned())].into());
    let absent = CreateTags { resources: vec!["sg-1".into()], tags: left };
    assert_eq!(trial.refused(absent), "400 InvalidGroup.NotFound: The security group 'sg-1' does not exist");
}

/// Who asks whom on which port, and whether it gets through: a load balancer open to all, a service open to the load balancer
/// alone, a database open to the service alone.
#[test]
fn traffic_passes_where_both_ends_allow_it() {
    let mut trial = Trial::new();
    let [balancer, service, database] = ["lb", "service", "db"].map(|name| trial.done(create(name)).id);
    trial.done(allow(&balancer, vec![tcp(80, &["0.0.0.0/0"])]));
    trial.done(allow(&service, vec![tcp_from(8000, &balancer)]));
    trial.done(allow(&database, vec![tcp_from(5432, &service)]));
    fn end(group: &String) -> Endpoint<'_> {
        Endpoint { groups: std::slice::from_ref(group), address: None }
    }
    let internet = Endpoint { groups: &[], address: Some(IpAddr::from([203, 0, 113, 9])) };
    assert!(trial.world.reaches(&internet, &end(&balancer), 80));
    assert!(trial.world.reaches(&end(&service), &internet, 443));
    assert!(!trial.world.reaches(&internet, &end(&service), 8000));
    for (from, to, port, expected) in [
        (&balancer, &service, 8000, true),
        (&balancer, &service, 8001, false),
        (&balancer, &database, 5432, false),
        (&service, &database, 5432, true),
        (&database, &service, 8000, false),
    ] {
        assert_eq!(trial.world.reaches(&end(from), &end(to), port), expected, "{from} {to} {port}");
    }
    let out = IpPermission { protocol: "-1".into(), ..tcp(0, &["0.0.0.0/0"]) };
    trial.done(RevokeSecurityGroup::<Egress>::new(GroupRef::Id(service.clone()), vec![out], Vec::new()));
    assert!(!trial.world.reaches(&end(&service), &end(&database), 5432), "nothing may leave any more");
}

#[test]
fn making_a_group_asks_for_the_group_the_vpc_and_the_tags() {
    use crate::operation::Operation as _;
    let trial = Trial::new();
    let tags = [("k".to_owned(), "v".to_owned())].into();
    let accesses = CreateSecurityGroup { tags, ..create("web") }.accesses(&trial.world).expect("accesses");
    let vpc = &trial.world.ec2.default_vpc().expect("a first-time account has one").id;
    let seen: Vec<(&str, String)> = accesses.iter().map(|access| (access.action, access.resource.clone())).collect();
    let arn = |resource: &str| format!("arn:aws:ec2:eu-central-1:123456789012:{resource}");
    assert_eq!(
        seen,
        [
            ("ec2:CreateSecurityGroup", arn("security-group/*")),
            ("ec2:CreateSecurityGroup", arn(&format!("vpc/{vpc}"))),
            ("ec2:CreateTags", arn("security-group/*")),
        ]
    );
    assert!(accesses[0].context.contains_key("aws:RequestTag/k"));
    assert!(!accesses[1].context.contains_key("aws:RequestTag/k"), "the tags are not the VPC's");
    assert_eq!(accesses[2].context["ec2:CreateAction"], ["CreateSecurityGroup"]);
}
