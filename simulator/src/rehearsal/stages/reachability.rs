//! Whether the security groups let the service reach its database, and what is said where they do not.

use std::net::Ipv4Addr;

use super::scene::{Scene, Standing};
use crate::database::Database;
use crate::driver::docker::{Resident, Wall};
use crate::engine::said;
use crate::finding::{Finding, Kind, Severity};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::diagnosis::reachability::closed;
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;

/// The way from the service to its database.
pub(super) struct Way<'a> {
    session: &'a Session<'a>,
    scene: &'a Scene,
    service: &'a [String],
    database: Option<(Vec<String>, u16)>,
    /// What stands in the way, and where the database is; none where nothing is enforced.
    wall: Option<(&'a Wall, Ipv4Addr)>,
}

impl<'a> Way<'a> {
    /// Lets the database into the tasks' network, as its security group allows.
    ///
    /// # Errors
    /// The engine does not tell its address.
    pub(super) async fn open(
        session: &'a Session<'a>,
        scene: &'a Scene,
        standing: &'a Standing,
        server: Option<&Database>,
    ) -> Result<Self, RehearsalError> {
        let groups = Vec::from_iter(standing.database_group.clone());
        let wall = match (&scene.wall, server) {
            (Ok(wall), Some(server)) => {
                let address = address(session, scene, server).await?;
                wall.admit(Resident { address, groups: groups.clone() });
                Some((&**wall, address))
            }
            (Err(_), _) | (_, None) => None,
        };
        let database = server.map(|server| (groups, server.inside().1));
        Ok(Self { session, scene, service: &standing.service_groups, database, wall })
    }

    /// Does the work of `stage`, which ends as soon as the security groups have kept a task from the database: an app waits minutes for an
    /// answer that cannot come.
    ///
    /// # Errors
    /// Those of the work, and that the database is out of reach.
    pub(super) async fn hold<T>(
        &self,
        stage: Stage,
        work: impl Future<Output = Result<Proof<T>, Unproved>>,
    ) -> Result<Proof<T>, Unproved> {
        let Some(finding) = self.closed(stage) else { return work.await };
        let Some((wall, address)) = self.wall else { return Err(finding.into()) };
        let done = tokio::select! {
            task = wall.turned_away(address) => {
                let seen = format!("a connection of the task {task} to the database was dropped, as it would be in the VPC");
                return Err(Finding { kind: Kind::Proved, ..finding }.evidence(seen).into());
            }
            done = work => done,
        };
        match done {
            Ok(mut proof) => {
                proof.warnings.push(Finding { severity: Severity::Warning, ..finding });
                Ok(proof)
            }
            Err(Unproved::Refuted(mut findings)) => {
                findings.push(finding);
                Err(Unproved::Refuted(findings))
            }
            Err(failed @ Unproved::Failed(_)) => Err(failed),
        }
    }

    /// The finding that the rules, as they are now, close the way.
    fn closed(&self, stage: Stage) -> Option<Finding> {
        let (groups, port) = self.database.as_ref()?;
        let file = self.session.input.security_groups.as_ref();
        self.scene.account.look(|world| closed(world, self.service, groups, *port, file, stage))
    }
}

/// The database's address in the rehearsal's network.
async fn address(session: &Session<'_>, scene: &Scene, server: &Database) -> Result<Ipv4Addr, RehearsalError> {
    let bug =
        |message: String| RehearsalError::Bug { message: format!("cannot tell the database's address: {message}") };
    let inspected = session.engine.docker().inspect_container(server.container_id(), None).await;
    let networks =
        inspected.map_err(|error| bug(said(&error)))?.network_settings.and_then(|settings| settings.networks);
    let ours = networks.unwrap_or_default().remove(&scene.network.name);
    let address = ours.and_then(|network| network.ip_address?.parse().ok());
    address.ok_or_else(|| bug("it is not in the rehearsal's network".to_owned()))
}
