//! `[office]`: how letters name the office.

use super::section::section;

section!(
    "office",
    struct OfficeSection {
        /// 落款.
        signature: String,
        contact: String,
    }
);
