use super::quota::Counted;
use super::*;
use crate::desired::tests::example;
use crate::resource::network::SubnetState;

const PUBLIC: &str = "rtb-public";

fn table(id: &str, is_main: bool, subnets: &[&str], default: Option<Route>) -> RouteTable {
    let subnets = subnets.iter().map(|subnet| (*subnet).to_owned()).collect();
    RouteTable { id: id.to_owned(), vpc: "vpc-1".to_owned(), is_main, subnets, default }
}

fn endpoint(service: &str) -> Endpoint {
    Endpoint {
        service: format!("com.amazonaws.eu-central-1.{service}"),
        vpc: "vpc-1".to_owned(),
        route_tables: [PUBLIC.to_owned()].into_iter().filter(|_| service == "s3").collect(),
        answers_by_name: service != "s3",
    }
}

/// A default VPC as AWS makes it.
fn usual() -> Surroundings {
    Surroundings {
        gateways: ["vpc-1".to_owned()].into(),
        route_tables: vec![
            table(PUBLIC, true, &[], Some(Route::Gateway)),
            table("rtb-other", false, &["subnet-z"], None),
        ],
        endpoints: Vec::new(),
        counts: vec![
            Count { of: Counted::Roles, present: 10, limit: 1000 },
            Count { of: Counted::Users, present: 4999, limit: 5000 },
            Count { of: Counted::LoadBalancers, present: 0, limit: 50 },
            Count { of: Counted::TargetGroups, present: 0, limit: 3000 },
        ],
    }
}

fn empty(surroundings: Surroundings) -> Observed {
    let subnet =
        |id: &str, zone: &str| SubnetState { id: id.to_owned(), vpc_id: "vpc-1".to_owned(), zone: zone.to_owned() };
    let subnets = vec![subnet("subnet-a", "eu-central-1a"), subnet("subnet-b", "eu-central-1b")];
    let network = State::Network(NetworkState { default_vpc: Some("vpc-1".to_owned()), subnets });
    let found = [(ResourceId::new(Kind::Vpc, ""), network)].into();
    Observed { found, surroundings: Some(surroundings) }
}

fn said(surroundings: Surroundings) -> Vec<String> {
    preflight(&example(), &empty(surroundings)).iter().map(Obstacle::to_string).collect()
}

#[test]
fn what_nobody_can_check_is_said_and_not_taken_for_room() {
    let note = |surroundings| {
        let plan = crate::plan(&example(), &empty(surroundings), &crate::PlanOptions::default());
        plan.remarks().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected = "not checked, since no call tells it: whether the account has room for repositories, log groups, security groups and their rules, secrets, clusters, services and tasks, vCPUs on Fargate; `aws service-quotas list-service-quotas --service-code` tells the limits for ecr, ecs, fargate, logs, secretsmanager, vpc";
    assert_eq!(note(usual()), [expected]);
    let mut silent = usual();
    silent.counts.retain(|count| count.of != Counted::Users);
    assert!(note(silent)[0].contains("vCPUs on Fargate, users; "), "a count that is left out is not taken for room");
}

#[test]
fn everything_that_an_account_lacks_is_told_at_once() {
    // (how the surroundings differ from the usual ones, how what is said begins)
    type Case = (fn(&mut Surroundings), &'static [&'static str]);
    let cases: [Case; 9] = [
        (|_| {}, &[]),
        (|around| around.gateways.clear(), &["VPC `vpc-1` has no internet gateway"]),
        (
            |around| around.route_tables[0].default = None,
            &[
                "subnets `subnet-a`, `subnet-b` have no route to the VPC's internet gateway, so that nothing can reach the load balancer there; `aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --gateway-id igw-...` on route table `rtb-public`",
                "subnets `subnet-a`, `subnet-b` have no route to the internet and no VPC endpoint for ecr.api, ecr.dkr, s3, logs, secretsmanager,",
            ],
        ),
        (
            |around| {
                around.route_tables[0].default = None;
                around.endpoints = ["ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager"].map(endpoint).into();
            },
            &["subnets `subnet-a`, `subnet-b` have no route to the VPC's internet gateway"],
        ),
        (
            |around| {
                around.route_tables[0].default = None;
                around.endpoints = ["ecr.api", "ecr.dkr", "s3", "logs"].map(endpoint).into();
                around.endpoints[0].answers_by_name = false;
            },
            &[
                "subnets `subnet-a`, `subnet-b` have no route to the VPC's internet gateway",
                "subnets `subnet-a`, `subnet-b` have no route to the internet and no VPC endpoint for ecr.api, secretsmanager,",
            ],
        ),
        (
            |around| around.route_tables[0].default = Some(Route::Elsewhere),
            &["subnets `subnet-a`, `subnet-b` have no route to the VPC's internet gateway"],
        ),
        (
            |around| around.route_tables.push(table("rtb-b", false, &["subnet-b"], None)),
            &[
                "subnet `subnet-b` has no route to the VPC's internet gateway",
                "subnet `subnet-b` has no route to the internet and no VPC endpoint for",
            ],
        ),
        (
            |around| around.counts.iter_mut().for_each(|count| count.present = count.limit),
            &[
                "the account has 1000 of 1000 roles, and 4 more would be made; delete some, or ask for more (Service Quotas, `iam`)",
                "the account has 5000 of 5000 users, and 1 more",
                "the account has 50 of 50 application load balancers, and 1 more",
                "the account has 3000 of 3000 target groups, and 1 more",
            ],
        ),
        (
            |around| {
                around.gateways.clear();
                around.counts[1].present = 5000;
            },
            &["VPC `vpc-1` has no internet gateway", "the account has 5000 of 5000 users"],
        ),
    ];
    for (differ, expected) in cases {
        let mut surroundings = usual();
        differ(&mut surroundings);
        let said = said(surroundings);
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (line, beginning) in said.iter().zip(expected) {
            assert!(line.starts_with(beginning), "{line}");
        }
    }
}
