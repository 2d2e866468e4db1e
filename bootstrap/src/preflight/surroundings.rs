//! What is asked of an account besides the project's own resources, all of it side by side.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{AttachmentStatus, RouteState};

use super::quota::{self, Count};
use crate::connect::Account;
use crate::fault::{CallError, Called};
use crate::policy::{Action, Statement};
use crate::resource::{Kind, ResourceId};

/// What is around a project in its account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The VPCs that an internet gateway is attached to.
    pub gateways: BTreeSet<String>,
    /// The route tables.
    pub route_tables: Vec<RouteTable>,
    /// The VPC endpoints that can be used.
    pub endpoints: Vec<Endpoint>,
    /// How much of what the account has, and may have.
    pub counts: Vec<Count>,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// Its id.
    pub id: String,
    /// The VPC that it is in.
    pub vpc: String,
    /// Whether subnets without a table of their own use it.
    pub is_main: bool,
    /// The subnets that name it.
    pub subnets: BTreeSet<String>,
    /// Where it sends what is for no other place, if anywhere.
    pub default: Option<Route>,
}

/// Where a route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To an internet gateway, which requests come in by too.
    Gateway,
    /// To anything else, such as a NAT gateway.
    Elsewhere,
}

/// A VPC endpoint that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The service, for example `com.amazonaws.eu-central-1.ecr.api`.
    pub service: String,
    /// The VPC that it is in.
    pub vpc: String,
    /// Of a gateway endpoint, the route tables that use it.
    pub route_tables: BTreeSet<String>,
    /// Whether the service's own name leads to it. Only with that is it found by those who do not know of it.
    pub answers_by_name: bool,
}

const EC2: &str = "no describing action of EC2 has a resource type";
static LOOK: [Action; 6] = [
    Action::everywhere("ec2:DescribeInternetGateways", EC2),
    Action::everywhere("ec2:DescribeRouteTables", EC2),
    Action::everywhere("ec2:DescribeVpcEndpoints", EC2),
    Action::everywhere("elasticloadbalancing:DescribeAccountLimits", "the limits are the account's"),
    Action::everywhere(
        "elasticloadbalancing:DescribeTargetGroups",
        "no describing action of Elastic Load Balancing has a resource type",
    ),
    Action::everywhere("iam:GetAccountSummary", "the summary is the account's"),
];

/// What the person must be allowed for the look.
pub(crate) fn grants() -> Vec<Statement> {
    vec![Statement {
        sid: "Look",
        purposes: vec!["See what the account lacks before anything is written."],
        actions: LOOK.iter().collect(),
        resources: vec![],
        conditions: vec![],
    }]
}

/// Looks around, without changing anything.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub(crate) async fn look(account: &Account) -> Result<Surroundings, CallError> {
    let (gateways, route_tables, endpoints, counts) =
        futures_util::try_join!(gateways(account), route_tables(account), endpoints(account), quota::count(account))?;
    Ok(Surroundings { gateways, route_tables, endpoints, counts })
}

async fn gateways(account: &Account) -> Result<BTreeSet<String>, CallError> {
    let mut found = BTreeSet::new();
    let mut pages = account.ec2.describe_internet_gateways().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.called("ec2:DescribeInternetGateways", &vpc())?;
        let attachments = page.internet_gateways().iter().flat_map(|gateway| gateway.attachments());
        // Of an internet gateway EC2 says `available` where it means attached (EC2 API reference, InternetGatewayAttachment).
        let attached = attachments.filter(|attachment| {
            !matches!(attachment.state(), Some(AttachmentStatus::Detached | AttachmentStatus::Detaching))
        });
        found.extend(attached.filter_map(|attachment| attachment.vpc_id().map(str::to_owned)));
    }
    Ok(found)
}

async fn route_tables(account: &Account) -> Result<Vec<RouteTable>, CallError> {
    let mut found = Vec::new();
    let mut pages = account.ec2.describe_route_tables().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.called("ec2:DescribeRouteTables", &vpc())?;
        found.extend(page.route_tables().iter().filter_map(route_table));
    }
    Ok(found)
}

fn route_table(table: &aws_sdk_ec2::types::RouteTable) -> Option<RouteTable> {
    let default = table.routes().iter().find(|route| {
        route.destination_cidr_block() == Some("0.0.0.0/0") && route.state() == Some(&RouteState::Active)
    });
    let kind = |route: &aws_sdk_ec2::types::Route| {
        if route.gateway_id().is_some_and(|id| id.starts_with("igw-")) { Route::Gateway } else { Route::Elsewhere }
    };
    let associations = table.associations();
    Some(RouteTable {
        id: table.route_table_id()?.to_owned(),
        vpc: table.vpc_id()?.to_owned(),
        is_main: associations.iter().any(|association| association.main() == Some(true)),
        subnets: associations.iter().filter_map(|association| association.subnet_id().map(str::to_owned)).collect(),
        default: default.map(kind),
    })
}

async fn endpoints(account: &Account) -> Result<Vec<Endpoint>, CallError> {
    let mut found = Vec::new();
    let mut pages = account.ec2.describe_vpc_endpoints().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.called("ec2:DescribeVpcEndpoints", &vpc())?;
        // The state is in capitals in some answers (EC2 API reference, VpcEndpoint).
        let ready = page
            .vpc_endpoints()
            .iter()
            .filter(|endpoint| endpoint.state().is_some_and(|state| state.as_str().eq_ignore_ascii_case("available")));
        found.extend(ready.filter_map(|endpoint| {
            Some(Endpoint {
                service: endpoint.service_name()?.to_owned(),
                vpc: endpoint.vpc_id()?.to_owned(),
                route_tables: endpoint.route_table_ids().iter().cloned().collect(),
                answers_by_name: endpoint.private_dns_enabled() == Some(true),
            })
        }));
    }
    Ok(found)
}

fn vpc() -> ResourceId {
    ResourceId::new(Kind::Vpc, "")
}

impl Surroundings {
    /// The route table that a subnet of a VPC uses: the one that it names, or else the VPC's main one.
    pub(super) fn table_of(&self, vpc: &str, subnet: &str) -> Option<&RouteTable> {
        let own = self.route_tables.iter().find(|table| table.subnets.contains(subnet));
        own.or_else(|| self.route_tables.iter().find(|table| table.vpc == vpc && table.is_main))
    }

    /// Whether a VPC's subnets with this route table reach a service without the internet.
    pub(super) fn reaches(&self, vpc: &str, table: Option<&RouteTable>, service: &str) -> bool {
        let is_used = |endpoint: &&Endpoint| {
            endpoint.answers_by_name || table.is_some_and(|table| endpoint.route_tables.contains(&table.id))
        };
        let suffix = format!(".{service}");
        let mut alike =
            self.endpoints.iter().filter(|endpoint| endpoint.vpc == vpc && endpoint.service.ends_with(&suffix));
        alike.any(|endpoint| is_used(&endpoint))
    }
}

impl RouteTable {
    /// Whether what uses it can be reached from the internet.
    pub(super) fn is_public(&self) -> bool {
        self.default == Some(Route::Gateway)
    }

    /// Whether what uses it reaches the internet.
    pub(super) fn has_way_out(&self) -> bool {
        self.default.is_some()
    }
}
