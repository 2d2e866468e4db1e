//! A second opinion: moto's server, somebody else's idea of an AWS account, which shares no line with greenroom's.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::account::{Boto, assert_alike};
use super::{Person, Project};
use crate::serve::fixture;

/// What moto 5.2.5 does otherwise than AWS, as far as greenroom notices: the plan's lines after an apply, each with the reason.
const JUDGED: [(&str, &str); 8] = [
    ("create service-linked role `AWSServiceRoleForECS`", "moto calls it `AWSServiceRoleForecs`"),
    (
        "create service-linked role `AWSServiceRoleForElasticLoadBalancing`",
        "moto calls it `AWSServiceRoleForelasticloadbalancing`",
    ),
    (
        "create service-linked role `AWSServiceRoleForApplicationAutoScaling_ECSService`",
        "moto gives it a name of its own making",
    ),
    ("capacity: wanted a strategy, found a launch type", "moto keeps no strategy of services"),
    ("minimum healthy percent: wanted 100, found none", "moto keeps no deployment configuration of services"),
    ("maximum percent: wanted 200, found none", "moto keeps no deployment configuration of services"),
    ("grace period: wanted 5 s, found 0 s", "moto keeps no grace period of services"),
    ("circuit breaker with rollback: wanted on, found off", "moto keeps no deployment configuration of services"),
];

/// A server of moto's; it is killed when this is dropped.
struct Moto {
    process: Child,
    endpoint: String,
}

impl Moto {
    /// Starts on any free port, and waits until it listens.
    fn start() -> Self {
        let installed = Command::new(fixture("moto/ensure")).output().expect("the script can be run");
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let programs = String::from_utf8(installed.stdout).expect("paths here are UTF-8");
        let mut command = Command::new(format!("{}/moto_server", programs.trim()));
        let mut process = command
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto is installed");
        let mut lines = BufReader::new(process.stderr.take().expect("its stderr was asked for")).lines();
        let endpoint = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("Running on ")?;
            address.split_whitespace().next().map(str::to_owned)
        });
        // It says every request there; nobody reads them, and they must go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, endpoint: endpoint.expect("moto says where it listens") }
    }

    fn person(&self, project: &Project) -> Person {
        Person {
            config: project.config(),
            endpoint: self.endpoint.clone(),
            access_key_id: "anybody".to_owned(),
            secret_access_key: "anything".to_owned(),
            session_token: None,
            place: project.place("person"),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Leads the default VPC to the internet, as AWS's own does and moto's does not.
fn connect(boto: &mut Boto, person: &Person) {
    let made = boto.call(person, "ec2", "create_internet_gateway", json!({}));
    let gateway = &made["InternetGateway"]["InternetGatewayId"];
    let vpcs = boto.call(person, "ec2", "describe_vpcs", json!({}));
    let vpc = &vpcs["Vpcs"][0]["VpcId"];
    boto.call(person, "ec2", "attach_internet_gateway", json!({"InternetGatewayId": gateway, "VpcId": vpc}));
    let tables = boto.call(person, "ec2", "describe_route_tables", json!({}));
    let table = &tables["RouteTables"][0]["RouteTableId"];
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway});
    boto.call(person, "ec2", "create_route", route);
}

/// What stays on moto: roles that are AWS's, and clusters that are deleted and still listed, as `INACTIVE`.
fn without_what_stays(mut dump: Value) -> Value {
    dump.as_object_mut().expect("a dump").retain(|key, value| {
        !key.starts_with("role AWSServiceRole") && value.pointer("/1/0/status") != Some(&Value::from("INACTIVE"))
    });
    dump
}

#[test]
fn moto_agrees_that_an_account_is_made_ready_and_taken_back_object_for_object() {
    let (project, moto, mut boto) = (Project::check_out(), Moto::start(), Boto::start());
    let person = moto.person(&project);
    connect(&mut boto, &person);
    let before = boto.dump(&person);
    person.run(&["plan"]).ends(2);
    assert_alike(&boto.dump(&person), &before, "a plan changes nothing");
    person.apply().ends(0);
    let ready = boto.dump(&person);
    for made in ["user news-api-deploy", "role news-api-execution", "role news-api-task", "repository news-api"] {
        assert!(ready.get(made).is_some(), "no {made} in {ready:#}");
    }

    let again = person.run(&["plan"]).ends(2).stdout;
    let unexplained = again.lines().filter(|line| !JUDGED.iter().any(|(part, _)| line.contains(part)));
    assert_eq!(unexplained.collect::<Vec<_>>(), Vec::<&str>::new(), "planned again");
    for (part, reason) in JUDGED {
        assert!(again.contains(part), "moto has changed, and `{reason}` is to be struck off:\n{again}");
    }

    person.run(&["destroy", "--yes"]).ends(0);
    let left = boto.dump(&person);
    assert_alike(&without_what_stays(left), &before, "destroyed");
    person.run(&["destroy", "--yes"]).ends(0);
}
