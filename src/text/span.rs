//! Where something was written.

/// A byte range in a file of [`Files`](super::Files): 12 bytes, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    pub file: u32,
    pub start: u32,
    pub end: u32,
}

impl At {
    /// The place of everything that the server said.
    pub const SERVER: Self = Self { file: u32::MAX, start: 0, end: 0 };

    pub const fn is_server(self) -> bool {
        self.file == u32::MAX
    }

    /// Returns whether this is a part of another place, or all of it.
    pub const fn is_within(self, whole: Self) -> bool {
        self.file == whole.file && whole.start <= self.start && self.end <= whole.end
    }
}
