//! A section of the configuration, said once: each key is a field, and the field's type is what the key takes.

use super::values::{Placed, Values};
use crate::catalogue::mistake::value::{Type, ValueFault};
use crate::domain::text;

/// What a key can hold: a type that reads itself from text, for files and the environment alike.
pub trait Value: Sized {
    /// What it is in TOML.
    const TYPE: Type = Type::Text;

    fn read(written: &str) -> Result<Self, ValueFault>;
}

impl Values {
    /// What a key holds, and where it stands.
    pub fn read<T: Value>(&self, path: &str) -> Option<(&Placed, T)> {
        let placed = self.get(path)?;
        Some((placed, T::read(&placed.text).ok()?))
    }
}

/// A key that the configuration may have.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands: `mail.transport.host`.
    pub path: &'static str,
    pub kind: Type,
    read: fn(&str) -> Result<(), ValueFault>,
}

impl Key {
    fn of<T: Value>(path: &'static str) -> Key {
        Key { path, kind: T::TYPE, read: |written| T::read(written).map(drop) }
    }

    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// `mail.transport`
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// Whether the text is what the key takes.
    pub fn check(&self, written: &str) -> Result<(), ValueFault> {
        match text::first_forbidden(written) {
            Some((_, c, _)) => Err(ValueFault::ForbiddenCharacter(c)),
            None => (self.read)(written),
        }
    }
}

/// What stands at a path: a value, one that may be missing, or a section of them.
pub trait Setting: Sized {
    fn keys(path: &'static str) -> Vec<Key>;

    /// `None` = it must be there and is not.
    fn read_from(values: &Values, path: &'static str) -> Option<Self>;
}

impl<T: Value> Setting for T {
    fn keys(path: &'static str) -> Vec<Key> {
        vec![Key::of::<T>(path)]
    }

    fn read_from(values: &Values, path: &'static str) -> Option<T> {
        values.read(path).map(|(_, value)| value)
    }
}

impl<T: Value> Setting for Option<T> {
    fn keys(path: &'static str) -> Vec<Key> {
        T::keys(path)
    }

    fn read_from(values: &Values, path: &'static str) -> Option<Option<T>> {
        Some(T::read_from(values, path))
    }
}

/// A section as a type: `section!("alarm", struct Alarm { … })` reads `[alarm]`. A field that is a section itself names its
/// own path.
macro_rules! section {
    ($path:literal, $(#[$about:meta])* struct $name:ident { $($(#[$doc:meta])* $key:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $key: $kind,)*
        }

        impl $crate::config::section::Setting for $name {
            fn keys(_: &'static str) -> Vec<$crate::config::section::Key> {
                let keys = [$(<$kind as $crate::config::section::Setting>::keys(concat!($path, ".", stringify!($key)))),*];
                keys.concat()
            }

            fn read_from(values: &$crate::config::values::Values, _: &'static str) -> Option<$name> {
                Some($name {
                    $($key: $crate::config::section::Setting::read_from(values, concat!($path, ".", stringify!($key)))?,)*
                })
            }
        }
    };
}
pub(super) use section;
