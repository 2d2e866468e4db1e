//! Users who change their minds: desired counts, bounds and deployments that change in the middle of a rollout, tasks that somebody
//! stops.

use std::time::Duration;

use proptest::prelude::*;
use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency};
use simulator_core::ecs::service::{CircuitBreaker, RolloutState, ThresholdKind};
use simulator_core::ecs::task::Health;
use simulator_core::ecs::{Task, TaskStatus, UpdateService};
use simulator_core::effect::{Effect, TaskId};
use simulator_core::elb::TargetState;
use simulator_core::{EventKind, Timestamp};

use super::{Case, case, failing, live, the_trace_is_sound};
use crate::virtual_time::{Account, Behaviour, Deploy, container, health_check, secs};

/// Back-off alone may take a quarter of an hour for each of several attempts.
const PATIENCE: Duration = secs(2 * 3600);

const DEADLOCK: &str = "(service news-api) was unable to stop or start tasks during a deployment";

/// What a task is made of beside the app.
#[derive(Clone, Copy, Debug)]
enum Company {
    /// Nothing.
    None,
    /// A migration that must succeed first.
    Migration,
    /// A cache that must be healthy first, and that runs beside it.
    Cache,
    /// Both: the migration waits for the cache to start.
    Both,
}

/// What a user does.
#[derive(Clone, Debug)]
enum Action {
    /// Deploys a new revision, which behaves so.
    Deploy(Box<Behaviour>, Company),
    /// Deploys the same revision again.
    Force,
    /// Wants so many tasks.
    Scale(u32),
    /// Changes the bounds.
    Bound(u32, u32),
    /// Stops one of the tasks.
    Stop(prop::sample::Index),
}

#[derive(Clone, Debug)]
struct Churn {
    case: Case,
    company: Company,
    /// Each after so many milliseconds.
    actions: Vec<(u64, Action)>,
}

fn company() -> impl Strategy<Value = Company> {
    prop::sample::select(vec![Company::None, Company::Migration, Company::Cache, Company::Both])
}

fn action() -> impl Strategy<Value = Action> {
    let good = (0_u64..12_000).prop_map(|up_after| Behaviour::healthy_after(Duration::from_millis(up_after)));
    let sick = (20_000_u64..200_000)
        .prop_map(|after| Behaviour { sick: Some(Duration::from_millis(after)), ..Behaviour::healthy() });
    let crashing = (20_000_u64..200_000).prop_map(|after| Behaviour::exiting(Duration::from_millis(after), 1));
    prop_oneof![
        4 => (prop_oneof![4 => good, 2 => failing(), 1 => sick, 1 => crashing], company())
            .prop_map(|(behaviour, company)| Action::Deploy(Box::new(behaviour), company)),
        1 => Just(Action::Force),
        3 => (0_u32..=6).prop_map(Action::Scale),
        1 => (prop::sample::select(vec![0, 50, 75, 100]), prop::sample::select(vec![100, 125, 150, 200]))
            .prop_map(|(minimum, maximum)| Action::Bound(minimum, maximum)),
        1 => any::<prop::sample::Index>().prop_map(Action::Stop),
    ]
}

fn churn() -> impl Strategy<Value = Churn> {
    let after = prop_oneof![0_u64..3_000, 0_u64..90_000];
    let grace = prop::option::of((0_u64..90).prop_map(secs));
    (case(), company(), breaker(), grace, prop::collection::vec((after, action()), 1..6)).prop_map(
        |(mut case, company, breaker, grace, actions)| {
            case.deploy = Deploy { breaker, grace, ..case.deploy };
            Churn { case, company, actions }
        },
    )
}

fn breaker() -> impl Strategy<Value = CircuitBreaker> {
    let threshold = prop_oneof![
        (1_u32..=100).prop_map(|value| (ThresholdKind::BoundedPercent, value)),
        (1_u32..=100).prop_map(|value| (ThresholdKind::UnboundedPercent, value)),
        (1_u32..=6).prop_map(|value| (ThresholdKind::Count, value)),
    ];
    (prop::bool::weighted(0.9), any::<bool>(), any::<bool>(), threshold).prop_map(
        |(enable, rollback, reset_on_healthy_task, threshold)| CircuitBreaker {
            enable,
            rollback,
            reset_on_healthy_task,
            threshold,
        },
    )
}

fn depends(on: &str, condition: Condition) -> Dependency {
    Dependency { container: on.to_owned(), condition }
}

impl Action {
    /// Whether a rollout of it must end. Tasks that are healthy and then fail are neither counted by the breaker nor need they ever all
    /// be healthy at once.
    fn comes_to_an_end(&self) -> bool {
        match self {
            Self::Deploy(behaviour, _) => {
                behaviour.sick.is_none() && behaviour.exits.is_none_or(|(after, _)| after < secs(20))
            }
            Self::Force | Self::Scale(_) | Self::Bound(..) | Self::Stop(_) => true,
        }
    }
}

impl Company {
    /// The containers of a task. A cache has a check only where the app has one: the scheduler looks at those that have one, so a cache
    /// that is healthy would otherwise speak for an app that is not.
    fn containers(self, app: ContainerDefinition) -> Vec<ContainerDefinition> {
        let beside = |name: &str, essential| ContainerDefinition {
            port_mappings: Vec::new(),
            essential,
            ..container(name, name)
        };
        let migration = beside("migration", false);
        let cache = ContainerDefinition { health_check: app.health_check.clone(), ..beside("cache", true) };
        let up = if cache.health_check.is_some() { Condition::Healthy } else { Condition::Start };
        let mut app = app;
        match self {
            Self::None => vec![app],
            Self::Migration => {
                app.depends_on.push(depends("migration", Condition::Success));
                vec![app, migration]
            }
            Self::Cache => {
                app.depends_on.push(depends("cache", up));
                vec![app, cache]
            }
            Self::Both => {
                app.depends_on.push(depends("migration", Condition::Complete));
                app.depends_on.push(depends("cache", Condition::Start));
                let migration =
                    ContainerDefinition { depends_on: vec![depends("cache", Condition::Start)], ..migration };
                vec![app, migration, cache]
            }
        }
    }
}

/// Registers a revision of `company` whose app behaves so, and answers its image.
fn revision(account: &mut Account, case: &Case, company: Company, behaviour: &Behaviour) -> String {
    let count = account.world.ecs().definition("news-api").map_or(0, |definition| definition.revision);
    let image = format!("app:{}", count + 1);
    account.driver.script(&image, behaviour.clone());
    let app = ContainerDefinition { health_check: case.checked.then(health_check), ..container("app", &image) };
    account.register(company.containers(app));
    image
}

/// Whether every check of the task, if there is any, says that it is healthy, as the control plane knows it; and it has been counted as
/// healthy. It may be on its way out.
fn is_sound(account: &Account, task: &Task) -> bool {
    let checks_pass = task.definition.containers.iter().all(|definition| {
        definition.health_check.is_none()
            || !definition.essential
            || task.container(&definition.name).is_some_and(|container| container.reported == Health::Healthy)
    });
    let group = account.target_group.as_ref().and_then(|arn| account.world.elb().target_group(arn));
    let served = group.is_none_or(|group| {
        group.targets().any(|it| Some(it.target.address) == task.address && it.state == TargetState::Healthy)
    });
    task.proved_at.is_some() && checks_pass && served
}

/// The bounds as the service is configured now, worked out apart from the scheduler.
fn bounds(account: &Account) -> (usize, usize) {
    let service = account.service();
    let share = |percent: u32| usize::try_from(service.desired * percent).expect("small numbers");
    let configuration = &service.configuration;
    (share(configuration.minimum_healthy_percent).div_ceil(100), share(configuration.maximum_percent) / 100)
}

/// Makes one thing happen and checks what it did: what was launched is within the maximum, and what was stopped although it served
/// left the minimum.
fn step(account: &mut Account) -> Result<bool, TestCaseError> {
    let before = account.world.events().len();
    let went_on = account.driver.step(&mut account.world);
    keeps_the_bounds(account, before)?;
    Ok(went_on)
}

/// What has happened since `before` kept the bounds.
fn keeps_the_bounds(account: &Account, before: usize) -> Result<(), TestCaseError> {
    // A task with targets drains before it is stopped.
    let told = if account.target_group.is_some() { "DEACTIVATING" } else { "STOPPING" };
    let (mut launched, mut stopped) = (0, 0);
    for event in &account.world.events()[before..] {
        if let EventKind::Task { task, status, stop, .. } = &event.kind {
            let scaled = stop.as_ref().is_some_and(|stop| stop.reason.starts_with("Scaling activity"));
            launched += usize::from(*status == "PROVISIONING");
            stopped += usize::from(*status == told && scaled && is_sound(account, account.task(task)));
        }
    }
    let (minimum, maximum) = bounds(account);
    let alive = live(account).len();
    prop_assert!(launched == 0 || alive <= maximum, "{} tasks of {} at most:\n{}", alive, maximum, account.story());
    if stopped > 0 {
        let serves =
            |task: &&Task| task.last_status == TaskStatus::Running && !task.stopping && is_sound(account, task);
        let left = live(account).into_iter().filter(serves).count();
        prop_assert!(left >= minimum, "{} stopped, {} left of {}:\n{}", stopped, left, minimum, account.story());
    }
    Ok(())
}

fn wait(account: &mut Account, until: Timestamp) -> Result<(), TestCaseError> {
    while account.driver.next(&mut account.world).is_some_and(|next| next <= until) && step(account)? {}
    let before = account.world.events().len();
    account.world.tick(until);
    keeps_the_bounds(account, before)
}

fn carry_out(account: &mut Account, case: &Case, action: &Action) {
    match action {
        Action::Deploy(behaviour, company) => {
            revision(account, case, *company, behaviour);
            account.deploy();
        }
        Action::Force => account.update(UpdateService { force: true, ..UpdateService::default() }),
        Action::Scale(desired) => account.update(UpdateService { desired: Some(*desired), ..UpdateService::default() }),
        Action::Bound(minimum, maximum) => account.update(UpdateService {
            minimum_healthy_percent: Some(*minimum),
            maximum_percent: Some(*maximum),
            ..UpdateService::default()
        }),
        Action::Stop(which) => {
            let running: Vec<TaskId> = live(account).into_iter().map(|task| task.id).collect();
            if !running.is_empty() {
                let id = *which.get(&running);
                account.stop(&id);
            }
        }
    }
}

/// Whether the bounds allow the scheduler neither to start nor to stop a task.
fn stuck(account: &Account) -> bool {
    let desired = usize::try_from(account.service().desired).expect("a small number");
    desired > 0 && bounds(account) == (desired, desired)
}

fn said(account: &Account, text: &str) -> bool {
    account.service().events.iter().any(|event| event.message.starts_with(text))
}

/// Every task has been made once and cleared away once, and each of its containers that ran has ended once.
fn everything_is_cleared_away(account: &Account) -> Result<(), TestCaseError> {
    for task in account.world.ecs().tasks() {
        let count = |is_it: &dyn Fn(&Effect) -> bool| account.driver.wanted.iter().filter(|(_, it)| is_it(it)).count();
        prop_assert_eq!(task.last_status, TaskStatus::Stopped);
        prop_assert_eq!(count(&|it| matches!(it, Effect::PrepareTask(spec) if spec.task == task.id)), 1);
        prop_assert_eq!(count(&|it| matches!(it, Effect::ClearTask { task: of } if *of == task.id)), 1);
        for container in &task.containers {
            let ended = account.world.events().iter().filter(|event| {
                matches!(&event.kind, EventKind::Container { task: of, container: name, status: "STOPPED", .. }
                    if *of == task.id && *name == container.name)
            });
            prop_assert_eq!(ended.count(), 1, "{} of {:?}", container.name, task.id);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_time: 20_000, max_shrink_iters: 300, ..ProptestConfig::default() })]

    /// Whatever users do in the middle of rollouts and however containers behave: the scheduler never starts a task beyond the
    /// maximum as it is then; it never stops a task that serves if that leaves fewer than the minimum; every trace is sound; what was
    /// wanted last comes to an end (done, failed, or said to be stuck); and when nothing is wanted any more, every task has ended
    /// exactly once and nothing is left of it.
    #[test]
    fn whatever_users_do_the_service_keeps_its_bounds_and_settles(churn in churn()) {
        let Churn { case, company, actions } = churn;
        let mut account = case.account();
        account.driver.script("migration", Behaviour::exiting(Duration::from_millis(1_500), 0));
        // What answers the load balancer is the app alone.
        account.driver.script("cache", Behaviour { serves: None, ..Behaviour::healthy() });
        revision(&mut account, &case, company, &Behaviour::healthy());
        account.create_service(&case.deploy);
        for (after, action) in &actions {
            let until = account.world.now() + Duration::from_millis(*after);
            wait(&mut account, until)?;
            carry_out(&mut account, &case, action);
        }
        if case.deploy.breaker.enable && actions.iter().all(|(_, action)| action.comes_to_an_end()) {
            let from = account.world.now();
            while account.service().primary().rollout_state == RolloutState::InProgress
                && !(stuck(&account) && said(&account, DEADLOCK))
            {
                let goes_on = step(&mut account)?;
                prop_assert!(goes_on && account.world.now() < from + PATIENCE, "no end:\n{:?}\n{}", account.service().deployments, account.story());
            }
        }
        let until = account.world.now() + secs(600);
        wait(&mut account, until)?;
        the_trace_is_sound(&account)?;

        account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
        let end = account.world.now() + PATIENCE;
        while !live(&account).is_empty() {
            let goes_on = step(&mut account)?;
            prop_assert!(goes_on && account.world.now() < end, "tasks are left:\n{}", account.story());
        }
        everything_is_cleared_away(&account)?;
        the_trace_is_sound(&account)?;
    }
}
