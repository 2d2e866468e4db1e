//! Security groups between containers: who reaches whom, and what an app sees where it does not.

use simulator_core::ec2::{
    AuthorizeSecurityGroup, CreateSecurityGroup, Egress, GroupPeer, GroupRef, Ingress, IpPermission, RangePeer,
    RevokeSecurityGroup,
};

use super::agent::Deployed;
use super::*;

/// A program that tries to connect, and says how it went.
fn tries(address: IpAddr, port: u16) -> String {
    format!(
        "import socket\n\
         try:\n\
         \x20   socket.create_connection(('{address}', {port}), timeout=2).close()\n\
         \x20   print('open')\n\
         except TimeoutError: print('timed out')\n\
         except ConnectionRefusedError: print('refused')"
    )
}

/// A program that tries to connect again and again, and says how it goes whenever that changes.
fn keeps_trying(address: IpAddr, port: u16) -> String {
    format!(
        "import socket, time\n\
         before = None\n\
         while True:\n\
         \x20   try:\n\
         \x20       socket.create_connection(('{address}', {port}), timeout=0.5).close()\n\
         \x20       now = 'open'\n\
         \x20   except TimeoutError: now = 'timed out'\n\
         \x20   if now != before: print(now)\n\
         \x20   before = now\n\
         \x20   time.sleep(0.1)"
    )
}

fn group(deployed: &Deployed, name: &str) -> String {
    let create = CreateSecurityGroup {
        name: name.to_owned(),
        description: "for a test".to_owned(),
        vpc: None,
        tags: BTreeMap::new(),
    };
    deployed.must(create).id
}

fn tcp(port: i64, peer: &str) -> IpPermission {
    let is_group = peer.starts_with("sg-");
    let groups = is_group.then(|| GroupPeer { id: Some(peer.to_owned()), ..GroupPeer::default() });
    let ranges = (!is_group).then(|| RangePeer { cidr: peer.to_owned(), description: None });
    IpPermission {
        protocol: "tcp".to_owned(),
        from_port: Some(port),
        to_port: Some(port),
        groups: groups.into_iter().collect(),
        ranges: ranges.into_iter().collect(),
    }
}

/// A task that listens on port 8000 in the group `database`, and tasks in the group `service` that may want to reach it.
struct Ends {
    deployed: Deployed,
    service: String,
    database: String,
    address: IpAddr,
}

impl Ends {
    async fn new(name: &str) -> Self {
        let deployed = Deployed::new(name).await;
        let (service, database) = (group(&deployed, "service"), group(&deployed, "database"));
        let server = deployed.begin(&serves("rows"), false, std::slice::from_ref(&database));
        let running = deployed.account.until(|world| {
            let task = world.ecs().task(&server).expect("it was launched");
            let ready = task.last_status == simulator_core::ecs::TaskStatus::Running;
            task.address.filter(|_| ready)
        });
        let address = timeout(LONG, running).await.expect("it runs");
        Self { deployed, service, database, address }
    }

    /// Lets `peer` reach port 8000.
    fn allow(&self, peer: &str) {
        let group = GroupRef::Id(self.database.clone());
        self.deployed.must(AuthorizeSecurityGroup::<Ingress>::new(group, vec![tcp(8000, peer)], BTreeMap::new()));
    }

    fn revoke(&self, peer: &str) {
        let group = GroupRef::Id(self.database.clone());
        self.deployed.must(RevokeSecurityGroup::<Ingress>::new(group, vec![tcp(8000, peer)], Vec::new()));
    }

    /// What becomes of a connection of a new task in `groups` to `port`.
    async fn tried(&self, port: u16, groups: &[&String]) -> String {
        let groups: Vec<String> = groups.iter().map(|group| (*group).clone()).collect();
        let task = self.deployed.begin(&tries(self.address, port), false, &groups);
        self.deployed.end_of(&task).await.join(" ")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_reach_one_another_as_their_groups_allow() {
    let ends = Ends::new("reach").await;
    let Ends { deployed, service, .. } = &ends;
    assert_eq!(ends.tried(8000, &[service]).await, "timed out", "nothing lets it in");
    ends.allow(service);
    assert_eq!(ends.tried(8000, &[service]).await, "open");
    assert_eq!(ends.tried(8001, &[service]).await, "timed out", "the other ports are as closed as before");
    assert_eq!(ends.tried(8000, &[]).await, "timed out", "others are in the VPC's own group");
    // A rule about where it lies in the VPC is as good, though the engine has other addresses.
    ends.revoke(service);
    ends.allow("172.31.0.0/16");
    assert_eq!(ends.tried(8000, &[service]).await, "open");
    // What may not leave does not arrive.
    let everywhere = IpPermission { protocol: "-1".to_owned(), ..tcp(0, "0.0.0.0/0") };
    let out = GroupRef::Id(service.clone());
    deployed.must(RevokeSecurityGroup::<Egress>::new(out, vec![everywhere], Vec::new()));
    assert_eq!(ends.tried(8000, &[service]).await, "timed out");
    ends.deployed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_task_meets_rules_as_they_change() {
    let ends = Ends::new("rules").await;
    let Ends { deployed, service, database, address } = &ends;
    let IpAddr::V4(resident) = *address else { panic!("{address}") };
    let groups = vec![database.clone()];
    deployed.wall.admit(Resident { address: resident, groups });
    let task = deployed.begin(&keeps_trying(*address, 8000), false, std::slice::from_ref(service));
    deployed.says(&task, "timed out").await;
    // What was dropped is told, and whose it was.
    assert_eq!(timeout(LONG, deployed.wall.turned_away(resident)).await, Ok(task));
    ends.allow(service);
    deployed.says(&task, "open").await;
    ends.revoke(service);
    deployed.says(&task, "timed out").await;
    ends.deployed.end().await;
}
