//! Bounds that allow the scheduler neither to start nor to stop a task (facts 1.1).

use simulator_core::ecs::service::RolloutState;
use simulator_core::{EventKind, Timing};

use crate::virtual_time::{Account, Deploy, container, secs};

const TEXT: &str = "(service news-api) was unable to stop or start tasks during a deployment because of the service deployment \
                    configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

/// The settings, as `minimum/maximum`, with which a rollout of so many tasks cannot move: by hand, from the tables of the bounds. With one
/// task the minimum rounds up to one and the maximum down to one; with four nothing but 100/100 is left.
const STUCK: [(u32, &[(u32, u32)]); 5] = [
    (0, &[]),
    (1, &[(50, 100), (50, 125), (50, 150), (75, 100), (75, 125), (75, 150), (100, 100), (100, 125), (100, 150)]),
    (2, &[(75, 100), (75, 125), (100, 100), (100, 125)]),
    (3, &[(75, 100), (75, 125), (100, 100), (100, 125)]),
    (4, &[(100, 100)]),
];

fn says(account: &Account) -> usize {
    let said =
        |event: &&simulator_core::Event| matches!(&event.kind, EventKind::Service { message, .. } if message == TEXT);
    account.world.events().iter().filter(said).count()
}

#[test]
fn a_rollout_is_stuck_with_these_settings_and_says_so_and_with_no_others() {
    for (desired, stuck) in STUCK {
        for minimum in [0, 50, 75, 100] {
            for maximum in [100, 125, 150, 200] {
                let mut account = Account::new(Timing::rehearsal());
                account.register(vec![container("app", "app:1")]);
                account.create_service(&Deploy { desired, minimum, maximum, ..Deploy::default() });
                account.until_steady();
                account.register(vec![container("app", "app:2")]);
                let new = account.deploy();
                let what = format!("{desired} tasks at {minimum}/{maximum}");
                if stuck.contains(&(minimum, maximum)) {
                    account.until(&format!("{what} are stuck"), secs(60), |account| says(account) == 1);
                    // It is said once, and nothing moves.
                    let before = account.world.ecs().tasks().len();
                    let end = account.world.now() + secs(3600);
                    while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
                        account.driver.step(&mut account.world);
                    }
                    assert_eq!((says(&account), account.world.ecs().tasks().len()), (1, before), "{what}");
                    let primary = account.service().primary();
                    assert_eq!((&primary.id, primary.rollout_state), (&new, RolloutState::InProgress), "{what}");
                } else {
                    account.until_steady();
                    assert_eq!(says(&account), 0, "{what}");
                }
            }
        }
    }
}
