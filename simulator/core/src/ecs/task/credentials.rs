//! The credentials of a task's role, which its containers fetch from the agent.

use std::time::Duration;

use crate::effect::TaskId;
use crate::iam::Secret;
use crate::iam::credential::draw_key;
use crate::iam::session::{Session, Terms};
use crate::id::IdKind;
use crate::sts::TemporaryCredentials;
use crate::time::Timestamp;
use crate::world::World;

/// How long they are good for, as the agent hands them out: six hours [I].
const LIFE: Duration = Duration::from_secs(6 * 60 * 60);

/// What session tokens are made of.
const TOKEN_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters of a session token.
const TOKEN_LENGTH: usize = 356;

/// With less than this left they are replaced, well before a client that caches them would find them expired [I].
const ROTATED_BEFORE: Duration = Duration::from_secs(60 * 60);

impl World {
    /// The present credentials of the role of the task called `id`, for its own containers: a session named after the task, as ECS
    /// assumed it when the task was launched. None for a task without a role, for one that has stopped, and for one whose role is gone.
    pub fn task_credentials(&mut self, now: Timestamp, id: &TaskId) -> Option<(String, TemporaryCredentials)> {
        let task = self.ecs.tasks.get(id).filter(|task| task.stopped_at.is_none())?;
        let role = task.role()?.to_owned();
        let known = self.ecs.credentials.get(id).filter(|known| known.expires_at > now + ROTATED_BEFORE);
        if let Some(known) = known {
            return Some((role, known.clone()));
        }
        let fresh = self.begin_task_session(now, &role, &id.to_string())?;
        self.ecs.credentials.insert(*id, fresh.clone());
        Some((role, fresh))
    }

    /// Assumes `role` anew for the task called `name`.
    fn begin_task_session(&mut self, now: Timestamp, role: &str, name: &str) -> Option<TemporaryCredentials> {
        let caller = self.assume_for_service(role, "ecs-tasks.amazonaws.com", name).ok()?;
        let key = draw_key(&mut self.ids, "ASIA");
        let session_token = self.ids.text(IdKind::Secret, TOKEN_ALPHABET, TOKEN_LENGTH);
        let expires_at = now + LIFE;
        let session = Session {
            principal: caller.principal,
            secret: Secret::new(&key.secret),
            token: Secret::new(&session_token),
            issued: now,
            expires: expires_at,
            terms: Terms::default(),
        };
        self.iam.begin_session(key.id.clone(), session);
        Some(TemporaryCredentials { access_key_id: key.id, secret_access_key: key.secret, session_token, expires_at })
    }
}
