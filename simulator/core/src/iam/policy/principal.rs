//! What a statement's `Principal` names.

use crate::arn::{AccountId, Arn};

/// Who asks, as policies name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The account's root user.
    Root {
        /// The account.
        account: AccountId,
    },
    /// An IAM user.
    User {
        /// The account.
        account: AccountId,
        /// The user's ARN.
        arn: Arn,
    },
    /// A session of a role.
    Session {
        /// The account.
        account: AccountId,
        /// The role's ARN.
        role: Arn,
        /// The session's ARN, `arn:aws:sts::…:assumed-role/ROLE/SESSION`.
        session: Arn,
    },
    /// An AWS service.
    Service {
        /// Such as `ecs-tasks.amazonaws.com`.
        name: String,
    },
    /// Whoever shows an identity token.
    WebIdentity {
        /// ARN of the identity provider that issued it.
        provider: String,
    },
}

impl Requester {
    /// The account that it belongs to, if it is of one.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Root { account } | Self::User { account, .. } | Self::Session { account, .. } => Some(account),
            Self::Service { .. } | Self::WebIdentity { .. } => None,
        }
    }
}

/// An entry of a statement's `Principal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `*`.
    Anyone,
    /// An account: its number, or its root user's ARN. It stands for everybody in it, who then need an identity policy besides.
    Account(String),
    /// The ARN of a user, a role or a session.
    Arn(String),
    /// An AWS service.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// A canonical user id, as S3 knows them.
    CanonicalUser(String),
}

/// How closely a principal was named. The closer, the less other policies matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// By the account: the account's own policies must allow it too.
    Account,
    /// As everyone, or by the role of a session: boundary and session policy must allow it too.
    Anyone,
    /// By the user's, session's or service's own name: nothing else must allow it.
    Direct,
}

impl PrincipalPattern {
    /// How this entry names `requester`; nothing if it does not.
    #[must_use]
    pub fn reach(&self, requester: &Requester) -> Option<Reach> {
        match (self, requester) {
            (Self::Anyone, _) => Some(Reach::Anyone),
            (
                Self::Account(id),
                Requester::Root { account } | Requester::User { account, .. } | Requester::Session { account, .. },
            ) => (*id == account.to_string()).then_some(Reach::Account),
            (Self::Arn(named), Requester::User { arn, .. }) => (named == arn.as_str()).then_some(Reach::Direct),
            (Self::Arn(named), Requester::Session { role, session, .. }) => {
                if named == session.as_str() {
                    Some(Reach::Direct)
                } else {
                    (named == role.as_str()).then_some(Reach::Anyone)
                }
            }
            (Self::Service(named), Requester::Service { name }) => (named == name).then_some(Reach::Direct),
            (Self::Federated(named), Requester::WebIdentity { provider }) => {
                (named == provider).then_some(Reach::Direct)
            }
            (Self::Arn(_), Requester::Root { .. } | Requester::Service { .. } | Requester::WebIdentity { .. })
            | (Self::Account(_), Requester::Service { .. } | Requester::WebIdentity { .. })
            | (
                Self::Service(_),
                Requester::Root { .. }
                | Requester::User { .. }
                | Requester::Session { .. }
                | Requester::WebIdentity { .. },
            )
            | (
                Self::Federated(_),
                Requester::Root { .. } | Requester::User { .. } | Requester::Session { .. } | Requester::Service { .. },
            )
            | (Self::CanonicalUser(_), _) => None,
        }
    }
}
