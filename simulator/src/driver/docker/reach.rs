//! How this process reaches what listens in a task: by the task's address, or, where something between them keeps it from that (a
//! firewall, an engine in a virtual machine), by ports that the engine publishes on loopback.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bollard::models::{PortBinding, PortMap};
use simulator_core::effect::Target;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::Shared;
use super::spare::Spare;

/// A container's network on the same machine answers in well under a millisecond.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// A port on which nothing listens: it is reserved, and the container that holds a network open listens on none.
const CLOSED: u16 = 1;

/// How tasks are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// By their addresses.
    Address,
    /// By ports of loopback.
    PublishedPorts,
}

/// Where the ports of tasks are published.
#[derive(Debug, Default)]
pub(super) struct Doors {
    reach: OnceCell<Reach>,
    published: Mutex<HashMap<Target, SocketAddr>>,
}

impl Doors {
    /// Tasks are reached so, whatever trying would show.
    #[cfg(test)]
    pub(super) fn settle(&self, reach: Reach) {
        self.reach.set(reach).expect("nothing has been tried yet");
    }

    /// From now on what listens on `ports` of `address` is reached where the engine says.
    pub(super) fn open(&self, address: IpAddr, ports: PortMap) {
        let found = ports.into_iter().filter_map(|(port, bindings)| {
            let port = port.strip_suffix("/tcp")?.parse().ok()?;
            let published = bindings?.into_iter().find_map(|binding| binding.host_port?.parse().ok())?;
            Some((Target { address, port }, SocketAddr::from((Ipv4Addr::LOCALHOST, published))))
        });
        self.doors().extend(found);
    }

    /// Nothing listens at `address` any more.
    pub(super) fn close(&self, address: IpAddr) {
        self.doors().retain(|target, _| target.address != address);
    }

    /// Where `target` is reached.
    pub(super) fn of(&self, target: &Target) -> Target {
        match self.doors().get(target) {
            Some(door) => Target { address: door.ip(), port: door.port() },
            None => target.clone(),
        }
    }

    fn doors(&self) -> MutexGuard<'_, HashMap<Target, SocketAddr>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// How tasks are reached, which is tried once. The network that it is tried on is a task's later.
    pub(super) async fn reach(&self) -> Reach {
        let attempt = async {
            let name = format!("greenroom-{}-reach", self.rehearsal.id());
            match self.make_network(&name, self.rehearsal.labels(), &[]).await {
                Ok(spare) if answers(spare.address).await => {
                    self.spares.add(spare);
                    Reach::Address
                }
                Ok(Spare { pause, address, .. }) => {
                    tracing::info!(%address, "containers are reached by published ports: their addresses do not answer");
                    self.remove(&pause).await;
                    Reach::PublishedPorts
                }
                // Then no task gets a network either, and says why.
                Err(_) => Reach::Address,
            }
        };
        *self.doors.reach.get_or_init(|| attempt).await
    }
}

/// Any free port of loopback for each of `ports`.
pub(super) fn anywhere_on_loopback(ports: &[u16]) -> PortMap {
    let binding = PortBinding { host_ip: Some(Ipv4Addr::LOCALHOST.to_string()), host_port: Some(String::new()) };
    ports.iter().map(|port| (format!("{port}/tcp"), Some(vec![binding.clone()]))).collect()
}

/// Whether anything is at `address`: that nothing listens is an answer, too.
async fn answers(address: IpAddr) -> bool {
    match timeout(ANSWERS_WITHIN, TcpStream::connect((address, CLOSED))).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => error.kind() == ErrorKind::ConnectionRefused,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_closed_port_is_an_answer_and_any_other_error_is_none() {
        assert!(answers(IpAddr::V4(Ipv4Addr::LOCALHOST)).await);
        assert!(!answers(IpAddr::V4(Ipv4Addr::BROADCAST)).await);
    }
}
