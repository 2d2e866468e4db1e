//! S-01, S-02, S-03 and S-05 on Debian 12's OpenSSH and sudo.

use std::fmt::Write;

use super::scene::Scene;
use crate::rehearsal::files::{Compose, Source};
use crate::rehearsal::preflight::tests::{step, workflow};
use crate::rehearsal::preflight::{docker_group, key_file, sudo_environment};

/// Ways to write a key, and whether `ssh-keygen` reads it afterwards where the secret ends without a line break and where it ends with one.
const WAYS: [(&str, [bool; 2]); 11] = [
    ("echo ${{ secrets.KEY }} > ~/.ssh/id_key", [false, false]),
    ("echo $KEY > ~/.ssh/id_key", [false, false]),
    ("printf '%s\\n' $KEY > ~/.ssh/id_key", [false, false]),
    ("printf \"$KEY\" > ~/.ssh/id_key", [false, false]),
    ("printf '%s' \"$KEY\" > ~/.ssh/id_key", [false, true]),
    ("printf -- \"$KEY\" > ~/.ssh/id_key", [false, true]),
    ("echo -n \"$KEY\" > ~/.ssh/id_key", [false, true]),
    ("echo \"$KEY\" > ~/.ssh/id_key", [true, true]),
    ("echo \"${{ secrets.KEY }}\" > ~/.ssh/id_key", [true, true]),
    ("echo '${{ secrets.KEY }}' | tee ~/.ssh/id_key", [true, true]),
    ("printf '%s\\n' \"${{ secrets.KEY }}\" > ~/.ssh/id_key", [true, true]),
];

/// A script that tries each way, and the help where there is some, in a shell of its own.
fn trial_of_ways() -> (String, Vec<String>) {
    let (mut script, mut expected) = (PREPARED.to_owned(), Vec::new());
    for (number, (way, reads)) in WAYS.into_iter().enumerate() {
        let env = "        env: {KEY: \"${{ secrets.KEY }}\"}\n";
        let workflow = workflow(&step(way, false, env));
        let found = key_file::of_job(&workflow, &workflow.jobs[0]);
        assert_eq!(found.is_empty(), reads == [true, true], "{way}");
        let helped = found.iter().map(|finding| (finding.help[0].as_str(), [true, true]));
        for (kind, (line, reads)) in std::iter::once((way, reads)).chain(helped).enumerate() {
            writeln!(script, "attempt {number}.{kind} <<'END'\n{line}\nEND").expect("a text takes it");
            let told =
                |end: &str, reads: bool| format!("{number}.{kind} {end} {}", if reads { "read" } else { "refused" });
            expected.extend([told("bare", reads[0]), told("whole", reads[1])]);
        }
    }
    (script, expected)
}

/// The runner puts a secret's text where the script refers to it, before any shell sees it.
const PREPARED: &str = r#"
mkdir -p ~/.ssh && cd /tmp
ssh-keygen -q -t ed25519 -N '' -f key
attempt() {
  cat > script
  for end in bare whole; do
    python - script key $end > filled <<'P'
import sys
key = open(sys.argv[2]).read()
print(open(sys.argv[1]).read().replace("${{ secrets.KEY }}", key if sys.argv[3] == "whole" else key.rstrip("\n")))
P
    KEY=$(cat key; [ $end = bare ] || echo x); KEY=${KEY%x}
    rm -f ~/.ssh/id_key; umask 077
    KEY="$KEY" bash filled > /dev/null 2>&1
    if ssh-keygen -y -P '' -f ~/.ssh/id_key > /dev/null 2>&1; then echo "$1 $end read"; else echo "$1 $end refused"; fi
  done
}
"#;

#[tokio::test]
async fn ssh_reads_no_key_that_was_mangled() {
    let scene = Scene::new("ssh-key").await;
    let (script, expected) = trial_of_ways();
    let ended = scene.run(&script).await;
    assert_eq!(ended.said.lines().collect::<Vec<_>>(), expected);
    // An agent takes no mangled key either.
    let agent = "eval $(ssh-agent) > /dev/null; KEY=$(cat key)\n\
                 echo $KEY | ssh-add - 2> /dev/null || echo refused\n\
                 printf '%s\\n' \"$KEY\" | ssh-add - 2> /dev/null && echo taken";
    assert_eq!(scene.run(&format!("{PREPARED}{agent}")).await.said, "refused\ntaken\n");
    scene.end().await;
}

#[tokio::test]
async fn ssh_does_not_go_on_with_a_host_that_it_does_not_know() {
    let scene = Scene::new("host-key").await;
    let script = "\
ssh-keygen -A > /dev/null; /usr/sbin/sshd; cd
ssh-keygen -q -t ed25519 -N '' -f key
install -D -o ubuntu -m 600 key.pub /home/ubuntu/.ssh/authorized_keys; chown -R ubuntu /home/ubuntu
until ssh-keyscan localhost > scanned 2> /dev/null && [ -s scanned ]; do :; done
ssh -i key ubuntu@localhost echo in 2>&1 < /dev/null | tail -1
mkdir -p ~/.ssh && cat scanned >> ~/.ssh/known_hosts
ssh -i key ubuntu@localhost echo in < /dev/null";
    let ended = scene.run(script).await;
    let said: Vec<&str> = ended.said.lines().map(str::trim_end).collect();
    assert_eq!(said, ["Host key verification failed.", "in"]);
    scene.end().await;
}

#[tokio::test]
async fn sudo_and_groups_are_as_the_rules_say() {
    let scene = Scene::new("sudo").await;
    let source =
        Source { name: "compose.yaml".to_owned(), text: "services: {app: {image: \"app:${TAG}\"}}\n".to_owned() };
    let compose = Compose::parse(source).expect("it is right");
    let mut script = "cd /tmp\n".to_owned();
    for (line, arrives) in [
        ("sudo docker compose up", false),
        ("TAG=2 sudo docker compose up", false),
        ("sudo -u root docker compose up", false),
        ("sudo --preserve-env=OTHER docker compose up", false),
        ("sudo -E docker compose up", true),
        ("sudo --preserve-env docker compose up", true),
        ("sudo TAG=$TAG docker compose up", true),
        ("sudo env TAG=$TAG docker compose up", true),
    ] {
        let export = format!("export TAG=1\n{line}");
        let found = sudo_environment::of_workflow(&workflow(&step(&export, true, "")), Some(&compose));
        assert_eq!(found.is_empty(), arrives, "{line}");
        for line in std::iter::once(line).chain(found.iter().map(|finding| finding.help[0].as_str())) {
            writeln!(script, "su ubuntu -c 'export TAG=1; {line}'").expect("a text takes it");
        }
        writeln!(script, "echo {arrives}").expect("a text takes it");
    }
    let said = scene.run(&script).await.said;
    let mut lines = said.lines();
    while let Some(first) = lines.next() {
        assert!(first.starts_with("docker compose up TAG="), "{said}");
        let next = lines.next().expect("each line is followed by what is expected of it");
        if next == "true" {
            assert!(first.contains("TAG=1"), "{said}");
        } else {
            // The line itself, and then the one that the help has.
            assert!(first.contains("TAG= ") && !next.contains("TAG= "), "{said}");
            assert_eq!(lines.next(), Some("false"), "{said}");
        }
    }

    let joins = "sudo usermod -aG docker ubuntu\ndocker ps";
    let joining = workflow(&step(joins, true, ""));
    let finding = docker_group::of_step(&joining, &joining.jobs[0].steps[0]).expect("it is found");
    let session = format!("su - ubuntu -c \"{joins}; {}\"; su - ubuntu -c 'docker ps'", finding.help[0]);
    let said = scene.run(&session).await.said;
    let groups: Vec<&str> =
        said.lines().filter_map(|line| line.split_once("groups=")).map(|(_, groups)| groups).collect();
    let is_in = |groups: &&str| groups.split(' ').any(|group| group == "docker");
    assert_eq!(groups.iter().map(is_in).collect::<Vec<_>>(), [false, true, true], "{said}");
    scene.end().await;
}
