//! In China and in GovCloud everything is called after the partition, and nothing after the commercial one.

use std::fs;

use serde_json::Value;

use super::{Project, Ran};
use crate::app::greenroom;

/// A Region, its partition, and the end of its hosts' names.
const REGIONS: [(&str, &str, &str); 3] = [
    ("eu-central-1", "aws", "amazonaws.com"),
    ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
];

#[test]
fn policies_name_the_partition_of_the_region() {
    for (region, partition, domain) in REGIONS {
        let project = Project::check_out();
        for name in ["greenroom.toml", "task-definition.json", "task-role-policy.json"] {
            let file = project.app.path().join(name);
            let text = fs::read_to_string(&file).expect("the fixture has it");
            let text = text.replace("eu-central-1", region).replace("arn:aws:", &format!("arn:{partition}:"));
            fs::write(&file, text.replace("amazonaws.com/", &format!("{domain}/"))).expect("the checkout is ours");
        }
        let mut command = greenroom();
        command.arg("-f").arg(project.config()).args(["bootstrap", "policy", "--account", "123456789012", "--json"]);
        let printed = Ran::of(&command.output().expect("greenroom can be run")).ends(0).stdout;
        let policies: Value = serde_json::from_str(&printed).expect("JSON was asked for");
        assert!(policies["policies"].as_array().is_some_and(|policies| policies.len() > 4), "{printed}");
        let arns: Vec<&str> = printed.split('"').filter(|text| text.starts_with("arn:")).collect();
        assert!(arns.len() > 20, "{printed}");
        let strangers: Vec<&&str> = arns.iter().filter(|arn| !arn.starts_with(&format!("arn:{partition}:"))).collect();
        assert_eq!(strangers, Vec::<&&str>::new(), "{region}");
    }
}
