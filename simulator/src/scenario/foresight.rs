//! Whether the statements that old tasks sent to the old schema fit the new one, asked of the new one without running them there.

use super::steps::Reference;
use crate::database::catalog::Catalog;
use crate::database::compatibility::{Compared, Uncovered, compare, uncovered};
use crate::database::{Account, DatabaseError, LogicalDatabase};

/// What the new schema makes of the statements that old tasks sent to the old one.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// Each statement about rows, prepared on both.
    pub(super) compared: Vec<Compared>,
    /// The INSERTs that leave out what is required now; none where the server makes it up.
    pub(super) uncovered: Vec<Uncovered>,
}

impl Foresight {
    /// Prepares what `reference` has captured on `database`, which has the new schema. The server records what it refuses, so whoever
    /// reads errors from there has read them before.
    ///
    /// # Errors
    /// If a connection fails.
    pub(super) async fn of(reference: &Reference, database: &LogicalDatabase) -> Result<Self, DatabaseError> {
        let mut before = reference.database.connect(Account::App).await?;
        let mut after = database.connect(Account::App).await?;
        let compared = compare(&mut before, &mut after, &reference.statements).await?;
        let catalog = Catalog::read(&mut database.connect(Account::Administrator).await?).await?;
        let spec = database.spec();
        let made_up = spec.managed.as_ref().is_some_and(|managed| managed.is_lenient(spec.engine));
        let uncovered =
            if made_up { Vec::new() } else { uncovered(&reference.catalog, &catalog, &reference.statements) };
        Ok(Self { compared, uncovered })
    }
}
