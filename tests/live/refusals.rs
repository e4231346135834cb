//! stub
use crate::Trial;
pub(crate) fn trials() -> Vec<Trial> {
    Vec::new()
}
