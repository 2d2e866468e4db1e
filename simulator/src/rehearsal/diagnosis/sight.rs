//! What a look into a running container shows, and what follows from it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::sleep;

use super::health_command::{as_written, missing_program, url, ways_to_ask};
use crate::driver::docker::Inside;

/// From one look to the next.
const CADENCE: Duration = Duration::from_millis(300);

/// What a look into a running container shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The addresses on which something listens.
    pub listens: Vec<SocketAddr>,
    /// A health command that succeeds there, as a task definition writes it.
    pub works: Option<String>,
}

impl Sight {
    /// The addresses of loopback on which alone something listens on `port`; none if something else does, or nothing.
    #[must_use]
    pub fn only_on_loopback(&self, port: u16) -> Option<Vec<IpAddr>> {
        let on_port: Vec<IpAddr> = self.listens.iter().filter(|it| it.port() == port).map(SocketAddr::ip).collect();
        (!on_port.is_empty() && on_port.iter().all(IpAddr::is_loopback)).then_some(on_port)
    }

    /// Whether anything listens on `port`.
    #[must_use]
    pub fn is_served(&self, port: u16) -> bool {
        self.listens.iter().any(|it| it.port() == port)
    }
}

/// Looks until something listens on `port`; then also for a health command that succeeds, if `command` calls a program that is missing
/// by `output`, its last words. It ends only when all of that has been seen.
pub async fn look(inside: &Inside<'_>, port: u16, (command, output): (&str, &str)) -> Sight {
    let lines = match (missing_program(output), url(command)) {
        (Some(missing), Some(url)) => {
            let others = ways_to_ask(url).into_iter();
            others.filter(|line| line.split(' ').next() != Some(missing.as_str())).collect()
        }
        (_, _) => Vec::new(),
    };
    loop {
        let listens = inside.listens().await;
        let sight = Sight { listens, works: None };
        if sight.is_served(port) {
            if lines.is_empty() {
                return sight;
            }
            for line in &lines {
                let command = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
                if inside.run(command).await.0 == Some(0) {
                    return Sight { works: Some(as_written(line)), ..sight };
                }
            }
        }
        sleep(CADENCE).await;
    }
}

/// What is wrong with an app that listens on `addresses` of loopback alone, after its name.
#[must_use]
pub fn unreachable_there(addresses: &[IpAddr], port: u16) -> String {
    let shown: Vec<String> = addresses.iter().map(|address| SocketAddr::new(*address, port).to_string()).collect();
    format!("listens on {} only, where the load balancer cannot reach it", shown.join(" and "))
}

/// What to write instead.
#[must_use]
pub fn listen_everywhere(port: u16) -> String {
    format!(
        "listen on 0.0.0.0:{port}: the host that the app binds to is in its command, a variable such as HOST, or its code"
    )
}

#[cfg(test)]
mod tests {
    use super::Sight;

    #[test]
    fn loopback_alone_is_what_nobody_else_reaches() {
        let cases = [
            (&["127.0.0.1:8000"][..], Some(1)),
            (&["127.0.0.1:8000", "[::1]:8000"], Some(2)),
            (&["127.0.0.1:8000", "172.18.0.3:8000"], None),
            (&["0.0.0.0:8000"], None),
            (&["[::]:8000"], None),
            (&["127.0.0.11:41237"], None),
            (&[], None),
        ];
        for (listens, expected) in cases {
            let listens = listens.iter().map(|it| it.parse().expect("an address")).collect();
            let sight = Sight { listens, works: None };
            assert_eq!(sight.only_on_loopback(8000).map(|it| it.len()), expected, "{sight:?}");
        }
    }
}
