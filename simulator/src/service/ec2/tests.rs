//! EC2's rows, called as the wire calls them: all leaves of a request are text.

use serde_json::{Value, json};

use super::service;
use crate::service::trial::Trial;

fn web() -> Value {
    json!({
        "GroupName": "web", "GroupDescription": "for tests",
        "TagSpecification": [{"ResourceType": "security-group", "Tag": [{"Key": "a", "Value": "1"}]}],
    })
}

#[test]
fn a_group_is_described_with_its_rules_put_together() {
    let mut trial = Trial::new(service());
    let id = trial.answered("CreateSecurityGroup", web())["groupId"].as_str().expect("an id").to_owned();
    let rules = trial.answered(
        "AuthorizeSecurityGroupIngress",
        json!({
            "GroupId": id,
            "IpPermissions": [
                {
                    "IpProtocol": "tcp", "FromPort": "80", "ToPort": "80",
                    "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}, {"CidrIp": "192.0.2.0/24"}],
                    "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
                },
                {"IpProtocol": "-1", "Groups": [{"GroupId": id, "UserId": "123456789012"}]},
            ],
            "TagSpecification": [{"ResourceType": "security-group-rule", "Tag": [{"Key": "k", "Value": "v"}]}],
        }),
    );
    let rules = rules["securityGroupRuleSet"].as_array().expect("a list").clone();
    assert_eq!(rules.len(), 4);
    assert_eq!(rules[0]["cidrIpv4"], "10.0.0.0/8");
    assert_eq!(rules[0]["tagSet"], json!([{"key": "k", "value": "v"}]));
    assert_eq!(rules[2]["cidrIpv6"], "2001:db8::/32");
    assert_eq!(rules[3]["referencedGroupInfo"], json!({"groupId": id, "userId": "123456789012"}));
    assert_eq!((&rules[3]["fromPort"], &rules[3]["ipProtocol"]), (&json!(-1), &json!("-1")));

    let described = trial.answered("DescribeSecurityGroups", json!({"Filter": [{"Name": "tag:a", "Value": ["1"]}]}));
    let group = &described["securityGroupInfo"][0];
    assert_eq!(group["groupDescription"], "for tests");
    assert_eq!(group["tagSet"], json!([{"key": "a", "value": "1"}]));
    let permissions = group["ipPermissions"].as_array().expect("a list");
    assert_eq!(permissions.len(), 2, "{permissions:?}");
    let tcp = permissions.iter().find(|permission| permission["ipProtocol"] == "tcp").expect("the first permission");
    assert_eq!((&tcp["fromPort"], &tcp["toPort"]), (&json!(80), &json!(80)));
    assert_eq!(tcp["ipRanges"].as_array().map(Vec::len), Some(2));
    assert_eq!(tcp["ipv6Ranges"], json!([{"cidrIpv6": "2001:db8::/32"}]));
    let all = permissions.iter().find(|permission| permission["ipProtocol"] == "-1").expect("the second permission");
    assert_eq!(all.get("fromPort"), None, "all traffic has no ports");
    assert_eq!(all["groups"], json!([{"userId": "123456789012", "groupId": id}]));
    assert_eq!(group["ipPermissionsEgress"][0]["ipRanges"], json!([{"cidrIp": "0.0.0.0/0"}]));
}

#[test]
fn a_permission_may_stand_in_the_request_itself() {
    let mut trial = Trial::new(service());
    let id = trial.answered("CreateSecurityGroup", web())["groupId"].clone();
    let ssh = json!({"GroupName": "web", "IpProtocol": "tcp", "FromPort": "22", "ToPort": "22", "CidrIp": "0.0.0.0/0"});
    trial.answered("AuthorizeSecurityGroupIngress", ssh.clone());
    assert_eq!(
        trial.refused("AuthorizeSecurityGroupIngress", ssh.clone()),
        "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW\" already exists"
    );
    let gone = trial.answered("RevokeSecurityGroupIngress", ssh);
    assert_eq!(gone["revokedSecurityGroupRuleSet"][0]["groupId"], id);
    let out = json!({"GroupId": id, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]});
    trial.answered("RevokeSecurityGroupEgress", out.clone());
    trial.answered("AuthorizeSecurityGroupEgress", out);
    let rules = trial.answered("DescribeSecurityGroupRules", json!({"Filter": [{"Name": "group-id", "Value": [id]}]}));
    assert_eq!(rules["securityGroupRuleSet"][0]["isEgress"], true);
    assert_eq!(
        trial.answered("DeleteSecurityGroup", json!({"GroupName": "web"})),
        json!({"return": true, "groupId": id})
    );
}

#[test]
fn the_network_is_described_as_that_of_a_first_time_account() {
    let mut trial = Trial::new(service());
    let vpc = trial.answered("DescribeVpcs", json!({"Filter": [{"Name": "is-default", "Value": ["true"]}]}))["vpcSet"]
        [0]
    .clone();
    assert_eq!(
        (&vpc["cidrBlock"], &vpc["isDefault"], &vpc["state"]),
        (&json!("172.31.0.0/16"), &json!(true), &json!("available"))
    );
    let subnets = trial.answered(
        "DescribeSubnets",
        json!({"MaxResults": "5", "Filter": [{"Name": "vpc-id", "Value": [vpc["vpcId"]]}]}),
    );
    let subnets = subnets["subnetSet"].as_array().expect("a list").clone();
    assert_eq!(subnets.len(), 3);
    assert_eq!(
        (&subnets[0]["availableIpAddressCount"], &subnets[0]["mapPublicIpOnLaunch"]),
        (&json!(4091), &json!(true))
    );
    let routes = trial.answered("DescribeRouteTables", json!({}))["routeTableSet"][0]["routeSet"].clone();
    let gateway =
        trial.answered("DescribeInternetGateways", json!({}))["internetGatewaySet"][0]["internetGatewayId"].clone();
    assert_eq!((&routes[0]["gatewayId"], &routes[1]["gatewayId"]), (&json!("local"), &gateway));
    let zones = trial.answered("DescribeAvailabilityZones", json!({"ZoneName": ["eu-central-1b"]}));
    assert_eq!(zones["availabilityZoneInfo"][0]["zoneId"], "euc1-az2");
    assert_eq!(
        trial.refused("DescribeSubnets", json!({"SubnetId": ["subnet-1"]})),
        "InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist"
    );
}

#[test]
fn tags_are_put_listed_and_taken_away() {
    let mut trial = Trial::new(service());
    let id = trial.answered("CreateSecurityGroup", web())["groupId"].clone();
    trial.answered("CreateTags", json!({"ResourceId": [id], "Tag": [{"Key": "b", "Value": "2"}]}));
    trial.answered("DeleteTags", json!({"ResourceId": [id], "Tag": [{"Key": "a"}]}));
    let listed = trial.answered("DescribeTags", json!({"Filter": [{"Name": "resource-id", "Value": [id]}]}));
    assert_eq!(
        listed["tagSet"],
        json!([{"key": "b", "value": "2", "resourceId": id, "resourceType": "security-group"}])
    );
}

#[test]
fn what_is_not_simulated_is_said_to_be_so() {
    let mut trial = Trial::new(service());
    for (operation, request, what) in [
        (
            "AuthorizeSecurityGroupIngress",
            json!({"GroupName": "default", "IpPermissions": [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-1"}]}]}),
            "parameter `PrefixListIds` of ec2:AuthorizeSecurityGroupIngress.IpPermissions[0]",
        ),
        (
            "CreateSecurityGroup",
            json!({"GroupName": "x", "GroupDescription": "y", "Colour": "red"}),
            "parameter `Colour` of ec2:CreateSecurityGroup",
        ),
    ] {
        assert_eq!(trial.refused(operation, request), format!("greenroom does not simulate {what}"));
    }
    for (operation, request, complaint) in [
        (
            "CreateSecurityGroup",
            json!({"GroupName": "x"}),
            "MissingParameter: The request must contain the parameter GroupDescription",
        ),
        (
            "DeleteSecurityGroup",
            json!({}),
            "MissingParameter: The request must contain the parameter groupName or groupId",
        ),
        (
            "CreateSecurityGroup",
            json!({"GroupName": "x", "GroupDescription": "y", "TagSpecification": [{"ResourceType": "vpc", "Tag": []}]}),
            "InvalidParameterValue: 'vpc' is not a valid taggable resource type for this operation.",
        ),
    ] {
        assert_eq!(trial.refused(operation, request), complaint);
    }
}

#[test]
fn a_dry_run_says_whether_the_call_is_allowed_and_does_nothing() {
    let mut trial = Trial::new(service());
    let mut dry = web();
    dry["DryRun"] = json!("true");
    let would = "DryRunOperation: Request would have succeeded, but DryRun flag is set.";
    assert_eq!(trial.refused("CreateSecurityGroup", dry), would);
    assert_eq!(trial.refused("DescribeVpcs", json!({"DryRun": "true"})), would);
    let mut real = web();
    real["DryRun"] = json!("false");
    trial.answered("CreateSecurityGroup", real);
}

#[test]
fn rules_are_changed_in_place_and_described_anew() {
    let mut trial = Trial::new(service());
    let id = trial.answered("CreateSecurityGroup", web())["groupId"].clone();
    let open = json!({"IpProtocol": "tcp", "FromPort": "80", "ToPort": "80", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    let made = trial.answered("AuthorizeSecurityGroupIngress", json!({"GroupId": id, "IpPermissions": [open]}));
    let rule = made["securityGroupRuleSet"][0]["securityGroupRuleId"].clone();
    let change = json!({"IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "CidrIpv4": "10.0.0.0/8"});
    let modify =
        json!({"GroupId": id, "SecurityGroupRule": [{"SecurityGroupRuleId": rule, "SecurityGroupRule": change}]});
    assert_eq!(trial.answered("ModifySecurityGroupRules", modify), json!({"return": true}));
    let describe = json!({
        "GroupId": id, "SecurityGroupRuleDescription": [{"SecurityGroupRuleId": rule, "Description": "from inside"}],
    });
    trial.answered("UpdateSecurityGroupRuleDescriptionsIngress", describe.clone());
    let described = trial.answered("DescribeSecurityGroupRules", json!({"SecurityGroupRuleId": [rule]}));
    let seen = &described["securityGroupRuleSet"][0];
    assert_eq!(
        (&seen["fromPort"], &seen["cidrIpv4"], &seen["description"]),
        (&json!(443), &json!("10.0.0.0/8"), &json!("from inside"))
    );
    let id = rule.as_str().expect("an id");
    assert_eq!(
        trial.refused("UpdateSecurityGroupRuleDescriptionsEgress", describe),
        format!("InvalidSecurityGroupRuleId.NotFound: The security group rule ID '{id}' does not exist")
    );
}

#[test]
fn what_an_account_is_asked_at_first_is_answered() {
    let mut trial = Trial::new(service());
    let vpc = trial.answered("DescribeVpcs", json!({}))["vpcSet"][0]["vpcId"].clone();
    for (operation, request, at, expected) in [
        (
            "DescribeAccountAttributes",
            json!({"AttributeName": ["default-vpc"]}),
            "/accountAttributeSet/0/attributeValueSet/0/attributeValue",
            vpc.clone(),
        ),
        (
            "DescribeRegions",
            json!({"RegionName": ["eu-central-1"]}),
            "/regionInfo/0",
            json!({
                "regionName": "eu-central-1",
                "regionEndpoint": "ec2.eu-central-1.amazonaws.com",
                "optInStatus": "opt-in-not-required",
            }),
        ),
        ("DescribeNetworkInterfaces", json!({}), "/networkInterfaceSet", json!([])),
        ("GetSecurityGroupsForVpc", json!({"VpcId": vpc}), "/securityGroupForVpcSet/0/groupName", json!("default")),
    ] {
        let answer = trial.answered(operation, request);
        assert_eq!(answer.pointer(at), Some(&expected), "{operation}: {answer}");
    }
    for (operation, request, refused) in [
        (
            "DescribeRegions",
            json!({"RegionName": ["eu-central-9"]}),
            "InvalidParameterValue: Invalid region provided [eu-central-9]",
        ),
        (
            "DescribeNetworkInterfaces",
            json!({"NetworkInterfaceId": ["eni-1"]}),
            "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-1' does not exist",
        ),
        (
            "DescribeSecurityGroupReferences",
            json!({"GroupId": ["sg-1"]}),
            "InvalidGroup.NotFound: The security group 'sg-1' does not exist",
        ),
    ] {
        assert_eq!(trial.refused(operation, request), refused);
    }
}
