//! What a section `[services.NAME]` leaves that is taken out of greenroom.toml.

use super::leftover::{Case, check_all};
use super::model::of;
use super::*;
use crate::config::Config;
use crate::desired::tests::several::example_several_config;

fn several() -> Config {
    example_several_config(|_, _| ())
}

fn without_worker() -> Config {
    example_several_config(|sections, _| drop(sections.as_object_mut().expect("an object").remove("worker")))
}

fn first_alone() -> Config {
    Config { further: Vec::new(), ..several() }
}

fn works(account: &mut Observed) {
    of!(account, Service, Service, "news/news-api-worker").expect("it is there").tasks = 2;
}

const CASES: &[Case] = &[
    Case {
        name: "a service that runs is named, and with it what it has",
        before: several,
        after: without_worker,
        meanwhile: works,
        remove: &[],
        plan: "\
4. delete repository `news-api-worker`: no longer in greenroom.toml, where `[repository]` asked for it; destroys it (after 1, 2, 3)
note: service `news/news-api-worker` is no longer in greenroom.toml, where `[services]` asked for it, and stays: 2 of its tasks run or are to; `--remove news/news-api-worker` takes it away with security group `news-api-worker`, log group `/ecs/news-worker`, role `news-worker-task`, task definition `news-worker`
note: parameter `/news/worker` is no longer in greenroom.toml, where the task definition asked for it, and stays: its value would go with it; `--remove /news/worker` takes it away
",
    },
    Case {
        name: "it goes when somebody says so, after what is found through it",
        before: several,
        after: without_worker,
        meanwhile: works,
        remove: &["news/news-api-worker"],
        plan: "\
4. scale service `news/news-api-worker` to 0 tasks: no longer in greenroom.toml, where `[services]` asked for it (after 1, 2, 3)
5. wait until no task of service `news/news-api-worker` runs: no longer in greenroom.toml, where `[services]` asked for it (after 4)
6. deregister task definition `news-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 5)
7. delete task definitions `news-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys the revisions (after 6)
8. delete role `news-worker-task`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 7)
9. delete log group `/ecs/news-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys all events in it (after 8)
10. delete service `news/news-api-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 9)
11. wait until service `news/news-api-worker` is gone: no longer in greenroom.toml, where `[services]` asked for it (after 10)
12. delete security group `news-api-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 11)
13. delete repository `news-api-worker`: no longer in greenroom.toml, where `[repository]` asked for it; destroys it (after 12)
note: parameter `/news/worker` is no longer in greenroom.toml, where the task definition asked for it, and stays: its value would go with it; `--remove /news/worker` takes it away
",
    },
    Case {
        name: "all services but the first go",
        before: several,
        after: first_alone,
        meanwhile: |_| (),
        remove: &["all"],
        plan: "\
7. deregister task definition `news-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 1, 2, 3, 4, 5, 6)
8. delete task definitions `news-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys the revisions (after 7)
9. deregister task definition `news-admin`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 8)
10. delete task definitions `news-admin`: no longer in greenroom.toml, where `[services]` asked for it; destroys the revisions (after 9)
11. delete role `news-worker-task`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 10)
12. delete role `news-admin-task`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 11)
13. delete policy `news-api-admin-execution` of role `news-admin-execution`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 12)
14. delete role `news-admin-execution`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 13)
15. delete log group `/ecs/news-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys all events in it (after 14)
16. delete parameter `/news/worker`: no longer in greenroom.toml, where the task definition asked for it; destroys its value (after 15)
17. delete parameter `/news/admin`: no longer in greenroom.toml, where the task definition asked for it; destroys its value (after 16)
18. delete service `news/news-api-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 17)
19. wait until service `news/news-api-worker` is gone: no longer in greenroom.toml, where `[services]` asked for it (after 18)
20. delete service `news/news-api-admin`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 19)
21. wait until service `news/news-api-admin` is gone: no longer in greenroom.toml, where `[services]` asked for it (after 20)
22. delete listener `news-api:8080`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 21)
23. delete target group `news-api-admin`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 22)
24. delete security group `news-api-admin`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 23)
25. delete security group `news-api-worker`: no longer in greenroom.toml, where `[services]` asked for it; destroys it (after 24)
26. delete managed policy `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 25)
27. delete repository `news-api-worker`: no longer in greenroom.toml, where `[repository]` asked for it; destroys it (after 26)
",
    },
    Case {
        name: "what a service has that is another project's now stays",
        before: several,
        after: first_alone,
        meanwhile: |account| {
            for service in ["news/news-api-worker", "news/news-api-admin"] {
                of!(account, Service, Service, service).expect("it is there").owner = Owner::Project("shop".to_owned());
            }
        },
        remove: &["all"],
        plan: "\
7. delete parameter `/news/worker`: no longer in greenroom.toml, where the task definition asked for it; destroys its value (after 1, 2, 3, 4, 5, 6)
8. delete parameter `/news/admin`: no longer in greenroom.toml, where the task definition asked for it; destroys its value (after 7)
9. delete managed policy `news-api-deploy`: no longer in greenroom.toml, where `[deploy]` asked for it; destroys it (after 8)
10. delete repository `news-api-worker`: no longer in greenroom.toml, where `[repository]` asked for it; destroys it (after 9)
note: task definition `news-worker` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-worker` is deployed with it
note: task definition `news-admin` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-admin` is deployed with it
note: role `news-worker-task` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-worker` is deployed with it
note: role `news-admin-task` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-admin` is deployed with it
note: role `news-admin-execution` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-admin` is deployed with it
note: log group `/ecs/news-worker` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-worker` is deployed with it
note: listener `news-api:8080` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-admin` is deployed with it
note: target group `news-api-admin` is no longer in greenroom.toml, where `[services]` asked for it, and stays: listener `news-api:8080` stays and needs it
note: security group `news-api-admin` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-admin` is deployed with it
note: security group `news-api-worker` is no longer in greenroom.toml, where `[services]` asked for it, and stays: service `news/news-api-worker` is deployed with it
",
    },
];

#[test]
fn a_service_that_nobody_asks_for_goes_with_what_it_has_or_stays_and_is_named() {
    check_all(CASES);
}
