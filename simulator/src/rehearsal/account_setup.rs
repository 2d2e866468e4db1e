//! Where bootstrap comes in: somebody outside this crate makes the simulated account ready, over the wire, as on AWS.

use std::fmt;

use async_trait::async_trait;

use super::record::Progress;
use crate::oidc::Job;

/// How to reach the simulated account as its administrator.
#[derive(Clone)]
pub struct Administrator {
    /// The endpoint's URL.
    pub endpoint: String,
    /// The Region.
    pub region: String,
    /// The account.
    pub account: String,
    /// The access key of the account's owner.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// What a deploy needs to know of the account, and the identity that it is made with.
#[derive(Clone)]
pub struct DeployIdentity {
    /// The name of the user or role that deploys, for display.
    pub user: String,
    /// How deploys sign their requests.
    pub credentials: DeployCredentials,
    /// Subnets for one-off tasks.
    pub subnets: Vec<String>,
    /// Security groups for one-off tasks.
    pub security_groups: Vec<String>,
    /// The security group that a database would have, if there is one.
    pub database_group: Option<String>,
    /// How many changes bootstrap made.
    pub changes: usize,
}

/// How deploys sign their requests.
#[derive(Clone)]
pub enum DeployCredentials {
    /// With a user's access key.
    Key {
        /// Its id.
        access_key_id: String,
        /// Its secret.
        secret_access_key: String,
    },
    /// With those of a role that the job of a workflow takes with its identity token.
    Role {
        /// The role's ARN.
        arn: String,
        /// The job.
        job: Box<Job>,
        /// Whom its token is for.
        audience: String,
    },
}

/// Why the account could not be made ready.
#[derive(Debug)]
pub struct SetUpFailed {
    /// What happened, whole.
    pub message: String,
    /// Lines that help.
    pub evidence: Vec<String>,
}

/// Makes the account ready for a first deploy.
#[async_trait]
pub trait AccountSetUp: Send + Sync {
    /// Plans and applies, as `administrator`; `progress` hears of each change.
    async fn apply(
        &self,
        administrator: &Administrator,
        progress: &dyn Progress,
    ) -> Result<DeployIdentity, SetUpFailed>;
}

impl fmt::Debug for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Administrator").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeployIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployIdentity").field("user", &self.user).finish_non_exhaustive()
    }
}
