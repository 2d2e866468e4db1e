//! What stands in the way of a deletion is named, and images are not deleted unasked.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::Project;
use super::account::{Boto, Served};

#[test]
fn what_holds_a_security_group_is_named_and_the_deletion_goes_on_once_it_is_gone() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    person.apply().ends(0);
    // Somebody has put a load balancer of their own into the project's group.
    let named = json!({"Filters": [{"Name": "group-name", "Values": ["news-api-host"]}]});
    let group = boto.call(&person, "ec2", "describe_security_groups", named)["SecurityGroups"][0]["GroupId"].clone();
    let subnets = boto.call(&person, "ec2", "describe_subnets", json!({}));
    let subnets: Vec<&Value> =
        subnets["Subnets"].as_array().expect("a list").iter().map(|it| &it["SubnetId"]).collect();
    let other = json!({"Name": "other", "Subnets": subnets, "SecurityGroups": [group]});
    let other = boto.call(&person, "elbv2", "create_load_balancer", other);
    let arn = other["LoadBalancers"][0]["LoadBalancerArn"].clone();

    let mut command = person.command(&["destroy", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("greenroom can be run");
    let mut said = BufReader::new(child.stderr.take().expect("it was asked for")).lines().map_while(Result::ok);
    let waits = "… delete security group `news-api-host`: waiting for the security group to be free";
    let line = said.find(|line| line.contains(waits)).expect("it waits for the other load balancer");
    assert!(line.contains("network interface `eni-") && line.contains("(ELB app/other/"), "{line}");
    boto.call(&person, "elbv2", "delete_load_balancer", json!({"LoadBalancerArn": arn}));
    assert!(said.any(|line| line.contains("✓ delete security group `news-api-host`")), "it goes on");
    drop(said);
    assert_eq!(child.wait().expect("the child is ours").code(), Some(0));
    person.run(&["destroy", "--yes"]).ends(0);
}

#[test]
fn a_repository_is_deleted_with_its_images_only_when_that_is_asked_for() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    person.apply().ends(0);
    push(&mut boto, &person);
    let before = boto.dump(&person);
    let refused = person.run(&["destroy", "--yes"]).ends(3);
    let said = "in the way: repository `news-api` cannot be deleted: ";
    assert!(refused.stdout.contains(said) && refused.stdout.contains("--empty-repositories"), "{}", refused.stdout);
    super::account::assert_alike(&boto.dump(&person), &before, "refused");
    let destroyed = person.run(&["destroy", "--yes", "--empty-repositories"]).ends(0);
    assert!(destroyed.stdout.contains("destroys "), "{}", destroyed.stdout);
    assert_eq!(boto.call(&person, "ecr", "describe_repositories", json!({}))["repositories"], json!([]));
}

/// Puts an image without layers into the project's repository.
fn push(boto: &mut Boto, person: &super::Person) {
    const CONFIG: &str = "{}";
    let upload = boto.call(person, "ecr", "initiate_layer_upload", json!({"repositoryName": "news-api"}));
    let part = json!({
        "repositoryName": "news-api", "uploadId": upload["uploadId"], "partFirstByte": 0, "partLastByte": 1,
        "layerPartBlob": CONFIG,
    });
    boto.call(person, "ecr", "upload_layer_part", part);
    let digest = format!("sha256:{}", hex(CONFIG));
    let complete = json!({"repositoryName": "news-api", "uploadId": upload["uploadId"], "layerDigests": [digest]});
    boto.call(person, "ecr", "complete_layer_upload", complete);
    let config = json!({"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": digest});
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": config, "layers": [],
    });
    let image = json!({"repositoryName": "news-api", "imageManifest": manifest.to_string(), "imageTag": "v1"});
    boto.call(person, "ecr", "put_image", image);
}

fn hex(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
