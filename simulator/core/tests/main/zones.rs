//! Availability zones: where tasks are put, and how they are moved when they are spread unevenly (facts 1.1 and 1.7).

use std::collections::BTreeMap;

use simulator_core::Timing;
use simulator_core::ec2::DescribeSubnets;
use simulator_core::ecs::{UpdateService, UpdateTaskProtection};
use simulator_core::effect::TaskId;

use crate::virtual_time::{Account, CLUSTER, Deploy, container, events, secs};

/// The last letter of the zone of each subnet.
fn letters(account: &mut Account) -> BTreeMap<String, char> {
    let subnets = account.must(DescribeSubnets::default()).items.into_iter();
    subnets.map(|subnet| (subnet.id, subnet.zone.chars().last().expect("a zone has a name"))).collect()
}

/// The letters of the zones of the tasks that are not being stopped, sorted.
fn spread(account: &mut Account) -> String {
    let letters = letters(account);
    let tasks = account.world.ecs().tasks_of(account.service()).filter(|task| !task.stopping);
    let mut zones: Vec<char> = tasks.map(|task| letters[task.subnet.as_deref().expect("it is in a subnet")]).collect();
    zones.sort_unstable();
    zones.into_iter().collect()
}

/// The subnets in the order of their zones.
fn order_subnets(account: &mut Account) {
    let letters = letters(account);
    account.network.subnets.sort_by_key(|subnet| letters[subnet]);
}

fn protect(account: &mut Account, tasks: &[TaskId], minutes: u32) {
    let tasks = tasks.iter().map(ToString::to_string).collect();
    account.must(UpdateTaskProtection { cluster: CLUSTER.to_owned(), tasks, enabled: true, minutes: Some(minutes) });
}

/// A service of so many tasks in zones `a` and `b`, half of which are given up: those of `b`, for the others are protected for ten minutes.
pub(crate) fn crowd_one_zone(account: &mut Account, deploy: &Deploy) {
    order_subnets(account);
    account.network.subnets.truncate(2);
    account.register(vec![container("app", "app:1")]);
    account.create_service(deploy);
    account.until_steady();
    let letters = letters(account);
    let tasks = account.world.ecs().tasks();
    let in_a = tasks.iter().filter(|task| letters[task.subnet.as_deref().expect("it is in a subnet")] == 'a');
    let in_a: Vec<TaskId> = in_a.map(|task| task.id).collect();
    protect(account, &in_a, 10);
    account.update(UpdateService { desired: Some(deploy.desired / 2), ..UpdateService::default() });
    account.until_steady();
}

fn pass(account: &mut Account, seconds: u64) {
    let end = account.world.now() + secs(seconds);
    while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
        account.driver.step(&mut account.world);
    }
    account.world.tick(end);
}

#[test]
fn tasks_are_put_where_the_fewest_are() {
    for (desired, expected) in [(1, "a"), (2, "ab"), (3, "abc"), (4, "aabc"), (7, "aaabbcc")] {
        let mut account = Account::new(Timing::rehearsal());
        order_subnets(&mut account);
        account.register(vec![container("app", "app:1")]);
        account.create_service(&Deploy { desired, ..Deploy::default() });
        account.until_steady();
        assert_eq!(spread(&mut account), expected);
        // Fewer of them come from where the most are.
        account.update(UpdateService { desired: Some(desired.div_ceil(2)), ..UpdateService::default() });
        account.until_steady();
        let left = spread(&mut account);
        let in_zone = |zone: char| left.chars().filter(|letter| *letter == zone).count();
        let counts = ['a', 'b', 'c'].map(in_zone);
        assert!(counts.iter().max().zip(counts.iter().min()).is_some_and(|(most, least)| most - least <= 1), "{left}");
    }
}

/// One task starts in the emptier zone, and only when it is healthy one stops in the fuller zone.
#[test]
fn an_uneven_service_is_rebalanced() {
    let mut account = Account::new(Timing::aws());
    crowd_one_zone(&mut account, &Deploy { desired: 4, ..Deploy::default() });
    assert_eq!(spread(&mut account), "aa");
    let before = events(&account).len();
    pass(&mut account, 3600);
    assert_eq!(spread(&mut account), "ab");
    let said: Vec<String> = events(&account).split_off(before);
    assert_eq!(
        said,
        [
            ") is not AZ balanced with 2 tasks in eu-central-1a, 0 tasks in eu-central-1b. AZ Rebalancing in progress.",
            ") has started 1 tasks in eu-central-1b to AZ Rebalance: (task F).",
            ") has stopped 1 running tasks in eu-central-1a due to AZ rebalancing: (task A).",
            ") has reached a steady state.",
            ") is AZ balanced with 1 tasks in eu-central-1a, 1 tasks in eu-central-1b.",
        ],
        "{said:#?}"
    );
    let started = account.world.ecs().tasks().last().expect("it was started").proved_at;
    let stopped = account.world.ecs().tasks().iter().filter_map(|task| task.stopping_at).max();
    assert!(stopped >= started, "it waits until the new one is healthy");
}

/// It is done only where it is wanted and where there may be more tasks than are wanted; never beyond the maximum; and never in a rehearsal.
#[test]
fn what_keeps_a_service_from_being_rebalanced() {
    for (what, timing, desired, maximum, wanted, expected) in [
        ("four of eight in one zone", Timing::aws(), 8, 200, true, "aabb"),
        ("one at a time", Timing::aws(), 8, 125, true, "aabb"),
        ("it may have no more", Timing::aws(), 8, 100, true, "aaaa"),
        ("it may have no more in truth", Timing::aws(), 4, 125, true, "aa"),
        ("it is disabled", Timing::aws(), 8, 200, false, "aaaa"),
        ("it is a rehearsal", Timing::rehearsal(), 8, 200, true, "aaaa"),
    ] {
        let mut account = Account::new(timing);
        crowd_one_zone(&mut account, &Deploy { desired, minimum: 50, maximum, ..Deploy::default() });
        account.update(UpdateService { zone_rebalancing: Some(wanted), ..UpdateService::default() });
        let end = account.world.now() + secs(2 * 3600);
        while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
            account.driver.step(&mut account.world);
            let tasks = account.world.ecs().tasks_of(account.service()).count();
            let most = account.service().configuration.maximum_of(account.service().desired);
            assert!(tasks <= usize::try_from(most).expect("a small number"), "{what}: {tasks}");
        }
        assert_eq!(spread(&mut account), expected, "{what}");
    }
}

/// A task that does not live to see it is no reason to stop another, and the next one is tried.
#[test]
fn a_rebalancing_task_that_fails_is_tried_again() {
    use crate::virtual_time::Behaviour;
    let mut account = Account::new(Timing::aws());
    crowd_one_zone(&mut account, &Deploy { desired: 4, ..Deploy::default() });
    account.driver.script_in_turn("app:1", vec![Behaviour::exiting(secs(5), 1), Behaviour::healthy()]);
    pass(&mut account, 3 * 3600);
    assert_eq!(spread(&mut account), "ab");
    assert_eq!(account.world.ecs().tasks().len(), 6, "one failed, one stayed");
}
