//! 灯: what an obligation looks like. Always computed, always shown with its word.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;
use super::obligation::Obligation;
use super::phase::Phase;

coded!(Light);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(test, derive(Default))]
pub enum Light {
    /// Open or yet to open, no reminder so far.
    #[cfg_attr(test, default)]
    Grey,
    /// From the first reminder on, or returned.
    Yellow,
    /// Filed in time.
    Green,
    /// Made good late, for ever.
    Orange,
    Red,
    /// Waived, withdrawn, or not its duty.
    White,
}

impl Light {
    pub fn of(obligation: &Obligation) -> Light {
        Light::shown(obligation.phase, obligation.reminded, obligation.late)
    }

    /// The rule: all that a light depends on.
    pub fn shown(phase: Phase, reminded: bool, late: bool) -> Light {
        match phase {
            Phase::Scheduled => Light::Grey,
            Phase::Open if reminded => Light::Yellow,
            Phase::Open => Light::Grey,
            Phase::Returned => Light::Yellow,
            Phase::Missed | Phase::Lapsed => Light::Red,
            Phase::Waiting | Phase::Done if late => Light::Orange,
            Phase::Waiting | Phase::Done => Light::Green,
            Phase::Waived | Phase::Withdrawn | Phase::Upheld => Light::White,
        }
    }
}

/// The word that stands beside the light.
pub fn word(obligation: &Obligation) -> &'static str {
    word_of(Light::of(obligation), obligation.phase)
}

pub fn word_of(light: Light, phase: Phase) -> &'static str {
    match (light, phase) {
        (_, Phase::Scheduled) => "未开始",
        (_, Phase::Returned) => "已退回",
        (_, Phase::Lapsed) => "逾期未办结",
        (_, Phase::Withdrawn) => "已撤销",
        (_, Phase::Upheld) => "异议成立",
        (Light::Green, Phase::Waiting) => "按期报送，待审",
        (Light::Orange, Phase::Waiting) => "逾期补报，待审",
        (Light::Grey, _) => "未到期",
        (Light::Yellow, _) => "临期",
        (Light::Green, _) => "按期办结",
        (Light::Orange, _) => "逾期补办",
        (Light::Red, _) => "逾期未办",
        (Light::White, _) => "已免除",
    }
}
