//! Times in words.

/// Returns a length of time in its largest unit, rounded down.
pub(in crate::cli) fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let units = [(86_400 * 365, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds >= *length).unwrap_or((1, "second"));
    let count = seconds / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Says when something was or will be, as seen from now.
pub(super) fn when(time: i64, now: i64) -> String {
    match time.saturating_sub(now) {
        0 => "now".to_owned(),
        ahead @ 1.. => format!("in {}", span(ahead)),
        ago => format!("{} ago", span(ago)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        for (time, words) in [
            (0, "now"),
            (1, "in 1 second"),
            (59, "in 59 seconds"),
            (60, "in 1 minute"),
            (299, "in 4 minutes"),
            (7_200, "in 2 hours"),
            (86_400 * 364, "in 364 days"),
            (86_400 * 800, "in 2 years"),
            (-1, "1 second ago"),
            (-86_400 * 2 - 5, "2 days ago"),
        ] {
            assert_eq!(when(1_000_000_000 + time, 1_000_000_000), words);
        }
        assert!(when(i64::MIN, i64::MAX).ends_with("years ago"));
    }
}
