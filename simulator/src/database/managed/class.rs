//! DB instance classes: how much memory they have, and how many connections that is.

use std::fmt;
use std::str::FromStr;

use crate::database::Engine;

/// A DB instance class whose memory is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceClass {
    name: String,
    /// In GiB.
    memory: u64,
}

impl InstanceClass {
    /// `max_connections` by the formula of RDS's default parameter groups: `LEAST({DBInstanceClassMemory/9531392}, 5000)` for PostgreSQL
    /// and `{DBInstanceClassMemory/12582880}` for MySQL and MariaDB (RDS user guide, "Quotas and constraints", maximum number of database
    /// connections). Of the class's memory RDS keeps some for itself, nobody says how much, so that a real instance has up to a tenth
    /// fewer: `SHOW max_connections` on production tells.
    #[must_use]
    pub fn max_connections(&self, engine: Engine) -> u32 {
        let bytes = self.memory << 30;
        let connections = match engine {
            Engine::Postgres => (bytes / 9_531_392).min(5_000),
            Engine::MySql | Engine::MariaDb => bytes / 12_582_880,
        };
        u32::try_from(connections).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for InstanceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A text that names no DB instance class whose memory is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no DB instance class whose memory is known: `db.t4g.micro`, `db.m7g.large` and `db.r6i.2xlarge` are, for instance; \
     of another write what `SHOW max_connections` says on it as `max-connections`"
)]
pub struct UnknownClass(String);

impl FromStr for InstanceClass {
    type Err = UnknownClass;

    /// Reads a class of the families t (from the second generation on), m (from the fourth on) and r (from the fifth on), whose sizes have
    /// the same memory in each (RDS user guide, "Hardware specifications for DB instance classes").
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let memory = memory(text).ok_or_else(|| UnknownClass(text.to_owned()))?;
        Ok(Self { name: text.to_owned(), memory })
    }
}

fn memory(text: &str) -> Option<u64> {
    let (family, size) = text.strip_prefix("db.")?.split_once('.')?;
    let generation = |from: u32| {
        let rest = &family[1..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, kind) = rest.split_at(digits);
        let known = number.parse::<u32>().ok()? >= from && kind.chars().all(|c| c.is_ascii_lowercase());
        known.then_some(())
    };
    // GiB of `large`.
    let large: u64 = match family.as_bytes().first()? {
        b't' => generation(2).map(|()| 8),
        b'm' => generation(4).map(|()| 8),
        b'r' => generation(5).map(|()| 16),
        _ => None,
    }?;
    match size {
        "micro" | "small" | "medium" if !family.starts_with('t') => None,
        "micro" => Some(1),
        "small" => Some(2),
        "medium" => Some(4),
        "large" => Some(large),
        "xlarge" => Some(large * 2),
        _ => {
            let times: u64 = size.strip_suffix("xlarge")?.parse().ok()?;
            (2..=48).contains(&times).then(|| large * 2 * times)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_follow_from_the_class() {
        for (class, postgres, mysql) in [
            ("db.t4g.micro", 112, 85),
            ("db.t3.small", 225, 170),
            ("db.t4g.medium", 450, 341),
            ("db.m7g.large", 901, 682),
            ("db.r6i.large", 1802, 1365),
            ("db.m6gd.2xlarge", 3604, 2730),
            ("db.r5.24xlarge", 5000, 65536),
        ] {
            let class: InstanceClass = class.parse().expect("it is known");
            let of = |engine| class.max_connections(engine);
            assert_eq!((of(Engine::Postgres), of(Engine::MySql)), (postgres, mysql), "{class}");
            assert_eq!(of(Engine::MySql), of(Engine::MariaDb));
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_a_way_out() {
        for text in
            ["t4g.micro", "db.t4g", "db.m3.large", "db.m7g.micro", "db.x2g.large", "db.r5.1xlarge", "db.t.small", ""]
        {
            let error = text.parse::<InstanceClass>().expect_err("it is not known").to_string();
            assert!(error.contains("`max-connections`"), "{error}");
        }
    }
}
