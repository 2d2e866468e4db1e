//! Resource policies of secrets, which take part in every decision about them.
//!
//! Texts: the Secrets Manager guide, "Managing a resource-based policy for a secret".

use super::{SecretName, access, name};
use crate::iam::policy::{Document, Effect, PrincipalPattern, Selection, Statement};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Most characters of a policy (botocore, `NonEmptyResourcePolicyType`).
const LONGEST: usize = 20_480;

/// Gives a secret a policy, in place of the one it has.
#[derive(Clone, Debug, Default)]
pub struct PutResourcePolicy {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// The document.
    pub policy: String,
    /// Whether a policy that lets anybody in is refused.
    pub block_public: bool,
}

/// Reads a secret's policy.
#[derive(Clone, Debug)]
pub struct GetResourcePolicy {
    /// Name or ARN of the secret.
    pub secret_id: String,
}

/// Takes a secret's policy away; it need not have one.
#[derive(Clone, Debug)]
pub struct DeleteResourcePolicy {
    /// Name or ARN of the secret.
    pub secret_id: String,
}

impl Operation for PutResourcePolicy {
    type Output = SecretName;
    const NAME: &'static str = "secretsmanager:PutResourcePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let put = access(world, Self::NAME, &self.secret_id);
        Ok(vec![put.with("secretsmanager:BlockPublicPolicy", self.block_public.to_string())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<SecretName, Refusal> {
        let Self { secret_id, policy, block_public } = authorized.operation;
        let document = understand(world, &policy)?;
        if block_public {
            check_not_public(&document)?;
        }
        let (name, secret) = world.living_secret(&secret_id)?;
        secret.policy = Some((policy, document));
        Ok(SecretName { arn: secret.arn.clone(), name })
    }
}

impl Operation for GetResourcePolicy {
    /// The secret, and its policy if it has one.
    type Output = (SecretName, Option<String>);
    const NAME: &'static str = "secretsmanager:GetResourcePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let name = name::require(world, &authorized.operation.secret_id)?;
        let secret = world.secrets.named(&name)?;
        secret.check_living()?;
        let policy = secret.policy.as_ref().map(|(text, _)| text.clone());
        Ok((SecretName { arn: secret.arn.clone(), name }, policy))
    }
}

impl Operation for DeleteResourcePolicy {
    type Output = SecretName;
    const NAME: &'static str = "secretsmanager:DeleteResourcePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<SecretName, Refusal> {
        let (name, secret) = world.living_secret(&authorized.operation.secret_id)?;
        secret.policy = None;
        Ok(SecretName { arn: secret.arn.clone(), name })
    }
}

/// Reads a policy. The users and roles of this account that it names must exist, and be known by now.
fn understand(world: &World, policy: &str) -> Result<Document, Refusal> {
    let malformed = |what: &str| {
        Refusal::fault("MalformedPolicyDocumentException", format!("This resource policy contains {what}."))
    };
    let document = Document::resource(policy).ok().filter(|_| policy.chars().count() <= LONGEST);
    let document = document.ok_or_else(|| malformed("a syntax error"))?;
    if world.iam_seen().missing_principal(&world.account, &document).is_some() {
        return Err(malformed("an unsupported principal"));
    }
    Ok(document)
}

/// Whether the policy lets nobody in but whom it names. AWS reasons about the conditions of statements for everybody, which is
/// not simulated.
fn check_not_public(document: &Document) -> Result<(), Refusal> {
    let for_all = |statement: &&Statement| {
        statement.effect == Effect::Allow
            && match &statement.principals {
                Some(Selection::Only(principals)) => principals.contains(&PrincipalPattern::Anyone),
                Some(Selection::AllBut(_)) => true,
                None => false,
            }
    };
    let open: Vec<&Statement> = document.statements.iter().filter(for_all).collect();
    if open.iter().any(|statement| statement.conditions.is_empty()) {
        let message = "You can't attach a resource-based policy that allows broad access to the secret.";
        return Err(Refusal::fault("PublicPolicyException", message));
    }
    if open.is_empty() {
        return Ok(());
    }
    let what = "`BlockPublicPolicy` of a policy whose statements for everybody have conditions".to_owned();
    Err(Refusal::NotSimulated { what })
}
