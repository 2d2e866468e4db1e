//! Settings of the whole registry.

use super::invalid;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Whether a push may take a layer from another repository of the account. AWS has it switched off until told otherwise.
const BLOB_MOUNTING: &str = "BLOB_MOUNTING";
/// Settings that AWS has and that change nothing here.
const NOT_SIMULATED: [&str; 2] = ["BASIC_SCAN_TYPE_VERSION", "REGISTRY_POLICY_SCOPE"];

/// Changes a setting. Only `BLOB_MOUNTING` is simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutAccountSetting {
    /// The setting.
    pub name: String,
    /// Its new value: of `BLOB_MOUNTING`, `ENABLED` or `DISABLED`.
    pub value: String,
}

/// Reads a setting.
#[derive(Clone, Debug)]
pub struct GetAccountSetting {
    /// The setting.
    pub name: String,
}

impl Operation for PutAccountSetting {
    type Output = Self;
    const NAME: &'static str = "ecr:PutAccountSetting";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*").with("ecr:AccountSetting", &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let operation = authorized.operation;
        check_name(&operation.name)?;
        world.ecr.blob_mounting = match operation.value.as_str() {
            "ENABLED" => true,
            "DISABLED" => false,
            _ => return Err(invalid("value", "must be one of ENABLED, DISABLED")),
        };
        Ok(operation)
    }
}

impl Operation for GetAccountSetting {
    type Output = PutAccountSetting;
    const NAME: &'static str = "ecr:GetAccountSetting";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*").with("ecr:AccountSetting", &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name } = authorized.operation;
        check_name(&name)?;
        let value = if world.ecr.blob_mounting { "ENABLED" } else { "DISABLED" };
        Ok(PutAccountSetting { name, value: value.to_owned() })
    }
}

impl World {
    /// Whether a push may take a layer from another repository of the account.
    #[must_use]
    pub const fn blob_mounting(&self) -> bool {
        self.ecr.blob_mounting
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name == BLOB_MOUNTING {
        Ok(())
    } else if NOT_SIMULATED.contains(&name) {
        Err(Refusal::NotSimulated { what: format!("the account setting `{name}` of ECR") })
    } else {
        Err(invalid("name", "must be one of BASIC_SCAN_TYPE_VERSION, REGISTRY_POLICY_SCOPE, BLOB_MOUNTING"))
    }
}

#[cfg(test)]
mod tests {
    use super::{GetAccountSetting, PutAccountSetting};
    use crate::{Refusal, Region, Setup, Timestamp, Timing, World};

    #[test]
    fn blob_mounting_is_off_until_it_is_switched_on() {
        let mut world = World::new(Setup {
            account: "123456789012".parse().expect("twelve digits"),
            region: Region::new("eu-central-1"),
            seed: 1,
            timing: Timing::rehearsal(),
            now: Timestamp::default(),
        });
        let (now, root) = (Timestamp::default(), world.root());
        let mut put = |name: &str, value: &str| {
            let answer = world.call(now, &root, PutAccountSetting { name: name.to_owned(), value: value.to_owned() });
            let read = world.call(now, &root, GetAccountSetting { name: "BLOB_MOUNTING".to_owned() });
            (answer.map(|_| ()), read.expect("it is simulated").value, world.blob_mounting())
        };
        let refused = |member, constraint| Err(super::invalid(member, constraint));
        let names = "must be one of BASIC_SCAN_TYPE_VERSION, REGISTRY_POLICY_SCOPE, BLOB_MOUNTING";
        assert_eq!(put("MOUNTING", "ENABLED"), (refused("name", names), "DISABLED".to_owned(), false));
        assert_eq!(put("BLOB_MOUNTING", "ENABLED"), (Ok(()), "ENABLED".to_owned(), true));
        let values = "must be one of ENABLED, DISABLED";
        assert_eq!(put("BLOB_MOUNTING", "on"), (refused("value", values), "ENABLED".to_owned(), true));
        assert!(matches!(put("REGISTRY_POLICY_SCOPE", "V2"), (Err(Refusal::NotSimulated { .. }), _, true)));
        assert_eq!(put("BLOB_MOUNTING", "DISABLED"), (Ok(()), "DISABLED".to_owned(), false));
    }
}
