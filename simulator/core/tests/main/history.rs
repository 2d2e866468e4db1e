//! Service deployments and service revisions: the past of a service, as the API tells it (facts 2.3).

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{CircuitBreaker, MonitorStatus, RolloutState, ServiceDeployment};
use simulator_core::ecs::{
    DescribeServiceDeployments, DescribeServiceRevisions, ListServiceDeployments, ServiceDeploymentStatus as Status,
    UpdateService,
};
use simulator_core::{Arn, Refusal, Timing};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Deploy, container, health_check, secs};

const HOUR: std::time::Duration = secs(3600);

fn checked(image: &str) -> Vec<ContainerDefinition> {
    vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", image) }]
}

/// A service that runs `app:1`; containers of `app:2` behave as given.
fn serving(deploy: &Deploy, second: Behaviour) -> Account {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:2", second);
    account.register(checked("app:1"));
    account.create_service(deploy);
    account.until_steady();
    account
}

/// The statuses that the latest service deployment goes through until it is over, and what becomes of it.
fn statuses(account: &mut Account) -> Vec<Status> {
    let mut seen = vec![latest(account).status];
    account.until("the service deployment is over", HOUR, |account| {
        let status = latest(account).status;
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        status.is_final()
    });
    seen
}

fn latest(account: &Account) -> &ServiceDeployment {
    account.service().history.last().expect("a service has had a deployment")
}

fn list(statuses: &[Status]) -> ListServiceDeployments {
    ListServiceDeployments {
        cluster: Some(CLUSTER.to_owned()),
        service: "news-api".to_owned(),
        statuses: statuses.to_vec(),
        limit: 20,
        ..ListServiceDeployments::default()
    }
}

/// How an attempt ends, by how the new containers behave and how the breaker is set.
#[test]
fn an_attempt_ends_as_the_guide_says() {
    use Status::{
        InProgress, Pending, RollbackFailed, RollbackInProgress, RollbackSuccessful, StopRequested, Stopped, Successful,
    };
    let on = |rollback| CircuitBreaker { enable: true, rollback, ..CircuitBreaker::default() };
    let failing = Behaviour::unhealthy();
    let rolled_back = [Pending, InProgress, RollbackInProgress, RollbackSuccessful];
    for (breaker, second, expected, monitor) in [
        (on(true), Behaviour::healthy(), &[Pending, InProgress, Successful][..], MonitorStatus::MonitoringComplete),
        (CircuitBreaker::default(), Behaviour::healthy(), &[Pending, InProgress, Successful], MonitorStatus::Disabled),
        (on(true), failing.clone(), &rolled_back, MonitorStatus::Triggered),
        (on(false), failing, &[Pending, InProgress, StopRequested, Stopped], MonitorStatus::Triggered),
    ] {
        // The grace period lets tasks beyond the threshold live until the breaker trips: there is something to roll back.
        let mut account = serving(&Deploy { breaker, grace: Some(secs(60)), ..Deploy::default() }, second);
        account.register(checked("app:2"));
        account.deploy();
        assert_eq!(statuses(&mut account), expected, "{breaker:?}");
        let ended = latest(&account);
        assert_eq!(ended.breaker.status, monitor, "{breaker:?}");
        assert_eq!(ended.finished_at, Some(ended.updated_at));
        assert_eq!(ended.stopped_at.is_some(), ended.status == Stopped);
        assert!(ended.started_at > Some(ended.created_at), "it was pending until the scheduler looked");
        assert_ne!(ended.status, RollbackFailed);
    }
}

/// What `describe-service-deployments` tells of a rollback.
#[test]
fn a_rollback_names_its_reason_and_the_revision_that_comes_back() {
    let mut account =
        serving(&Deploy { desired: 1, grace: Some(secs(60)), ..Deploy::default() }, Behaviour::unhealthy());
    let old = account.service().revisions[0].arn.clone();
    account.register(checked("app:2"));
    account.deploy();
    account.until("it is being rolled back", HOUR, |account| latest(account).status == Status::RollbackInProgress);
    let failed_at = account.world.now();
    let attempt = latest(&account);
    let rollback = attempt.rollback.clone().expect("it is being rolled back");
    assert_eq!(rollback.reason, "Service deployment rolled back because the circuit breaker threshold was exceeded.");
    assert_eq!((rollback.revision, rollback.started_at), (old, failed_at));
    assert_eq!((attempt.breaker.failures, attempt.breaker.threshold), (3, 3));
    account.until_steady();
    let service = account.service();
    assert_eq!(service.deployments.len(), 1, "the failed deployment has left the list");
    let outcomes: Vec<Status> = service.history.iter().map(|attempt| attempt.status).collect();
    assert_eq!(outcomes, [Status::Successful, Status::RollbackSuccessful], "its attempt has not");
    assert_eq!(latest(&account).breaker.failures, 3, "what was counted stays");
}

#[test]
fn a_newer_deployment_stops_the_one_under_way() {
    let mut account = serving(&Deploy::default(), Behaviour::healthy());
    account.register(checked("app:2"));
    account.deploy();
    account.until("it is under way", HOUR, |account| latest(account).status == Status::InProgress);
    account.register(checked("app:3"));
    account.deploy();
    let place = account.service().history.len() - 2;
    assert_eq!(account.service().history[place].status, Status::StopRequested);
    account.until_steady();
    let history = &account.service().history;
    assert_eq!(history[place].status, Status::Stopped);
    assert!(history[place].stopped_at.is_some());
    assert_eq!(history[place + 1].status, Status::Successful);
}

/// D1 is done, D2 fails and is on its way back, D3 takes its place: the way back has not succeeded.
#[test]
fn a_newer_deployment_ends_a_rollback_under_way() {
    let deploy = Deploy { desired: 1, minimum: 0, maximum: 100, ..Deploy::default() };
    let mut account = serving(&deploy, Behaviour::exiting(secs(1), 1));
    account.register(checked("app:2"));
    account.deploy();
    account.until("it is being rolled back", HOUR, |account| latest(account).status == Status::RollbackInProgress);
    account.register(checked("app:3"));
    account.deploy();
    let outcomes: Vec<Status> = account.service().history.iter().map(|attempt| attempt.status).collect();
    assert_eq!(outcomes, [Status::Successful, Status::RollbackFailed, Status::Pending]);
}

/// A change of the desired count is not a deployment; the wish for a new one is.
#[test]
fn only_deployments_make_history() {
    let mut account = serving(&Deploy::default(), Behaviour::healthy());
    for (update, records) in [
        (UpdateService { desired: Some(3), ..UpdateService::default() }, 1),
        (UpdateService { maximum_percent: Some(150), ..UpdateService::default() }, 1),
        (UpdateService { force: true, ..UpdateService::default() }, 2),
    ] {
        account.update(update);
        account.until_steady();
        let service = account.service();
        assert_eq!((service.history.len(), service.revisions.len()), (records, records));
    }
    let service = account.service();
    assert_eq!(service.history[1].configuration.maximum_percent, 150);
    assert_eq!(service.history[0].configuration.maximum_percent, 200, "a record does not change");
}

/// While it is under way the counts are the present ones; afterwards they are those of its end.
#[test]
fn counts_are_kept_from_the_end_of_a_deployment() {
    let mut account = serving(&Deploy::default(), Behaviour::healthy());
    account.register(checked("app:2"));
    account.deploy();
    account.until("old and new run", HOUR, |account| account.world.ecs().counts(account.service(), None).0 == 4);
    let counts = |account: &Account, place: usize| {
        let service = account.service();
        let (target, sources) = account.world.ecs().summaries(service, &service.history[place]);
        let target = target.expect("its revision is recorded");
        let source = sources.first().map(|source| (source.requested, source.running));
        ((target.requested, target.running), source)
    };
    assert_eq!(counts(&account, 1), ((2, 2), Some((2, 2))));
    account.until_steady();
    account.update(UpdateService { desired: Some(5), ..UpdateService::default() });
    account.until_steady();
    assert_eq!(counts(&account, 0), ((2, 2), None), "the first replaced nothing");
    assert_eq!(counts(&account, 1), ((2, 2), Some((0, 0))));
}

#[test]
fn the_history_is_listed_from_the_newest_in_pages_that_join() {
    let mut account = serving(&Deploy { desired: 1, ..Deploy::default() }, Behaviour::exiting(secs(1), 1));
    for image in ["app:2", "app:3"] {
        account.register(checked(image));
        account.deploy();
        account.until_steady();
    }
    let arns = |attempts: &[usize]| -> Vec<Arn> {
        attempts.iter().map(|place| account.service().history[*place].arn.clone()).collect()
    };
    let newest_first = arns(&[2, 1, 0]);
    let rolled_back = arns(&[1]);
    let successful = arns(&[2, 0]);
    let middle = account.service().history[1].created_at;
    for (asked, expected) in [
        (list(&[]), &newest_first[..]),
        (list(&[Status::RollbackSuccessful]), &rolled_back),
        (list(&[Status::Successful, Status::Pending]), &successful),
        (ListServiceDeployments { before: Some(middle), ..list(&[]) }, &newest_first[2..]),
        (ListServiceDeployments { after: Some(middle), ..list(&[]) }, &newest_first[..1]),
    ] {
        assert_eq!(account.must(asked).items, expected);
    }
    let first = account.must(ListServiceDeployments { limit: 2, ..list(&[]) });
    let second = account.must(ListServiceDeployments { token: first.next.clone(), ..list(&[]) });
    assert_eq!([first.items, second.items].concat(), newest_first);
    assert_eq!(second.next, None);
}

#[test]
fn records_are_found_by_their_arns_and_what_is_not_found_is_missing() {
    let mut account = serving(&Deploy::default(), Behaviour::healthy());
    let (attempt, revision) = (latest(&account).arn.clone(), account.service().revisions[0].arn.clone());
    let number = account.service().primary().id.trim_start_matches("ecs-svc/").to_owned();
    let prefix = "arn:aws:ecs:eu-central-1:123456789012:";
    assert_eq!(revision.as_str(), format!("{prefix}service-revision/news/news-api/{number}"));
    let id = attempt.as_str().strip_prefix(&format!("{prefix}service-deployment/news/news-api/")).map(str::len);
    assert_eq!(id, Some(21), "{attempt}");

    let absent = format!("{attempt}x");
    let arns = vec![attempt.to_string(), absent.clone()];
    let (found, failures) = account.must(DescribeServiceDeployments { arns });
    assert_eq!(found, std::slice::from_ref(&attempt));
    assert_eq!((failures[0].arn.as_str(), failures[0].reason), (absent.as_str(), "MISSING"));
    let (found, failures) = account.must(DescribeServiceRevisions { arns: vec![revision.to_string()] });
    assert_eq!((found, failures.len()), (vec![revision.clone()], 0));

    for arn in [revision.as_str(), "news-api", "arn:aws:ecs:eu-central-1:123456789012:service-deployment/news//x"] {
        let refusal = account.call(DescribeServiceDeployments { arns: vec![arn.to_owned()] }).expect_err(arn);
        assert!(matches!(refusal, Refusal::Fault { code: "InvalidParameterException", .. }), "{arn}: {refusal}");
    }
    let refusal = account.call(DescribeServiceDeployments { arns: vec![attempt.to_string(); 21] });
    assert!(refusal.is_err(), "twenty are the most");
    let refusal = account.call(ListServiceDeployments { service: "none".to_owned(), ..list(&[]) });
    assert_eq!(refusal, Err(Refusal::fault("ServiceNotFoundException", "Service not found.")));
}

/// A stalled first deployment has stopped, and a service that has stalled goes on with the next.
#[test]
fn a_first_deployment_that_fails_has_nothing_to_be_rolled_back_to() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", Behaviour::exiting(secs(1), 1));
    account.register(checked("app:1"));
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    use Status::{InProgress, StopRequested, Stopped};
    assert_eq!(statuses(&mut account), [InProgress, StopRequested, Stopped], "a new service is looked at at once");
    assert_eq!(account.service().primary().rollout_state, RolloutState::Failed);
    assert_eq!(latest(&account).rollback, None);
}
