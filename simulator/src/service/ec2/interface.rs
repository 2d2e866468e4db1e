//! Network interfaces.

use serde_json::{Value, json};
use simulator_core::ec2::{DescribeNetworkInterfaces, NetworkInterface, Query};
use simulator_core::{Home, Page, Refusal};

use super::{filters, listing};
use crate::wire::{Input, time};

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeNetworkInterfaces, Refusal> {
    // Interfaces that are hidden until asked for, which this asks for besides, are none.
    input.boolean("IncludeManagedResources")?;
    Ok(DescribeNetworkInterfaces(Query {
        ids: input.texts("NetworkInterfaceId")?,
        filters: filters(input)?,
        next_token: input.text("NextToken")?,
        limit: input.integer("MaxResults")?,
    }))
}

pub(super) fn described(page: Page<NetworkInterface>, _: &Home) -> Value {
    listing("networkInterfaceSet", page.items.iter().map(json).collect(), page.next)
}

fn json(interface: &NetworkInterface) -> Value {
    let NetworkInterface {
        id,
        attachment,
        attached_at,
        attached,
        attached_by,
        device_index,
        description,
        groups,
        mac,
        address,
        public_address,
        subnet,
        vpc,
        zone,
        zone_id,
        owner,
        requester,
    } = interface;
    let groups: Value = groups.iter().map(|(id, name)| json!({ "groupId": id, "groupName": name })).collect();
    let mut written = json!({
        "networkInterfaceId": id,
        "subnetId": subnet,
        "vpcId": vpc,
        "availabilityZone": zone,
        "availabilityZoneId": zone_id,
        "description": description,
        "ownerId": owner.to_string(),
        "requesterId": requester,
        "requesterManaged": true,
        "status": "in-use",
        "macAddress": mac,
        "sourceDestCheck": true,
        "groupSet": groups,
        "attachment": {
            "attachmentId": attachment,
            "instanceOwnerId": attached_by,
            "deviceIndex": device_index,
            "status": if *attached { "attached" } else { "attaching" },
            "attachTime": time(*attached_at),
            "deleteOnTermination": false,
        },
        "tagSet": [],
        "ipv6AddressesSet": [],
        "interfaceType": "interface",
    });
    let association = public_address
        .map(|public| json!({ "publicIp": public.to_string(), "ipOwnerId": "amazon", "publicDnsName": "" }));
    if let Some(address) = address {
        let mut listed = json!({ "privateIpAddress": address.to_string(), "primary": true });
        if let Some(association) = &association {
            listed["association"] = association.clone();
        }
        written["privateIpAddress"] = json!(address.to_string());
        written["privateIpAddressesSet"] = json!([listed]);
    }
    if let Some(association) = association {
        written["association"] = association;
    }
    written
}
