//! Where a rollout takes place: an account with AWS's own delays, a service behind a load balancer, and a Docker engine.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::{RemoveImageOptions, TagImageOptionsBuilder};
use futures_util::FutureExt;
use serde_json::{Value, json};
use simulator::Account;
use simulator::account::now;
use simulator::driver::docker::{DockerDriver, Registry};
use simulator::driver::drive;
use simulator::engine::{Engine, Rehearsal, RehearsalId};
use simulator::prediction::{
    Deploy, Measured, Prediction, Sighted, Sightings, ending, is_steady, measure, outcome, predict,
};
use simulator::service;
use simulator_core::ec2::{DescribeSubnets, DescribeVpcs};
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{CircuitBreaker, DeploymentConfiguration, LoadBalancer, ThresholdKind};
use simulator_core::ecs::{CreateCluster, CreateService, LaunchType, Network};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheck, ModifyTargetGroupAttributes, Reach,
};
use simulator_core::virtual_time::Behaviour;
use simulator_core::{Event, Operation, Region, Setup, Timing, World};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::cases::{Case, secs};
use crate::program;

/// The image that every container runs.
const IMAGE: &str = "python:3.11-slim";

/// Nobody listens there: it is the port of the discard service.
const NO_REGISTRY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// What everything is called.
const NAME: &str = "news";

/// No rollout here takes as long.
const LONG: Duration = Duration::from_secs(600);

/// One account and what makes its wishes real.
pub(crate) struct Scene {
    account: Arc<Account>,
    deploy: Deploy,
}

impl Scene {
    /// Rolls `case` out on Docker, and then in virtual time from what was measured: what was predicted, and what was seen.
    pub(crate) async fn play(case: &Case, images: &Images) -> (Prediction, Prediction) {
        let engine = Engine::connect().await.expect("these rollouts need a Docker engine");
        engine.sweep_leftovers().await.expect("the engine answers");
        let random = RehearsalId::random().expect("random numbers");
        let rehearsal = Rehearsal::new(&format!("truth-{random}")).expect("/proc");
        let played = AssertUnwindSafe(Self::play_on(&engine, &rehearsal, case, images)).catch_unwind().await;
        engine.sweep(rehearsal.id()).await.expect("everything can be removed");
        played.unwrap_or_else(|panic| resume_unwind(panic))
    }

    async fn play_on(engine: &Engine, rehearsal: &Rehearsal, case: &Case, images: &Images) -> (Prediction, Prediction) {
        let network = engine.open_network(rehearsal, NO_REGISTRY).await.expect("the engine makes the network");
        let registry = Registry { host: "none.invalid".to_owned(), address: NO_REGISTRY };
        let driver = DockerDriver::new(engine.clone(), rehearsal.clone(), network, registry, Arc::default()).await;
        let sightings = Arc::new(Sightings::default());
        let driver = Sighted::new(driver.expect("a driver"), Arc::clone(&sightings));
        let deploy = Deploy {
            cluster: NAME.to_owned(),
            service: NAME.to_owned(),
            container: "app".to_owned(),
            desired: case.desired,
            now: definition(&images.now, &case.now),
            next: definition(&images.next, &case.next),
        };
        let account = "123456789012".parse().expect("twelve digits");
        let setup = Setup { account, region: Region::new("eu-central-1"), seed: 7, timing: Timing::aws(), now: now() };
        let account = Arc::new(Account::new(World::new(setup)));
        let scene = Self { account, deploy };
        let driving = AbortOnDropHandle::new(tokio::spawn(drive(Arc::clone(&scene.account), Arc::new(driver))));
        scene.set_up(case).await;
        let as_set_up = scene.account.look(|world| world.branch(11, Timing::aws()));
        let (_, baseline) = scene.deploy(&scene.deploy.now).await;
        assert!(baseline, "{}: the release before does not come up", case.name);
        let (seen, _) = scene.deploy(&scene.deploy.next).await;
        let measured = scene.account.look(|world| measure(world, &sightings));
        driving.abort();
        // What is under way is given up before everything is removed.
        let _ = driving.await;
        let predicted = predict(as_set_up, Measured::script(&measured), &scene.deploy);
        match predicted {
            Ok((predicted, _)) => (predicted, seen),
            Err(error) => panic!("{}: {error}; measured: {measured:#?}", case.name),
        }
    }

    /// Makes a cluster with a service of no tasks behind a load balancer.
    async fn set_up(&self, case: &Case) {
        self.must(CreateCluster { name: Some(NAME.to_owned()), ..CreateCluster::default() });
        let vpc = self.must(DescribeVpcs::default()).items.into_iter().next().expect("there is a default VPC").id;
        let subnets: Vec<String> =
            self.must(DescribeSubnets::default()).items.into_iter().map(|subnet| subnet.id).collect();
        let health_check = HealthCheck {
            interval: secs(5),
            timeout: secs(4),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            ..HealthCheck::default()
        };
        let (port, target_type) = (8000, TargetType::Ip);
        let (name, tags) = (NAME.to_owned(), BTreeMap::new());
        let group = self.must(CreateTargetGroup { name, port, vpc, target_type, health_check, tags }).arn;
        self.must(ModifyTargetGroupAttributes {
            target_group: group.to_string(),
            attributes: vec![("deregistration_delay.timeout_seconds".to_owned(), case.drains.as_secs().to_string())],
        });
        let (name, tags) = (NAME.to_owned(), BTreeMap::new());
        let balancer = self.must(CreateLoadBalancer {
            name,
            subnets: subnets.clone(),
            security_groups: Vec::new(),
            scheme: None,
            tags,
        });
        self.must(CreateListener {
            load_balancer: balancer.arn.to_string(),
            port: 80,
            forward: vec![(group.to_string(), 1)],
            tags: BTreeMap::new(),
        });
        let listening = |world: &World| {
            world.elb().listeners().any(|listener| matches!(listener.reach, Reach::At(_))).then_some(())
        };
        timeout(LONG, self.account.until(listening)).await.expect("a port of loopback is free");
        self.ecs("RegisterTaskDefinition", &self.deploy.now);
        let threshold = (ThresholdKind::Count, case.too_many);
        let circuit_breaker = CircuitBreaker { enable: true, rollback: true, threshold, ..CircuitBreaker::default() };
        self.must(CreateService {
            cluster: Some(NAME.to_owned()),
            name: NAME.to_owned(),
            task_definition: NAME.to_owned(),
            desired: 0,
            launch_type: Some(LaunchType::Fargate),
            load_balancers: vec![LoadBalancer {
                target_group: group,
                container: "app".to_owned(),
                port: 8000,
                advanced: None,
            }],
            network: Some(Network { subnets, public_ip: true, ..Network::default() }),
            configuration: DeploymentConfiguration { circuit_breaker, ..DeploymentConfiguration::default() },
            grace: Some(case.grace),
            ..CreateService::default()
        });
    }

    /// Deploys `definition` and waits until all is over: what came of it, and whether it was completed.
    async fn deploy(&self, definition: &Value) -> (Prediction, bool) {
        let registered = self.ecs("RegisterTaskDefinition", definition);
        let (seen, began) = self.account.look(|world| (world.events().len(), now()));
        let Deploy { cluster, service, desired, .. } = &self.deploy;
        let revision = registered.pointer("/taskDefinition/taskDefinitionArn");
        let input =
            json!({"cluster": cluster, "service": service, "taskDefinition": revision, "desiredCount": desired});
        let updated = self.ecs("UpdateService", &input);
        let id = updated.pointer("/service/deployments/0/id").and_then(Value::as_str).expect("a deployment").to_owned();
        let over = |world: &World| {
            let events: &[Event] = world.events().get(seen..).unwrap_or_default();
            let completed = ending(events, &id).map(|(_, completed, _)| completed)?;
            is_steady(events, service).then(|| (outcome(world, seen, began, &id, &self.deploy), completed))
        };
        match timeout(LONG, self.account.until(over)).await {
            Ok(over) => over,
            Err(_) => panic!("not over: {:#?}", self.account.events_after(seen)),
        }
    }

    fn must<O: Operation>(&self, operation: O) -> O::Output {
        let root = self.account.look(World::root);
        self.account.call(&root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
    }

    /// A call by its name on the wire.
    fn ecs(&self, name: &str, input: &Value) -> Value {
        let operations = service::ecs::service().operations;
        let row = operations.iter().find(|row| row.name == name).expect("ECS has it");
        let root = self.account.look(World::root);
        let answer = self.account.stir(|world, now| row.handle(world, now, &root, input.clone()).map(Value::from));
        answer.unwrap_or_else(|refusal| panic!("{name} was refused: {refusal}"))
    }
}

/// Two names for the image that all containers run: what was measured of the two releases is told apart by them.
pub(crate) struct Images {
    engine: Engine,
    now: String,
    next: String,
}

impl Images {
    /// Names that nobody else has.
    pub(crate) async fn name() -> Self {
        let engine = Engine::connect().await.expect("these rollouts need a Docker engine");
        let repository = format!("greenroom-truth-{}", RehearsalId::random().expect("random numbers"));
        for tag in ["now", "next"] {
            let options = TagImageOptionsBuilder::default().repo(&repository).tag(tag).build();
            engine.docker().tag_image(IMAGE, Some(options)).await.expect("the image is there");
        }
        Self { engine, now: format!("{repository}:now"), next: format!("{repository}:next") }
    }

    /// Takes the names away again.
    pub(crate) async fn forget(self) {
        for name in [self.now, self.next] {
            let removed = self.engine.docker().remove_image(&name, None::<RemoveImageOptions>, None).await;
            removed.expect("nobody uses it any more");
        }
    }
}

/// The input of RegisterTaskDefinition for containers that behave so.
fn definition(image: &str, containers: &[(ContainerDefinition, Behaviour)]) -> Value {
    let containers: Vec<Value> = containers
        .iter()
        .map(|(definition, behaviour)| container(image, &program::of(behaviour, definition.clone())))
        .collect();
    json!({
        "family": NAME,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "2048",
        "containerDefinitions": containers,
    })
}

fn container(image: &str, definition: &ContainerDefinition) -> Value {
    let mut container = json!({
        "name": definition.name,
        "image": image,
        "versionConsistency": "disabled",
        "command": definition.command,
        "portMappings": definition.port_mappings.iter().map(|port| json!({"containerPort": port.container_port})).collect::<Vec<_>>(),
        "dependsOn": definition.depends_on.iter().map(|it| json!({"containerName": it.container, "condition": it.condition.as_str()})).collect::<Vec<_>>(),
    });
    if let Some(timeout) = definition.stop_timeout {
        container["stopTimeout"] = json!(timeout.as_secs());
    }
    if let Some(check) = &definition.health_check {
        container["healthCheck"] = json!({
            "command": check.command,
            "interval": check.interval.as_secs(),
            "timeout": check.timeout.as_secs(),
            "retries": check.retries,
            "startPeriod": check.start_period.map_or(0, |period| period.as_secs()),
        });
    }
    container
}
