//! The settings that there are, and what they can be.

use crate::refusal::Refusal;

/// `name` of an account setting (BOTO SettingName).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingName {
    /// More network interfaces for each container instance.
    AwsvpcTrunking,
    /// What clusters are made with.
    ContainerInsights,
    /// Container instances have ARNs that name their cluster.
    ContainerInstanceLongArnFormat,
    /// Whether a container waits for its log driver.
    DefaultLogDriverMode,
    /// Time windows for retiring tasks.
    FargateEventWindows,
    /// Cryptography that FIPS allows.
    FargateFipsMode,
    /// Days before a task is retired.
    FargateTaskRetirementWaitPeriod,
    /// Whether GuardDuty watches; AWS sets it.
    GuardDutyActivate,
    /// Services have ARNs that name their cluster.
    ServiceLongArnFormat,
    /// Tagging at creation needs a permission of its own.
    TagResourceAuthorization,
    /// Tasks have ARNs that name their cluster.
    TaskLongArnFormat,
}

/// Every setting, in the order in which AWS lists them.
pub(super) const ALL: [SettingName; 11] = [
    SettingName::AwsvpcTrunking,
    SettingName::ContainerInsights,
    SettingName::ContainerInstanceLongArnFormat,
    SettingName::DefaultLogDriverMode,
    SettingName::FargateEventWindows,
    SettingName::FargateFipsMode,
    SettingName::FargateTaskRetirementWaitPeriod,
    SettingName::GuardDutyActivate,
    SettingName::ServiceLongArnFormat,
    SettingName::TagResourceAuthorization,
    SettingName::TaskLongArnFormat,
];

impl SettingName {
    /// The setting called `text`.
    ///
    /// # Errors
    /// AWS's `InvalidParameterException`, as moto words it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| {
            let names = ALL.map(Self::as_str).join(",");
            Refusal::fault("InvalidParameterException", format!("{text} should be one of [{names}]"))
        })
    }

    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsvpcTrunking => "awsvpcTrunking",
            Self::ContainerInsights => "containerInsights",
            Self::ContainerInstanceLongArnFormat => "containerInstanceLongArnFormat",
            Self::DefaultLogDriverMode => "defaultLogDriverMode",
            Self::FargateEventWindows => "fargateEventWindows",
            Self::FargateFipsMode => "fargateFIPSMode",
            Self::FargateTaskRetirementWaitPeriod => "fargateTaskRetirementWaitPeriod",
            Self::GuardDutyActivate => "guardDutyActivate",
            Self::ServiceLongArnFormat => "serviceLongArnFormat",
            Self::TagResourceAuthorization => "tagResourceAuthorization",
            Self::TaskLongArnFormat => "taskLongArnFormat",
        }
    }

    /// `type`: who manages it. GuardDuty's is the only one that AWS does (BOTO Setting).
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::GuardDutyActivate => "aws_managed",
            Self::AwsvpcTrunking
            | Self::ContainerInsights
            | Self::ContainerInstanceLongArnFormat
            | Self::DefaultLogDriverMode
            | Self::FargateEventWindows
            | Self::FargateFipsMode
            | Self::FargateTaskRetirementWaitPeriod
            | Self::ServiceLongArnFormat
            | Self::TagResourceAuthorization
            | Self::TaskLongArnFormat => "user",
        }
    }

    /// What holds in an account where nobody has set it: long ARNs since 2021, tagging authorised since 2024 (`facts/bootstrap.md` 1),
    /// logs that nothing waits for since June 2025 (BOTO PutAccountSettingDefault), a week before retirement (the developer guide).
    pub(super) const fn default_value(self) -> &'static str {
        match self {
            Self::ServiceLongArnFormat | Self::TaskLongArnFormat | Self::ContainerInstanceLongArnFormat => "enabled",
            Self::AwsvpcTrunking | Self::ContainerInsights | Self::FargateFipsMode | Self::FargateEventWindows => {
                "disabled"
            }
            Self::TagResourceAuthorization => "on",
            Self::GuardDutyActivate => "off",
            Self::DefaultLogDriverMode => "non-blocking",
            Self::FargateTaskRetirementWaitPeriod => "7",
        }
    }

    /// The values that it can be given (BOTO PutAccountSetting `value`).
    const fn values(self) -> &'static [&'static str] {
        match self {
            Self::ServiceLongArnFormat
            | Self::TaskLongArnFormat
            | Self::ContainerInstanceLongArnFormat
            | Self::AwsvpcTrunking
            | Self::FargateFipsMode
            | Self::FargateEventWindows => &["enabled", "disabled"],
            Self::ContainerInsights => &["enabled", "disabled", "enhanced"],
            Self::TagResourceAuthorization | Self::GuardDutyActivate => &["on", "off"],
            Self::DefaultLogDriverMode => &["blocking", "non-blocking"],
            Self::FargateTaskRetirementWaitPeriod => &["0", "7", "14"],
        }
    }

    /// Whether it can be set to `value` by a user. Long ARNs cannot be given up any more (text of moto), GuardDuty's setting is read
    /// only; the other texts are ours.
    pub(super) fn check(self, value: &str) -> Result<(), Refusal> {
        let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
        if !self.values().contains(&value) {
            let values = self.values().join(", ");
            return invalid(format!("Invalid value '{value}' for setting {}. Valid values: {values}.", self.as_str()));
        }
        match self {
            Self::GuardDutyActivate => {
                invalid("The guardDutyActivate setting is read-only. Amazon GuardDuty controls it.".to_owned())
            }
            Self::ServiceLongArnFormat | Self::TaskLongArnFormat | Self::ContainerInstanceLongArnFormat
                if value == "disabled" =>
            {
                invalid("You can no longer disable Long Arn settings".to_owned())
            }
            Self::ServiceLongArnFormat
            | Self::TaskLongArnFormat
            | Self::ContainerInstanceLongArnFormat
            | Self::AwsvpcTrunking
            | Self::ContainerInsights
            | Self::DefaultLogDriverMode
            | Self::FargateEventWindows
            | Self::FargateFipsMode
            | Self::FargateTaskRetirementWaitPeriod
            | Self::TagResourceAuthorization => Ok(()),
        }
    }
}
