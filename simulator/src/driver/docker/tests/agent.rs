//! What a container learns from its task's agent: who it is, its role's credentials, and the way to the account that takes them.

use serde_json::Value;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::{CreateCluster, LaunchType, Network, RegisterTaskDefinition, RunTask, TaskStatus};
use simulator_core::iam::{CreateRole, PutInlinePolicy, Role};
use simulator_core::logs::{CreateLogGroup, GetLogEvents};
use simulator_core::{EventKind, Operation, Region, Setup, Timing, World};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::account::now;
use crate::endpoint::Endpoint;

/// An account whose tasks are containers.
pub(super) struct Deployed {
    trial: Trial,
    pub(super) wall: Arc<Wall>,
    pub(super) account: Arc<Account>,
    _endpoint: Endpoint,
    _driving: AbortOnDropHandle<std::convert::Infallible>,
}

impl Deployed {
    pub(super) async fn new(name: &str) -> Self {
        let trial = Trial::new(name).await;
        let id = "123456789012".parse().expect("twelve digits");
        let world = World::new(Setup {
            account: id,
            region: Region::new("eu-central-1"),
            seed: 7,
            timing: Timing::rehearsal(),
            now: now(),
        });
        let account = Arc::new(Account::new(world));
        let endpoint =
            Endpoint::start(Arc::clone(&account), SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let registry = Registry { host: HOST.to_owned(), address: SocketAddr::from(([127, 0, 0, 1], 9)) };
        let (engine, rehearsal, network) = (trial.engine.clone(), trial.rehearsal.clone(), trial.network.clone());
        let driver = DockerDriver::new(engine, rehearsal, network, registry, Arc::default()).await.expect("a driver");
        let driver = driver.with_agent(Arc::clone(&account), endpoint.address());
        assert!(driver.has_agent(), "these tests need root, to enter the networks of containers");
        let wall =
            driver.enforce_security_groups(Arc::clone(&account)).await.expect("these tests need root and iptables");
        let driving = tokio::spawn(crate::driver::drive(Arc::clone(&account), Arc::new(driver)));
        let deployed = Self { trial, wall, account, _endpoint: endpoint, _driving: AbortOnDropHandle::new(driving) };
        deployed.must(CreateCluster { name: Some("news".to_owned()), ..CreateCluster::default() });
        deployed.must(CreateLogGroup { group: "/news".to_owned(), tags: BTreeMap::new() });
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        for role in ["execution", "app"] {
            deployed.must(CreateRole {
                name: role.to_owned(),
                path: None,
                trust_policy: trust.to_owned(),
                description: None,
                max_session_seconds: None,
                boundary: None,
                tags: Vec::new(),
            });
        }
        let logs = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;
        deployed.must(PutInlinePolicy::<Role>::new("execution".to_owned(), "logs".to_owned(), logs.to_owned()));
        deployed
    }

    pub(super) fn must<O: Operation>(&self, operation: O) -> O::Output {
        let root = self.account.look(World::root);
        self.account.call(&root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
    }

    /// Runs `program` as a task to its end, with the task role `app` if `with_role`, and answers its id and what it printed.
    async fn run(&self, program: &str, with_role: bool) -> (TaskId, Vec<String>) {
        let task = self.begin(program, with_role, &[]);
        let lines = self.end_of(&task).await;
        (task, lines)
    }

    /// Begins a task of `program` in the security groups `groups`.
    pub(super) fn begin(&self, program: &str, with_role: bool, groups: &[String]) -> TaskId {
        let options =
            [("awslogs-group", "/news"), ("awslogs-region", "eu-central-1"), ("awslogs-stream-prefix", "ecs")];
        let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let container = ContainerDefinition {
            command: words(&["python3", "-u", "-c", program]),
            version_consistency: false,
            log: Some(simulator_core::ecs::definition::LogConfiguration { options }),
            ..ContainerDefinition::new("app", IMAGE)
        };
        let definition = self.must(RegisterTaskDefinition {
            family: "news".to_owned(),
            execution_role: Some("execution".to_owned()),
            task_role: with_role.then(|| "app".to_owned()),
            network_mode: Some("awsvpc".to_owned()),
            requires: vec![LaunchType::Fargate],
            cpu: Some("256".to_owned()),
            memory: Some("512".to_owned()),
            containers: vec![container],
            ..RegisterTaskDefinition::default()
        });
        let subnets = self.must(simulator_core::ec2::DescribeSubnets::default()).items;
        let subnets = subnets.into_iter().map(|subnet| subnet.id).collect();
        let tasks = self.must(RunTask {
            cluster: Some("news".to_owned()),
            task_definition: definition.name().to_string(),
            launch_type: Some(LaunchType::Fargate),
            network: Some(Network { subnets, security_groups: groups.to_vec(), ..Network::default() }),
            tags: [("team".to_owned(), "news".to_owned())].into(),
            ..RunTask::default()
        });
        tasks[0]
    }

    /// What a task has printed when it has ended, which must be well.
    pub(super) async fn end_of(&self, task: &TaskId) -> Vec<String> {
        let task = *task;
        let over = self.account.until(|world| {
            let task = world.ecs().task(&task).expect("it was launched");
            (task.last_status == TaskStatus::Stopped).then(|| task.clone())
        });
        let ended = timeout(LONG, over).await.expect("it ends");
        let lines = self.lines(&task);
        assert_eq!(ended.containers[0].exit_code, Some(0), "{:?}: {lines:#?}", ended.stop);
        lines
    }

    /// What a task that has begun to write has printed so far.
    fn lines(&self, task: &TaskId) -> Vec<String> {
        let events = self.must(GetLogEvents {
            group: "/news".to_owned(),
            stream: format!("ecs/app/{task}"),
            start: None,
            end: None,
            next_token: None,
            limit: None,
            from_head: true,
        });
        events.events.into_iter().map(|event| event.message).collect()
    }

    /// Waits until the last line that a task has printed is `line`.
    pub(super) async fn says(&self, task: &TaskId, line: &str) {
        let stream_of_task = format!("ecs/app/{task}");
        let said = self.account.until(|world| {
            let last = world.events().iter().rev().find_map(|event| match &event.kind {
                EventKind::Logged { stream, line, .. } if *stream == stream_of_task => Some(line),
                _ => None,
            });
            last.filter(|last| *last == line).map(drop)
        });
        assert!(timeout(LONG, said).await.is_ok(), "it does not say `{line}` but {:?}", self.lines(task));
    }

    pub(super) async fn end(self) {
        drop(self._driving);
        self.trial.end().await;
    }
}

/// Fetches metadata and credentials as an SDK does, and asks the account who calls, with a signature made by hand.
const ASKS: &str = r#"
import datetime, hashlib, hmac, json, os, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def get(url): return json.load(opener.open(url, timeout=10))
base = os.environ['ECS_CONTAINER_METADATA_URI_V4']
for path in ['', '/task', '/taskWithTags', '/stats', '/task/stats']: print(json.dumps(get(base + path)))
keys = get('http://169.254.170.2' + os.environ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'])
again = get('http://169.254.170.2' + os.environ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'])
assert keys == again, 'they are rotated only when they are old'
url = os.environ['AWS_ENDPOINT_URL']
host = url.split('//')[1]
body = 'Action=GetCallerIdentity&Version=2011-06-15'
now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
region = os.environ['AWS_REGION']
scope = f'{now[:8]}/{region}/sts/aws4_request'
headers = f'host:{host}\nx-amz-date:{now}\nx-amz-security-token:{keys["Token"]}\n'
names = 'host;x-amz-date;x-amz-security-token'
digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
request = f'POST\n/\n\n{headers}\n{names}\n{digest(body)}'
text = f'AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest(request)}'
key = ('AWS4' + keys['SecretAccessKey']).encode()
for part in [now[:8], region, 'sts', 'aws4_request', text]: key = hmac.new(key, part.encode(), hashlib.sha256).digest()
call = urllib.request.Request(url, data=body.encode(), headers={
    'X-Amz-Date': now, 'X-Amz-Security-Token': keys['Token'], 'Content-Type': 'application/x-www-form-urlencoded',
    'Authorization': f'AWS4-HMAC-SHA256 Credential={keys["AccessKeyId"]}/{scope}, SignedHeaders={names}, Signature={key.hex()}'})
print(json.dumps({'role': keys['RoleArn'], 'expires': keys['Expiration'], 'said': opener.open(call, timeout=10).read().decode()}))
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_learns_who_it_is_and_calls_with_its_role() {
    let deployed = Deployed::new("agent").await;
    let (task, lines) = deployed.run(ASKS, true).await;
    let said: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let [container, of_task, with_tags, stats, all_stats, identity] = said.as_slice() else { panic!("{lines:#?}") };

    let arn = format!("arn:aws:ecs:eu-central-1:123456789012:task/news/{task}");
    assert_eq!(
        (&of_task["TaskARN"], &of_task["Family"], &of_task["LaunchType"]),
        (&arn.clone().into(), &"news".into(), &"FARGATE".into())
    );
    assert_eq!(of_task["Limits"], serde_json::json!({ "CPU": 0.25, "Memory": 512 }));
    assert_eq!((&of_task["Containers"][0], of_task.get("TaskTags")), (container, None));
    assert_eq!(with_tags["TaskTags"], serde_json::json!({ "team": "news" }));
    assert_eq!((&container["Name"], &container["Image"]), (&"app".into(), &IMAGE.into()));
    assert_eq!(container["Labels"]["com.amazonaws.ecs.task-arn"], Value::from(arn));
    assert_eq!(container["LogOptions"]["awslogs-stream"], Value::from(format!("ecs/app/{task}")));
    assert!(container["Networks"][0]["IPv4Addresses"][0].is_string(), "{container}");
    assert!(stats["memory_stats"]["usage"].is_number(), "{stats}");
    assert_eq!(all_stats.as_object().map(serde_json::Map::len), Some(1));

    assert_eq!(identity["role"], "arn:aws:iam::123456789012:role/app");
    let who = format!("<Arn>arn:aws:sts::123456789012:assumed-role/app/{task}</Arn>");
    assert!(identity["said"].as_str().is_some_and(|xml| xml.contains(&who)), "{identity}");
    deployed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_without_a_role_has_no_credentials() {
    let deployed = Deployed::new("no-role").await;
    let asks = "import os, urllib.error, urllib.request\n\
                assert 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' not in os.environ\n\
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n\
                id = opener.open(os.environ['ECS_CONTAINER_METADATA_URI_V4'], timeout=10).status\n\
                task = os.environ['HOSTNAME']\n\
                for guess in ['x', '00000000-0000-0000-0000-000000000000']:\n\
                \x20   try: opener.open('http://169.254.170.2/v2/credentials/' + guess, timeout=10)\n\
                \x20   except urllib.error.HTTPError as error: print(error.code, error.read().decode())";
    let (_, lines) = deployed.run(asks, false).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("400 ") && line.contains("InvalidIdInRequest")), "{lines:?}");
    deployed.end().await;
}
