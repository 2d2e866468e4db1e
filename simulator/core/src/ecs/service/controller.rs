//! `deploymentController`: who deploys a service, and what UpdateService may change of it (`facts/aws.md` 2.5).

use super::Service;
use super::config::DeploymentConfiguration;
use super::create::CreateService;
use super::strategy::StrategyName;
use super::update::UpdateService;
use crate::refusal::Refusal;

/// `deploymentController.type`. EXTERNAL is not simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Controller {
    /// ECS itself.
    #[default]
    Ecs,
    /// CodeDeploy, which is not simulated: the service keeps the tasks that it was made with.
    CodeDeploy,
}

impl Controller {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
        }
    }

    /// Checks a new service: CodeDeploy shifts traffic and so needs a load balancer; circuit breaker, alarms and
    /// what shifts traffic itself belong to ECS (BOTO DeploymentAlarms, DeploymentCircuitBreaker, DeploymentConfiguration). The texts are ours.
    pub(super) fn check_new(self, asked: &CreateService) -> Result<(), Refusal> {
        let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
        match self {
            Self::Ecs => Ok(()),
            Self::CodeDeploy if asked.load_balancers.is_empty() => {
                invalid("A load balancer is required for services with a CODE_DEPLOY deployment controller.")
            }
            Self::CodeDeploy => {
                let DeploymentConfiguration { circuit_breaker, alarms, shifting, .. } = &asked.configuration;
                self.check_configuration(circuit_breaker.enable, alarms.enable, shifting.strategy.name())
            }
        }
    }

    /// Checks an update of `service`. The texts about task definition, force and network have been seen; that about load balancers follows them.
    pub(super) fn check_update(self, asked: &UpdateService, service: &Service) -> Result<(), Refusal> {
        if self == Self::Ecs {
            return Ok(());
        }
        let refused = |what: &str| {
            let message = format!(
                "{what} on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
            );
            Err(Refusal::fault("InvalidParameterException", message))
        };
        let primary = service.primary();
        // What CloudFormation sends along unchanged is let pass.
        let definition = &primary.definition;
        let names_it = |reference: &String| *reference == definition.name() || *reference == definition.arn.as_str();
        if asked.task_definition.as_ref().is_some_and(|reference| !names_it(reference)) {
            return refused("Unable to update task definition");
        }
        if asked.force {
            return refused("Cannot force a new deployment");
        }
        if asked.network.as_ref().is_some_and(|network| *network != primary.network) {
            return refused("Unable to update network parameters");
        }
        if asked.load_balancers.as_ref().is_some_and(|balancers| *balancers != primary.load_balancers) {
            return refused("Unable to update load balancers");
        }
        self.check_configuration(
            asked.circuit_breaker.is_some_and(|breaker| breaker.enable),
            asked.alarms.as_ref().is_some_and(|alarms| alarms.enable),
            asked.shifting.strategy.unwrap_or(StrategyName::Rolling),
        )
    }

    fn check_configuration(self, breaker: bool, alarms: bool, strategy: StrategyName) -> Result<(), Refusal> {
        let only = |what: &str| {
            let message = format!("{what} can only be used with the ECS deployment controller.");
            Err(Refusal::fault("InvalidParameterException", message))
        };
        match self {
            Self::CodeDeploy if breaker => only("The deployment circuit breaker"),
            Self::CodeDeploy if alarms => only("Deployment alarms"),
            Self::CodeDeploy if strategy != StrategyName::Rolling => {
                only(&format!("The deployment strategy {}", strategy.as_str()))
            }
            Self::Ecs | Self::CodeDeploy => Ok(()),
        }
    }
}
