//! Codes: an enum's values have one spelling in files, tables, filters, exports and the interface.
//!
//! strum derives the spelling from the values' names; here it gets the project's words for it.

/// A code that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is none of {}", .known.join(", "))]
pub struct UnknownCode {
    pub code: String,
    pub known: Vec<&'static str>,
}

/// `code()`, `from_code()` and `ALL` of enums with strum's `IntoStaticStr`, `EnumString` and `VariantArray`, and serde by
/// the same codes.
macro_rules! coded {
    ($($name:ident),+ $(,)?) => { $(
        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [$name] = <$name as strum::VariantArray>::VARIANTS;

            /// How files, tables, filters, exports and the interface spell it.
            pub fn code(self) -> &'static str {
                self.into()
            }

            pub fn from_code(code: &str) -> Option<$name> {
                code.parse().ok()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.code())
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::code::UnknownCode;

            fn try_from(code: String) -> std::result::Result<$name, Self::Error> {
                $name::from_code(&code).ok_or_else(|| $crate::domain::code::UnknownCode {
                    code,
                    known: $name::ALL.iter().map(|one| one.code()).collect(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<$name, D::Error> {
                $name::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )+ };
}
pub(crate) use coded;
