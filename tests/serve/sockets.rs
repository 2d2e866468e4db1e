//! What listens, and for whom.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::execute_command::running_task;
use super::{Served, told};

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// The addresses in hexadecimal, as the kernel writes them, at which process `pid` listens in its own network.
fn listening(pid: u32) -> Vec<String> {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
    let inodes: BTreeSet<String> = open
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = Vec::new();
    for (table, state) in [("tcp", LISTENING), ("tcp6", LISTENING), ("udp", "07"), ("udp6", "07")] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).expect("it runs");
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == state && inodes.contains(fields[9]) {
                found.push(fields[1].to_owned());
            }
        }
    }
    found
}

fn is_loopback(address: &str) -> bool {
    let ip = u32::from_str_radix(address.split(':').next().unwrap_or_default(), 16);
    // The kernel writes an IPv4 address as a number of the machine's own byte order; an IPv6 address is longer.
    address.len() == "0100007F:0000".len() && ip.is_ok_and(|ip| Ipv4Addr::from(ip.to_ne_bytes()).is_loopback())
}

/// With a task that has an agent, and a load balancer's listener.
#[test]
fn nothing_listens_beyond_loopback() {
    let served = Served::start(&[]);
    running_task(&served);
    let subnets = served.aws(&["ec2", "describe-subnets", "--query", "Subnets[:2].SubnetId"]);
    let subnet = |place: usize| subnets[place].as_str().expect("there are default subnets").to_owned();
    let vpc = served.aws(&["ec2", "describe-vpcs", "--query", "Vpcs[0].VpcId"]);
    let create = ["elbv2", "create-load-balancer", "--name", "web", "--subnets", &subnet(0), &subnet(1)];
    let balancer = served.aws(&create)["LoadBalancers"][0]["LoadBalancerArn"].as_str().expect("an ARN").to_owned();
    let vpc = vpc.as_str().expect("there is a default VPC");
    let create =
        ["elbv2", "create-target-group", "--name", "web", "--protocol", "HTTP", "--port", "80", "--target-type", "ip"];
    let group = served.aws(&[create.as_slice(), &["--vpc-id", vpc]].concat());
    let group = group["TargetGroups"][0]["TargetGroupArn"].as_str().expect("an ARN").to_owned();
    let forward = format!("Type=forward,TargetGroupArn={group}");
    let create = ["elbv2", "create-listener", "--load-balancer-arn", &balancer, "--protocol", "HTTP", "--port", "80"];
    served.aws(&[create.as_slice(), &["--default-actions", &forward]].concat());

    let began = std::time::Instant::now();
    // The endpoint, and the listener once it is there.
    let addresses = loop {
        let addresses = listening(served.process.id());
        if addresses.len() >= 2 {
            break addresses;
        }
        assert!(began.elapsed().as_secs() < 30, "{addresses:?}");
        std::thread::yield_now();
    };
    assert!(addresses.iter().all(|address| is_loopback(address)), "{addresses:?}");
    let owner = format!("label=greenroom.owner={}@{}", served.process.id(), super::containers::boot());
    let published = Command::new("docker").args(["ps", "--filter", &owner, "--format", "{{.Ports}}"]).output();
    let published = told(&published.expect("the Docker client can be run"));
    assert!(!published.contains("0.0.0.0") && !published.contains(":::"), "{published}");

    credentials_are_not_for_this_machine(&served);
}

/// The address of a task's agent is in the task's network alone. Whoever answers there from here is not ours.
fn credentials_are_not_for_this_machine(served: &Served) {
    let port: u16 = served.said("registry").rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    for port in [80, port] {
        let agent = SocketAddr::from(([169, 254, 170, 2], port));
        let Ok(mut connection) = TcpStream::connect_timeout(&agent, Duration::from_secs(1)) else { continue };
        connection.set_read_timeout(Some(Duration::from_secs(1))).expect("a time-out can be set");
        let asked = connection.write_all(b"GET /v4/x HTTP/1.1\r\nHost: 169.254.170.2\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        drop(asked.and_then(|()| connection.read_to_string(&mut answer)));
        assert!(!answer.contains("404 page not found") && !answer.contains("MissingAuthenticationToken"), "{answer}");
    }
}

#[test]
fn who_asks_for_it_is_served_beyond_loopback() {
    let served = Served::start(&["--engine", "virtual", "--listen", "0.0.0.0:0"]);
    let addresses = listening(served.process.id());
    assert!(addresses.len() == 1 && addresses[0].starts_with("00000000:"), "{addresses:?}");
    assert!(served.said("endpoint").starts_with("http://127.0.0.1:"), "{}", served.ready);
}
