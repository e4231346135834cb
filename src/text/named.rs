//! Words that are a contract: an enum, each word as it is written, and what it means, from one list.

/// Makes an enum with `ALL`, `name` and `meaning`; the meaning of a word is its doc comment.
macro_rules! named {
    ($(#[$about:meta])* $enum:ident; $($(#[doc = $meaning:literal])+ $name:ident = $written:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $enum {
            $($(#[doc = $meaning])+ $name,)*
        }

        impl $enum {
            /// Every one, as listed.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the word as it is written in output and flags.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $written,)*
                }
            }

            /// Returns what it means, in one or two sentences.
            pub fn meaning(self) -> String {
                let lines: &[&str] = match self {
                    $(Self::$name => &[$($meaning),+],)*
                };
                lines.iter().map(|it| it.trim()).collect::<Vec<_>>().join(" ")
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use named;
