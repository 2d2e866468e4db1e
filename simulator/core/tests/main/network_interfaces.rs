//! Network interfaces come and go with the tasks and load balancers that have them.

use simulator_core::Timing;
use simulator_core::ec2::{DescribeNetworkInterfaces, DescribeSubnets, Filter, NetworkInterface, Query};
use simulator_core::ecs::UpdateService;
use simulator_core::elb::{DeleteLoadBalancer, DescribeLoadBalancers, HealthCheck};

use crate::virtual_time::{Account, Deploy, container};

fn interfaces(account: &mut Account, filter: &str, value: &str) -> Vec<NetworkInterface> {
    let filters = vec![Filter { name: filter.into(), values: vec![value.into()] }];
    account.must(DescribeNetworkInterfaces(Query { filters, ..Query::default() })).items
}

#[test]
fn tasks_and_load_balancers_have_interfaces_while_they_last() {
    let mut account = Account::new(Timing::rehearsal()).with_load_balancer(HealthCheck::default());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 2, ..Deploy::default() });
    account.until_steady();
    let of_tasks = interfaces(&mut account, "description", "arn:aws:ecs:*:attachment/*");
    let mut addresses: Vec<_> = of_tasks.iter().map(|interface| interface.address).collect();
    addresses.sort();
    let mut expected: Vec<_> = account.world.ecs().tasks().iter().map(|task| task.address).collect();
    expected.sort();
    assert_eq!((of_tasks.len(), addresses), (2, expected));
    let group = account.world.ecs().tasks()[0].origin.security_groups[0].clone();
    assert!(of_tasks.iter().all(|interface| interface.groups[0].0 == group && interface.public_address.is_some()));
    let by_group = interfaces(&mut account, "group-id", &group).len();
    let of_balancer = interfaces(&mut account, "requester-id", "amazon-elb");
    assert!(of_balancer.iter().all(|interface| interface.description.starts_with("ELB app/")));
    let free: u32 = account.must(DescribeSubnets::default()).items.iter().map(|subnet| subnet.available).sum();
    let taken = u32::try_from(of_tasks.len() + of_balancer.len()).expect("a few");
    assert_eq!((by_group, free), (2 + of_balancer.len(), 3 * 4091 - taken));
    let one = interfaces(&mut account, "network-interface-id", &of_tasks[0].id);
    assert_eq!(one, of_tasks[..1], "an id is always the same");

    account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
    account.until_steady();
    assert_eq!(interfaces(&mut account, "description", "arn:aws:ecs:*"), []);
    let arn = account.must(DescribeLoadBalancers::default()).items.remove(0).arn;
    account.must(DeleteLoadBalancer { load_balancer: arn.to_string() });
    assert_eq!(interfaces(&mut account, "status", "in-use"), []);
}
