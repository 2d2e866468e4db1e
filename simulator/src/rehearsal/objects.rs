//! The objects in S3 that a task takes variables from: files of the project stand for them.

use std::collections::BTreeMap;

use simulator_core::iam::Secret;

use super::error::RehearsalError;
use super::input::Input;
use super::script::Script;
use super::task_definition;
use crate::account::Account;

/// Puts into the simulated account what the environment files of both task definitions hold, as what would be deployed has it.
///
/// # Errors
/// Nothing says what an object holds, or the file that stands for it cannot be read.
pub(super) fn put(account: &Account, script: &Script, input: &Input) -> Result<(), RehearsalError> {
    for (arn, text) in contents(script, input)? {
        account.stir(|world, _| world.put_object(&arn, Secret::new(text)));
    }
    Ok(())
}

/// What each environment file of either task definition holds, by its ARN.
///
/// # Errors
/// Nothing says what one holds, or the file that stands for it cannot be read.
pub(crate) fn contents(script: &Script, input: &Input) -> Result<BTreeMap<String, String>, RehearsalError> {
    let definitions = [&input.definition_now, &input.definition_next];
    let wanted = definitions.into_iter().flat_map(task_definition::environment_files);
    wanted.map(|arn| content(script, &arn).map(|text| (arn, text))).collect()
}

fn content(script: &Script, arn: &str) -> Result<String, RehearsalError> {
    let Some(path) = script.objects.get(arn) else {
        return Err(RehearsalError::Input {
            message: format!("the task definition takes variables from `{arn}`, and nothing says what it holds"),
            help: Some(format!("write `\"{arn}\" = \"FILE\"` into `[objects]` of greenroom.toml")),
        });
    };
    let file = script.to.directory.join(path);
    std::fs::read_to_string(&file).map_err(|error| RehearsalError::Input {
        message: format!("cannot read `{}`, which stands for `{arn}`: {error}", file.display()),
        help: None,
    })
}
