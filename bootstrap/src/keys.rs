//! The deploy user's access keys after they have been made: noted as handed over, and rotated.
//!
//! A rotation has two keys until the new one is used and the old one is not any more, so that no deploy ever meets a key that
//! is gone.

use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::outcome::AccessKey;
use crate::resource::deploy_user::{DeployUser, HANDED_OVER_TAG};
use crate::resource::deploy_user_change as call;
use crate::resource::{Kind, ResourceId};

/// An access key of the deploy user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its id.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// Whether it is switched on.
    pub is_active: bool,
    /// Whether it has been noted as handed over.
    pub is_handed_over: bool,
    /// When it was last used, in seconds since 1970; never, if there is none. AWS tells some minutes late.
    pub used: Option<i64>,
}

/// The next step of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// There is no key to rotate.
    Nothing,
    /// Make a new key beside the old one, and hand it over.
    Make {
        /// The old key.
        old: String,
    },
    /// Delete a key that was never handed over nor used: the process that made it ended too early.
    Drop {
        /// The key.
        lost: String,
    },
    /// Wait until the new key is used.
    AwaitUse {
        /// The new key.
        new: String,
    },
    /// Wait until the old key has not been used for long enough.
    AwaitQuiet {
        /// The old key.
        old: String,
        /// For how many seconds more, if it is not used again.
        seconds: i64,
    },
    /// Switch the old key off, and delete it.
    Retire {
        /// The old key.
        old: String,
        /// The key that stays.
        new: String,
    },
}

/// Says what comes next. The old key goes when the new one has been used and the old one not for `quiet` seconds: a deploy that
/// began with it has ended by then. Pure.
#[must_use]
pub fn next(keys: &[KeyState], now: i64, quiet: i64) -> Turn {
    let mut sorted: Vec<&KeyState> = keys.iter().collect();
    // Stable: of two that were made in the same second, the first is the older.
    sorted.sort_by_key(|key| key.made);
    let in_hands = |key: &&KeyState| key.is_handed_over || key.used.is_some();
    match sorted.as_slice() {
        [] => Turn::Nothing,
        [only] if only.is_active => Turn::Make { old: only.id.clone() },
        [_] => Turn::Nothing,
        [old, new, ..] => {
            let stays = if new.is_active { new } else { old };
            let goes = if new.is_active { old } else { new };
            if let Some(lost) = sorted.iter().find(|key| !in_hands(key)) {
                return Turn::Drop { lost: lost.id.clone() };
            }
            if !goes.is_active {
                return Turn::Retire { old: goes.id.clone(), new: stays.id.clone() };
            }
            if stays.used.is_none() {
                return Turn::AwaitUse { new: stays.id.clone() };
            }
            let silent = goes.used.map_or(i64::MAX, |used| now.saturating_sub(used));
            if silent < quiet {
                return Turn::AwaitQuiet { old: goes.id.clone(), seconds: quiet - silent };
            }
            Turn::Retire { old: goes.id.clone(), new: stays.id.clone() }
        }
    }
}

/// Looks at the keys.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub async fn look(account: &Account, user: &DeployUser) -> Result<Vec<KeyState>, CallError> {
    let user = &user.name;
    let resource = ResourceId::new(Kind::AccessKey, user);
    let absent = &["NoSuchEntity"];
    let (tags, keys) = futures_util::try_join!(
        async {
            let answer = account.iam.get_user().user_name(user).send().await.called("iam:GetUser", &resource);
            Ok(unless_absent(answer, absent)?.and_then(|answer| answer.user?.tags).unwrap_or_default())
        },
        async {
            let answer = account.iam.list_access_keys().user_name(user).send().await;
            let answer = unless_absent(answer.called("iam:ListAccessKeys", &resource), absent)?;
            Ok(answer.map(|answer| answer.access_key_metadata).unwrap_or_default())
        }
    )?;
    let handed_over = tags.iter().filter(|tag| tag.key() == HANDED_OVER_TAG);
    let handed_over: Vec<&str> = handed_over.flat_map(|tag| tag.value().split_whitespace()).collect();
    let mut found = Vec::new();
    for key in keys {
        let Some(id) = key.access_key_id else { continue };
        let answer = account.iam.get_access_key_last_used().access_key_id(&id).send().await;
        let used = answer.called("iam:GetAccessKeyLastUsed", &resource)?.access_key_last_used;
        found.push(KeyState {
            made: key.create_date.map(|date| date.secs()).unwrap_or_default(),
            is_active: key.status == Some(aws_sdk_iam::types::StatusType::Active),
            is_handed_over: handed_over.contains(&id.as_str()),
            used: used.and_then(|used| used.last_used_date).map(|date| date.secs()),
            id,
        });
    }
    // AWS tells the second that a key was made in, and lists keys in any order; they are noted in the order in which they are handed over.
    found.sort_by_key(|key| handed_over.iter().position(|id| *id == key.id).unwrap_or(usize::MAX));
    Ok(found)
}

/// Makes another key. It is in nobody's hands until [`note`] says so.
///
/// # Errors
/// If the call is refused, or AWS does not answer.
pub async fn make(account: &Account, user: &DeployUser) -> Result<AccessKey, CallError> {
    call::create_key(account, &user.name).await
}

/// Notes that these keys, and no others, have been handed over.
///
/// # Errors
/// If the call is refused, or AWS does not answer.
pub async fn note(account: &Account, user: &DeployUser, keys: &[&str]) -> Result<(), CallError> {
    call::note_handed_over(account, &user.name, keys).await
}

/// Deletes a key; that it is gone already is fine.
///
/// # Errors
/// If the call is refused, or AWS does not answer.
pub async fn delete(account: &Account, user: &DeployUser, key: &str) -> Result<(), CallError> {
    call::delete_key(account, &user.name, key).await
}

/// Switches the old key off and deletes it; only the new one counts as handed over from then on.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub async fn retire(account: &Account, user: &DeployUser, old: &str, new: &str) -> Result<(), CallError> {
    call::switch_off(account, &user.name, old).await?;
    delete(account, user, old).await?;
    note(account, user, &[new]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, made: i64, used: Option<i64>) -> KeyState {
        KeyState { id: id.to_owned(), made, is_active: true, is_handed_over: true, used }
    }

    #[test]
    fn a_rotation_goes_one_way_and_never_takes_a_key_that_is_used() {
        let (old, new) = (key("OLD", 10, Some(990)), key("NEW", 900, None));
        let off = |key: &KeyState| KeyState { is_active: false, ..key.clone() };
        let lost = KeyState { is_handed_over: false, ..new.clone() };
        let used = key("NEW", 900, Some(950));
        let retire = Turn::Retire { old: "OLD".to_owned(), new: "NEW".to_owned() };
        let cases = [
            (vec![], Turn::Nothing),
            (vec![off(&old)], Turn::Nothing),
            (vec![old.clone()], Turn::Make { old: "OLD".to_owned() }),
            (vec![lost, old.clone()], Turn::Drop { lost: "NEW".to_owned() }),
            (vec![new, old.clone()], Turn::AwaitUse { new: "NEW".to_owned() }),
            (vec![old.clone(), used.clone()], Turn::AwaitQuiet { old: "OLD".to_owned(), seconds: 90 }),
            (vec![key("OLD", 10, Some(800)), used.clone()], retire.clone()),
            (vec![key("OLD", 10, None), used.clone()], retire.clone()),
            (vec![off(&old), used], retire),
            (vec![key("OLD", 900, Some(950)), key("NEW", 900, None)], Turn::AwaitUse { new: "NEW".to_owned() }),
        ];
        for (keys, expected) in cases {
            assert_eq!(next(&keys, 1_000, 100), expected, "{keys:?}");
        }
    }
}
