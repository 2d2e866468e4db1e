//! What settings that are taken out of greenroom.toml leave.

use super::model::of;
use super::*;
use crate::config::{self, Config};
use crate::desired::tests::{
    example_bounded_config, example_canary_config, example_config, example_location, example_oidc_config,
};
use crate::resource::parameter::ParameterState;
use crate::resource::repository::RepositoryState;
use crate::resource::traffic::TrafficState;

/// Of an account, what an observation for a project sees.
pub(super) fn seen_by(desired: &Desired, account: &Observed) -> Observed {
    let wanted: BTreeSet<ResourceId> = desired.resources().iter().map(Spec::id).collect();
    let left: BTreeSet<ResourceId> = desired.left_over(&account.found).iter().map(|former| former.spec.id()).collect();
    let mut seen = account.clone();
    seen.found.retain(|id, _| wanted.contains(id) || left.contains(id));
    seen
}

/// Makes some of what is not wanted any more somebody else's.
pub(super) fn give_away(desired: &Desired, account: &mut Observed, chosen: &[bool]) {
    let left = desired.left_over(&account.found);
    for (former, _) in left.iter().zip(chosen).filter(|(_, chosen)| **chosen) {
        if let Some(owner) = account.found.get_mut(&former.spec.id()).and_then(State::owner) {
            *owner = Owner::Project("shop".to_owned());
        }
    }
}

/// What is not wanted any more and is somebody else's.
pub(super) fn not_ours(desired: &Desired, account: &Observed) -> Vec<(ResourceId, State)> {
    let left = desired.left_over(&account.found).into_iter().map(|former| former.spec.id());
    let states = left.filter_map(|id| Some((id.clone(), account.found.get(&id)?.clone())));
    states.filter(|(_, state)| state.clone().owner().is_some_and(|owner| *owner != Owner::Ours)).collect()
}

fn desired(config: &Config) -> Desired {
    Desired::new(config, &example_location()).expect("no contradictions")
}

pub(super) fn plain() -> Config {
    example_config(|_| ())
}

fn with_ssh() -> Config {
    let ssh = serde_json::json!({"sources": [{"from": "203.0.113.7/32"}]});
    let ssh = serde_json::from_value::<config::Ssh>(ssh).expect("a section");
    Config { ssh: Some(ssh), ..plain() }
}

/// Another change of settings.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) before: fn() -> Config,
    pub(super) after: fn() -> Config,
    /// What else happens in between.
    pub(super) meanwhile: fn(&mut Observed),
    /// What the person wants to have taken away.
    pub(super) remove: &'static [&'static str],
    pub(super) plan: &'static str,
}

fn add(account: &mut Observed, kind: Kind, name: &str, state: State) {
    account.found.insert(ResourceId::new(kind, name), state);
}

fn used(account: &mut Observed) {
    if let Some(user) = of!(account, User, User, "news-api-deploy") {
        user.keys[0].used = Some(1_790_000_000);
    }
}

const CASES: &[Case] = &[
    Case {
        name: "the host is gone",
        before: example_oidc_config,
        after: || Config { host: None, ..example_oidc_config() },
        meanwhile: |_| (),
        remove: &[],
        plan: "\
1. take role `news-api-host` out of instance profile `news-api-host`: no longer in greenroom.toml, where `[host]` asked for it; destroys it
2. delete instance profile `news-api-host`: no longer in greenroom.toml, where `[host]` asked for it; destroys it (after 1)
3. delete policy `news-api-host` of role `news-api-host`: no longer in greenroom.toml, where `[host]` asked for it; destroys it (after 2)
4. delete role `news-api-host`: no longer in greenroom.toml, where `[host]` asked for it; destroys it (after 3)
",
    },
    Case {
        name: "a user deploys instead of a role",
        before: example_oidc_config,
        after: || Config { host: example_oidc_config().host, ..plain() },
        meanwhile: |_| (),
        remove: &[],
        plan: "\
4. delete policy `news-api-deploy` of role `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 3)
5. delete role `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 4)
6. delete identity provider `token.actions.githubusercontent.com`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 5)
",
    },
    Case {
        name: "a role deploys instead of a user, whose key is in use",
        before: plain,
        after: || Config { host: None, ..example_oidc_config() },
        meanwhile: used,
        remove: &[],
        plan: "\
note: user `news-api-deploy` is no longer in greenroom.toml, where `[deploy]` asked for it, and stays: access key `AKIANEW` was last used at 2026-09-21T14:13:20Z, and deploys may sign with it; `--remove news-api-deploy` takes it away
",
    },
    Case {
        name: "the same, and the user is to go",
        before: plain,
        after: || Config { host: None, ..example_oidc_config() },
        meanwhile: used,
        remove: &["news-api-deploy"],
        plan: "\
4. delete access key `AKIANEW` of user `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 3)
5. delete policy `news-api-deploy` of user `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 3)
6. delete user `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 4, 5)
",
    },
    Case {
        name: "a role deploys instead of a user, which has a boundary and a managed policy",
        before: example_bounded_config,
        after: || Config { deployer: example_oidc_config().deployer, boundary: None, ..example_bounded_config() },
        meanwhile: used,
        remove: &[],
        plan: "\
4. take away permissions boundary of role `news-api-execution`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
5. take away permissions boundary of role `news-api-task`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
note: user `news-api-deploy` is no longer in greenroom.toml, where `[deploy]` asked for it, and stays: access key `AKIANEW` was last used at 2026-09-21T14:13:20Z, and deploys may sign with it; `--remove news-api-deploy` takes it away
note: managed policy `news-api-deploy` is no longer in greenroom.toml, where `[deploy]` asked for it, and stays: user `news-api-deploy` stays and needs it
note: managed policy `news-api-boundary` is no longer in greenroom.toml, where `[permissions]` asked for it, and stays: user `news-api-deploy` stays and needs it
",
    },
    Case {
        name: "nothing is bounded any more",
        before: example_bounded_config,
        after: || Config { boundary: None, ..example_bounded_config() },
        meanwhile: |_| (),
        remove: &[],
        plan: "\
1. take away permissions boundary of role `news-api-execution`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
2. take away permissions boundary of role `news-api-task`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
3. take away permissions boundary of user `news-api-deploy`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
4. delete managed policy `news-api-boundary`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it (after 1, 2, 3)
",
    },
    Case {
        name: "nothing is bounded any more, and somebody else's role has the boundary",
        before: example_bounded_config,
        after: || Config { boundary: None, ..example_bounded_config() },
        meanwhile: |account| {
            if let Some(policy) = of!(account, ManagedPolicy, ManagedPolicy, "news-api-boundary") {
                policy.used_by = ["role `shop`".to_owned()].into();
            }
        },
        remove: &[],
        plan: "\
1. take away permissions boundary of role `news-api-execution`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
2. take away permissions boundary of role `news-api-task`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
3. take away permissions boundary of user `news-api-deploy`: no longer in greenroom.toml, where `[permissions]` asked for it; destroys it
note: managed policy `news-api-boundary` is no longer in greenroom.toml, where `[permissions]` asked for it, and stays: role `shop` has it, and is not the project's
",
    },
    Case {
        name: "nobody comes by SSH, and there is no database",
        before: with_ssh,
        after: || Config { database_port: None, ..plain() },
        meanwhile: |_| (),
        remove: &[],
        plan: "\
1. delete security group `news-api-database`: no longer in greenroom.toml, where a setting such as `[ssh]` or `[database]` asked for it; destroys it
2. delete security group `news-api-host`: no longer in greenroom.toml, where a setting such as `[ssh]` or `[database]` asked for it; destroys it (after 1)
",
    },
    Case {
        name: "requests move at once, and the service is deployed as before",
        before: example_canary_config,
        after: plain,
        meanwhile: |_| (),
        remove: &["all"],
        plan: "\
note: listener rule `news-api:80/test` is no longer in greenroom.toml, where `[deployment]` asked for it, and stays: service `news/news-api` is deployed with it
note: listener rule `news-api:80/production` is no longer in greenroom.toml, where `[deployment]` asked for it, and stays: service `news/news-api` is deployed with it
note: target group `news-api-alt` is no longer in greenroom.toml, where `[deployment]` asked for it, and stays: listener rule `news-api:80/test` stays and needs it
note: role `news-api-infrastructure` is no longer in greenroom.toml, where `[deployment]` asked for it, and stays: service `news/news-api` is deployed with it
note: role `news-api-hooks` is no longer in greenroom.toml, where `[deployment]` asked for it, and stays: service `news/news-api` is deployed with it
",
    },
    Case {
        name: "requests move at once, and the service has been deployed so",
        before: example_canary_config,
        after: plain,
        meanwhile: |account| {
            if let Some(service) = of!(account, Service, Service, "news/news-api") {
                service.traffic = TrafficState::rolling();
                service.rolls_back = true;
            }
        },
        remove: &[],
        plan: "\
1. delete listener rule `news-api:80/test`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it
2. delete listener rule `news-api:80/production`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it (after 1)
3. delete target group `news-api-alt`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it (after 2)
4. take the managed policy `arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers` from role `news-api-infrastructure`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it (after 3)
5. delete role `news-api-infrastructure`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it (after 4)
6. delete policy `news-api-hooks` of role `news-api-hooks`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it (after 5)
7. delete role `news-api-hooks`: no longer in greenroom.toml, where `[deployment]` asked for it; destroys it (after 6)
",
    },
    Case {
        name: "what holds data is named",
        before: plain,
        after: without_what_holds_data,
        meanwhile: holding_data,
        remove: &[],
        plan: "\
5. delete repository `news-api-empty`: no longer in greenroom.toml, where `[repository]` asked for it; destroys it (after 2, 3, 4)
note: parameter `/news-api/token` is no longer in greenroom.toml, where the task definition asked for it, and stays: its value would go with it; `--remove /news-api/token` takes it away
note: secret `news-api/database-url` is no longer in greenroom.toml, where the task definition asked for it, and stays: its value would go with it; `--remove news-api/database-url` takes it away
note: role `news-api-task` is no longer in greenroom.toml, where the task definition asked for it, and stays: the tasks of a revision that is deployed may have it; `--remove news-api-task` takes it away
note: log group `/ecs/news-api` is no longer in greenroom.toml, where the task definition asked for it, and stays: all events in it would go with it; `--remove /ecs/news-api` takes it away
note: repository `news-api-worker` is no longer in greenroom.toml, where `[repository]` asked for it, and stays: all images in it would go with it; `--remove news-api-worker` takes it away
",
    },
    Case {
        name: "what holds data goes when somebody says so",
        before: plain,
        after: without_what_holds_data,
        meanwhile: holding_data,
        remove: &["all"],
        plan: "\
5. delete parameter `/news-api/token`: no longer in greenroom.toml, where the task definition asked for it; destroys its value (after 2, 3, 4)
6. delete secret `news-api/database-url` in 30 days: no longer in greenroom.toml, where the task definition asked for it; destroys its value, after the 30 days in which it can be restored (after 5)
7. delete role `news-api-task`: no longer in greenroom.toml, where the task definition asked for it; destroys it (after 6)
8. delete log group `/ecs/news-api`: no longer in greenroom.toml, where the task definition asked for it; destroys all events in it (after 7)
9. delete repository `news-api-worker` with its images: no longer in greenroom.toml, where `[repository]` asked for it; destroys all images in it (after 8)
10. delete repository `news-api-empty`: no longer in greenroom.toml, where `[repository]` asked for it; destroys it (after 9)
",
    },
    Case {
        name: "all of it is somebody else's",
        before: example_oidc_config,
        after: plain,
        meanwhile: |account| {
            for state in account.found.values_mut() {
                if let Some(owner @ Owner::Ours) = state.owner() {
                    *owner = Owner::Unknown;
                }
            }
        },
        remove: &["all"],
        plan: "",
    },
];

/// No secret is read, the task has no role, and its log is another.
fn without_what_holds_data() -> Config {
    example_config(|definition| {
        definition["containerDefinitions"][0]["secrets"] = serde_json::json!([]);
        definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"] = "/ecs/news".into();
        drop(definition.as_object_mut().expect("an object").remove("taskRoleArn"));
    })
}

fn holding_data(account: &mut Observed) {
    let repository = |has_images| {
        State::Repository(RepositoryState {
            uri: "registry/news-api-worker".to_owned(),
            owner: Owner::Ours,
            tag_mutability: "IMMUTABLE".to_owned(),
            scan_on_push: true,
            encryption: ("AES256".to_owned(), None),
            lifecycle: None,
            has_images,
        })
    };
    let parameter = ParameterState { kind: "SecureString".to_owned(), owner: Owner::Ours };
    add(account, Kind::Repository, "news-api-worker", repository(true));
    add(account, Kind::Repository, "news-api-empty", repository(false));
    add(account, Kind::Parameter, "/news-api/token", State::Parameter(parameter));
}

#[test]
fn what_is_no_longer_asked_for_is_taken_away_or_named() {
    check_all(CASES);
}

/// Changes the settings as each case has it, and compares what becomes of what they leave.
pub(super) fn check_all(cases: &[Case]) {
    let mut wrong = String::new();
    for Case { name, before, after, meanwhile, remove, plan: expected } in cases {
        let wanted = desired(&after());
        let mut account = complete(&desired(&before()));
        meanwhile(&mut account);
        let account = seen_by(&wanted, &account);
        let remove = match remove {
            ["all"] => Chosen::All,
            names => Chosen::Named(names.iter().map(|name| (*name).to_owned()).collect()),
        };
        let options = PlanOptions { remove, ..PlanOptions::default() };
        let planned = super::super::plan(&wanted, &account, &options);
        check(&account, &planned);
        let text = planned.to_string();
        let about: Vec<&str> = text.lines().filter(|line| line.contains("no longer in greenroom.toml")).collect();
        if about.join("\n") != expected.trim_end() {
            wrong.push_str(&format!("## {name}\n{}\n", about.join("\n")));
        }
        let end = plan_destruction(&wanted, &account, &PlanOptions { empties_repositories: true, ..options });
        model::apply(&end, &account);
    }
    assert!(wrong.is_empty(), "these plans are not as expected:\n{wrong}");
}
