//! Where AWS itself is asked: under the names that the partition's hosts have, and under those of FIPS where that is chosen.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use super::{Person, Project};

/// A Region, what the environment or the profile says besides, and the host that is asked first, which is that of STS (botocore sts,
/// endpoint rule set).
const HOSTS: [(&str, &str, &str, &str); 7] = [
    ("us-east-1", "", "", "sts.us-east-1.amazonaws.com"),
    ("us-east-1", "true", "", "sts-fips.us-east-1.amazonaws.com"),
    ("us-east-1", "", "use_fips_endpoint = true", "sts-fips.us-east-1.amazonaws.com"),
    ("us-east-1", "false", "use_fips_endpoint = true", "sts.us-east-1.amazonaws.com"),
    ("us-gov-west-1", "true", "", "sts.us-gov-west-1.amazonaws.com"),
    ("cn-north-1", "", "", "sts.cn-north-1.amazonaws.com.cn"),
    ("cn-northwest-1", "true", "", "sts-fips.cn-northwest-1.amazonaws.com.cn"),
];

#[test]
fn the_hosts_of_the_partition_are_asked_and_those_of_fips_where_they_are_chosen() {
    let project = Project::check_out();
    let person = Person::nobody(&project);
    let proxy = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = proxy.local_addr().expect("it is bound");
    for (region, variable, profile, host) in HOSTS {
        let file = person.place.join("config");
        std::fs::write(&file, format!("[default]\n{profile}\n")).expect("there is room");
        let mut command = person.command(&["plan", "--region", region]);
        command.env_remove("AWS_ENDPOINT_URL").env_remove("NO_PROXY").env_remove("AWS_USE_FIPS_ENDPOINT");
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("HTTPS_PROXY", format!("http://{address}")).env("AWS_CONFIG_FILE", &file);
        if !variable.is_empty() {
            command.env("AWS_USE_FIPS_ENDPOINT", variable);
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("greenroom can be run");
        // Whoever makes a call asks the proxy for a way to its host.
        let (stream, _) = proxy.accept().expect("the proxy is asked");
        let asked = BufReader::new(stream).lines().next().and_then(Result::ok);
        child.kill().expect("the child is ours");
        child.wait().expect("the child is ours");
        let expected = format!("CONNECT {host}:443 HTTP/1.1");
        assert_eq!(asked.as_deref(), Some(expected.as_str()), "{region}, `{variable}`, `{profile}`");
    }
}
