//! Deployments that are successful before every task is replaced (facts 1.8).

use simulator_core::Timing;
use simulator_core::ecs::service::{Cleanup, EarlySuccess, RolloutState};
use simulator_core::ecs::{ServiceDeploymentStatus, UpdateService};

use crate::virtual_time::{Account, CLUSTER, Deploy, SERVICE, container, secs};

const HOUR: std::time::Duration = secs(3600);

fn tasks(account: &Account, revision: u32) -> usize {
    account.world.ecs().tasks_of(account.service()).filter(|task| task.definition.revision == revision).count()
}

/// Four tasks that are replaced in batches: whether old ones are left when the deployment succeeds, that it succeeds the sooner the less
/// it waits for, and that everything is replaced in the end.
#[test]
fn a_share_of_healthy_tasks_is_enough_and_the_rest_follows() {
    let early = |healthy_percent, cleanup| EarlySuccess { enable: true, healthy_percent, cleanup };
    let mut took = Vec::new();
    for (early_success, old_left) in
        [(early(50, Cleanup::Deferred), true), (early(50, Cleanup::Blocking), false), (EarlySuccess::default(), false)]
    {
        let mut account = Account::new(Timing::aws());
        account.register(vec![container("app", "app:1")]);
        let deploy = Deploy { desired: 4, minimum: 50, maximum: 125, early_success, ..Deploy::default() };
        account.create_service(&deploy);
        account.until_steady();
        account.register(vec![container("app", "app:2")]);
        let at = account.world.now();
        account.deploy();
        account.until("it is successful", HOUR, |account| {
            account.service().primary().rollout_state == RolloutState::Completed
        });
        let outcome = account.service().history.last().map(|latest| latest.status);
        assert_eq!(outcome, Some(ServiceDeploymentStatus::Successful));
        took.push(account.world.now().since(at));
        assert!(tasks(&account, 2) >= 2, "{early_success:?}");
        assert_eq!(tasks(&account, 1) > 0, old_left, "{early_success:?}");
        account.until_steady();
        assert_eq!((tasks(&account, 2), tasks(&account, 1)), (4, 0));
    }
    assert!(took[0] < took[1] && took[1] <= took[2], "{took:?}");
}

#[test]
fn the_share_is_not_below_the_minimum() {
    let mut account = Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { minimum: 50, ..Deploy::default() });
    for (healthy_percent, accepted) in [(49, false), (50, true), (100, true), (101, false)] {
        let early_success = Some(EarlySuccess { enable: true, healthy_percent, cleanup: Cleanup::Deferred });
        let update = UpdateService {
            cluster: Some(CLUSTER.to_owned()),
            service: SERVICE.to_owned(),
            early_success,
            ..UpdateService::default()
        };
        assert_eq!(account.call(update).is_ok(), accepted, "{healthy_percent}");
    }
}
