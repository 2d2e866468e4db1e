//! Security groups, as `aws ec2 describe-security-groups` prints them.
//!
//! AWS adds to what it prints from time to time, so keys that nobody here knows are passed over.

use super::fields::Fields;
use super::source::{Located, Source, Spot};
use super::tree::Node;
use super::{FileError, json};

/// The security groups of the account that is deployed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroups {
    /// The file.
    pub source: Source,
    /// The groups, in the file's order; no two have the same name.
    pub groups: Vec<SecurityGroup>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Where its name stands.
    pub spot: Spot,
    /// Its id on AWS, `sg-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What may come in.
    pub inbound: Vec<Permission>,
    /// What may go out.
    pub outbound: Vec<Permission>,
}

/// One protocol, one range of ports, and those whom they are open to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// A protocol's name or number; `-1` is all of them.
    pub protocol: String,
    /// The first port; none means all.
    pub from_port: Option<i64>,
    /// The last port.
    pub to_port: Option<i64>,
    /// Addresses, of either version of IP.
    pub ranges: Vec<String>,
    /// Groups of the same account, by their ids.
    pub groups: Vec<Located<String>>,
    /// Prefix lists, by their ids.
    pub prefix_lists: Vec<Located<String>>,
}

impl SecurityGroups {
    /// Reads what `aws ec2 describe-security-groups` printed.
    ///
    /// # Errors
    /// If it is no JSON or something else, or if two groups have the same name.
    pub fn parse(source: Source) -> Result<Self, FileError> {
        let root = json::parse(&source)?;
        let fields = Fields::of(&source, &root, "the file of security groups")?;
        let nodes = fields.list("SecurityGroups")?;
        if nodes.is_empty() {
            return Err(fields.missing("SecurityGroups"));
        }
        let groups = nodes.iter().map(|node| SecurityGroup::read(&source, node)).collect::<Result<Vec<_>, _>>()?;
        for (index, group) in groups.iter().enumerate() {
            if groups[..index].iter().any(|other| other.name == group.name) {
                return Err(FileError::Contradiction {
                    place: source.place(group.spot).into(),
                    problem: format!("a second group is called `{}`", group.name),
                    help: "print those of the default VPC only: `--filters Name=vpc-id,Values=vpc-…`".to_owned(),
                });
            }
        }
        Ok(Self { source, groups })
    }

    /// The group with this name or id.
    #[must_use]
    pub fn find(&self, name_or_id: &str) -> Option<&SecurityGroup> {
        self.groups.iter().find(|group| group.name == name_or_id || group.id == name_or_id)
    }
}

impl SecurityGroup {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "a security group")?;
        let owner = fields.text("OwnerId")?.map(|owner| owner.value);
        let permissions = |key| -> Result<Vec<Permission>, FileError> {
            fields.list(key)?.iter().map(|node| Permission::read(source, node, owner.as_deref())).collect()
        };
        let Located { value: name, spot } = fields.required_text("GroupName")?;
        Ok(Self {
            spot,
            name,
            id: fields.required_text("GroupId")?.value,
            description: fields.text("Description")?.map_or_else(String::new, |description| description.value),
            inbound: permissions("IpPermissions")?,
            outbound: permissions("IpPermissionsEgress")?,
        })
    }
}

impl Permission {
    fn read(source: &Source, node: &Node, owner: Option<&str>) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "a permission")?;
        let texts = |list, key| -> Result<Vec<Located<String>>, FileError> {
            let nodes = fields.list(list)?.iter();
            nodes.map(|node| Fields::of(source, node, format!("an entry of `{list}`"))?.required_text(key)).collect()
        };
        let ranges = texts("IpRanges", "CidrIp")?.into_iter().chain(texts("Ipv6Ranges", "CidrIpv6")?);
        let mut groups = Vec::new();
        for node in fields.list("UserIdGroupPairs")? {
            let pair = Fields::of(source, node, "an entry of `UserIdGroupPairs`")?;
            let user = pair.text("UserId")?.map(|user| user.value);
            // A group of a peered VPC, or of somebody else's account, has no members here.
            let is_here = owner.is_none() || user.is_none() || user.as_deref() == owner;
            if is_here && pair.node("VpcPeeringConnectionId").is_none() {
                groups.push(pair.required_text("GroupId")?);
            }
        }
        Ok(Self {
            protocol: fields.required_text("IpProtocol")?.value,
            from_port: fields.number("FromPort")?.map(|port| port.value),
            to_port: fields.number("ToPort")?.map(|port| port.value),
            ranges: ranges.map(|range| range.value).collect(),
            groups,
            prefix_lists: texts("PrefixListIds", "PrefixListId")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SecurityGroups, FileError> {
        SecurityGroups::parse(Source { name: "groups.json".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn what_the_cli_prints_is_read() {
        let text = r#"{"SecurityGroups": [{
            "Description": "rows", "GroupName": "rows", "OwnerId": "123456789012", "GroupId": "sg-1", "VpcId": "vpc-1",
            "SecurityGroupArn": "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1",
            "IpPermissions": [{
                "FromPort": 5432, "ToPort": 5433, "IpProtocol": "tcp", "PrefixListIds": [{"PrefixListId": "pl-1"}],
                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                "UserIdGroupPairs": [
                    {"GroupId": "sg-2", "UserId": "123456789012"},
                    {"GroupId": "sg-3", "UserId": "210987654321"},
                    {"GroupId": "sg-4", "UserId": "123456789012", "VpcPeeringConnectionId": "pcx-1"}
                ]
            }],
            "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": []}]
        }]}"#;
        let groups = parse(text).expect("it is right");
        let group = groups.find("rows").expect("it is there");
        assert_eq!(groups.find("sg-1"), Some(group));
        let [permission] = group.inbound.as_slice() else { panic!("{group:?}") };
        assert_eq!((permission.from_port, permission.to_port), (Some(5432), Some(5433)));
        assert_eq!(permission.ranges, ["10.0.0.0/8", "::/0"]);
        let texts = |located: &[Located<String>]| located.iter().map(|it| it.value.clone()).collect::<Vec<_>>();
        assert_eq!(
            (texts(&permission.groups), texts(&permission.prefix_lists)),
            (vec!["sg-2".into()], vec!["pl-1".into()])
        );
        assert_eq!((group.outbound[0].protocol.as_str(), group.outbound[0].from_port), ("-1", None));
    }

    #[test]
    fn mistakes_are_placed() {
        let group =
            |rest: &str| format!(r#"{{"SecurityGroups": [{{"GroupName": "a", "GroupId": "sg-1"}}, {{{rest}}}]}}"#);
        for (text, message) in [
            ("{}".to_owned(), "groups.json:1:1: the file of security groups has no `SecurityGroups`"),
            (group(r#""GroupId": "sg-2""#), "groups.json:1:60: a security group has no `GroupName`"),
            (group(r#""GroupName": "a", "GroupId": "sg-2""#), "groups.json:1:75: a second group is called `a`"),
            (
                group(r#""GroupName": "b", "GroupId": "sg-2", "IpPermissions": [{}]"#),
                "groups.json:1:116: a permission has no `IpProtocol`",
            ),
        ] {
            assert_eq!(parse(&text).expect_err("it is wrong").to_string(), message);
        }
    }
}
