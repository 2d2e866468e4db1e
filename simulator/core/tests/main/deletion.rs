//! DeleteService and DeleteCluster, and tags, which are all that is left to change of some things.

use std::collections::BTreeMap;

use simulator_core::ecs::cluster::Shown;
use simulator_core::ecs::service::ServiceStatus;
use simulator_core::ecs::{
    CreateCluster, DeleteCluster, DeleteService, DescribeClusters, DescribeServices, ListClusters, ListServices,
    ListTagsForResource, TagResource, TaskStatus, UntagResource, UpdateService,
};
use simulator_core::elb::HealthCheck;
use simulator_core::{Operation, Refusal, Timing};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Deploy, SERVICE, container, secs};
use simulator_core::invariant;

const HOUR: std::time::Duration = secs(3600);

fn serving() -> Account {
    let mut account = Account::new(Timing::aws()).with_load_balancer(HealthCheck::default());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    account
}

fn delete(force: bool) -> DeleteService {
    DeleteService { cluster: Some(CLUSTER.to_owned()), service: SERVICE.to_owned(), force }
}

fn refused<O: Operation>(account: &mut Account, operation: O) -> (&'static str, String) {
    match account.call(operation) {
        Err(Refusal::Fault { code, message, .. }) => (code, message),
        Err(other) => panic!("{} was not refused by the service: {other}", O::NAME),
        Ok(_) => panic!("{} was not refused", O::NAME),
    }
}

fn alive(account: &Account) -> usize {
    account.world.ecs().tasks().into_iter().filter(|task| task.last_status != TaskStatus::Stopped).count()
}

#[test]
fn a_service_that_is_scaled_above_zero_is_only_deleted_by_force() {
    let mut account = serving();
    let (code, message) = refused(&mut account, delete(false));
    assert_eq!(
        (code, message.as_str()),
        ("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
    );
    assert_eq!(account.service().status, ServiceStatus::Active);
    account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
    account.must(delete(false));
    assert_ne!(account.service().status, ServiceStatus::Active);
}

/// DRAINING until its targets have drained and its tasks are being stopped, then INACTIVE; and its name is free.
#[test]
fn a_deleted_service_drains_and_frees_its_name() {
    let mut account = serving();
    account.must(delete(true));
    assert_eq!((account.service().status, account.service().desired), (ServiceStatus::Draining, 0));
    let create = account.creation(&Deploy::default());
    for (expected, answer) in [
        (
            ("InvalidParameterException", "Unable to Start a service that is still Draining."),
            refused(&mut account, create.clone()),
        ),
        (
            ("ServiceNotActiveException", "Service was not ACTIVE."),
            refused(
                &mut account,
                UpdateService {
                    cluster: Some(CLUSTER.to_owned()),
                    service: SERVICE.to_owned(),
                    desired: Some(1),
                    ..UpdateService::default()
                },
            ),
        ),
    ] {
        assert_eq!(expected, (answer.0, answer.1.as_str()));
    }
    let list = || ListServices { cluster: Some(CLUSTER.to_owned()), limit: 10, ..ListServices::default() };
    assert!(account.must(list()).items.is_empty(), "it is only described");
    let describe =
        DescribeServices { cluster: Some(CLUSTER.to_owned()), services: vec![SERVICE.to_owned()], with_tags: false };
    assert_eq!(account.must(describe.clone()).services.len(), 1);
    account.must(delete(true));

    account.until("it is inactive", HOUR, |account| account.service().status == ServiceStatus::Inactive);
    let stopping = account.world.ecs().tasks().into_iter().all(|task| task.last_status >= TaskStatus::Stopping);
    assert!(stopping, "its tasks are at least being stopped");
    let service = account.service();
    assert!(service.history.is_empty() && service.revisions.is_empty(), "its history goes with it");
    assert_eq!(account.world.ecs().deployments_of(service).count(), 0);
    let said: Vec<&str> = service.events.iter().map(|event| event.message.as_str()).collect();
    assert!(said.iter().all(|message| invariant::knows(message)), "{said:#?}");
    assert_eq!(account.must(describe).services.len(), 1, "it is still described");
    assert_eq!(refused(&mut account, delete(true)).0, "ServiceNotFoundException");

    account.must(create);
    account.until_steady();
    assert_eq!(account.service().status, ServiceStatus::Active);
    account.until("the old tasks are over", HOUR, |account| alive(account) == 2);
}

/// Whatever its deployments are doing: a stalled one, and one under way.
#[test]
fn a_service_is_deleted_in_the_middle_of_anything() {
    for behaviour in [Behaviour::exiting(secs(1), 1), Behaviour::healthy()] {
        let mut account = serving();
        account.driver.script("app:2", behaviour);
        account.register(vec![container("app", "app:2")]);
        account.deploy();
        for wait in [30, 600] {
            let at = account.world.now();
            while account.world.now() < at + secs(wait) && account.driver.step(&mut account.world) {}
        }
        account.deploy();
        account.must(delete(true));
        account.until("nothing runs", HOUR, |account| alive(account) == 0);
        assert_eq!(account.service().status, ServiceStatus::Inactive);
        let launched = account.world.ecs().tasks().len();
        let at = account.world.now();
        while account.world.now() < at + HOUR && account.driver.step(&mut account.world) {}
        assert_eq!(account.world.ecs().tasks().len(), launched, "nothing is started any more");
    }
}

#[test]
fn a_cluster_is_deleted_when_nothing_is_in_it() {
    let mut account = serving();
    let cluster = || DeleteCluster { cluster: CLUSTER.to_owned() };
    assert_eq!(
        refused(&mut account, cluster()),
        ("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.".to_owned())
    );
    account.must(delete(true));
    account.until("it is inactive", HOUR, |account| account.service().status == ServiceStatus::Inactive);
    assert_eq!(
        refused(&mut account, cluster()),
        ("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.".to_owned())
    );
    account.until("nothing runs", HOUR, |account| alive(account) == 0);
    assert!(!account.must(cluster()).cluster.active);
    let (found, failures) =
        account.must(DescribeClusters { clusters: vec![CLUSTER.to_owned()], shown: Shown::default() });
    assert_eq!((found[0].cluster.active, failures.len()), (false, 0), "it is still described");
    assert!(account.must(ListClusters { limit: 100, token: None }).items.is_empty());
    let create = account.creation(&Deploy::default());
    let inactive = ("ClusterNotFoundException", "The referenced cluster was inactive.".to_owned());
    assert_eq!(refused(&mut account, create), inactive);
    assert_eq!(refused(&mut account, cluster()), inactive);
    let none = refused(&mut account, DeleteCluster { cluster: "none".to_owned() });
    assert_eq!(none, ("ClusterNotFoundException", "Cluster not found.".to_owned()));
    let again = account.must(CreateCluster { name: Some(CLUSTER.to_owned()), ..CreateCluster::default() });
    assert!(again.cluster.active);
}

#[test]
fn everything_that_can_be_tagged_is_tagged_alike() {
    let mut account = serving();
    let prefix = "arn:aws:ecs:eu-central-1:123456789012:";
    let task = account.world.ecs().tasks()[0].arn().to_string();
    let names = ["cluster/news", "service/news/news-api", "task-definition/news-api:1"];
    let arns = names.iter().map(|name| format!("{prefix}{name}")).chain([task]);
    let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    for resource in arns {
        let tag = |pairs| TagResource { resource: resource.clone(), tags: tags(pairs) };
        account.must(tag(&[("team", "a"), ("stage", "test")]));
        account.must(tag(&[("team", "b")]));
        account.must(UntagResource { resource: resource.clone(), keys: vec!["stage".to_owned(), "none".to_owned()] });
        let list = ListTagsForResource { resource: resource.clone() };
        assert_eq!(account.must(list), tags(&[("team", "b")]), "{resource}");
        assert_eq!(refused(&mut account, tag(&[("aws:x", "1")])).0, "InvalidParameterException");
        let many: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), "")).collect();
        assert_eq!(refused(&mut account, tag(&many)).0, "LimitExceededException");
    }
    for (name, code) in [
        ("cluster/none", "ClusterNotFoundException"),
        ("service/news/none", "ResourceNotFoundException"),
        ("task/news/none", "ResourceNotFoundException"),
        ("task-definition/news-api:2", "ResourceNotFoundException"),
    ] {
        let list = ListTagsForResource { resource: format!("{prefix}{name}") };
        assert_eq!(refused(&mut account, list).0, code, "{name}");
    }
    let list = ListTagsForResource { resource: "news".to_owned() };
    assert_eq!(refused(&mut account, list).0, "InvalidParameterException");
}
