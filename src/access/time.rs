//! Time policies, with the leniency of the server's own parsing.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads a time as the clock of a server in this zone shows it: an instant (RFC 3339) is taken there, a time
/// without an offset is that clock's own. The error says what is wrong with it.
pub fn wall_clock(text: &str, zone: &TimeZone) -> Result<DateTime, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(zone.to_datetime(instant));
    }
    text.parse().map_err(|_| "neither an instant nor a date with a time".to_owned())
}

/// When a time policy holds. Parts are kept as written: the server reads them anew for each decision, and
/// fails only if it comes so far.
#[derive(Debug)]
pub(super) struct Window {
    not_before: Option<String>,
    not_on_or_after: Option<String>,
    parts: [Part; 5],
}

#[derive(Debug)]
struct Part {
    name: &'static str,
    of: fn(DateTime) -> i32,
    from: Option<String>,
    to: Option<String>,
}

/// What a time policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    No,
    /// The server answers with an error.
    Fails,
    CannotTell,
}

impl Window {
    pub(super) fn new(text: &dyn Fn(&str) -> Option<String>) -> Self {
        let part = |name: &'static str, of: fn(DateTime) -> i32| Part {
            name,
            of,
            from: text(name),
            to: text(&format!("{name}End")),
        };
        Self {
            not_before: text("notBefore"),
            not_on_or_after: text("notOnOrAfter"),
            parts: [
                part("dayMonth", |it| it.day().into()),
                part("month", |it| it.month().into()),
                part("year", |it| it.year().into()),
                part("hour", |it| it.hour().into()),
                part("minute", |it| it.minute().into()),
            ],
        }
    }

    /// Returns its limits in words, as `hour 8 to 18`.
    pub(super) fn limits(&self) -> Vec<String> {
        let ends = [("not before", &self.not_before), ("not after", &self.not_on_or_after)];
        let ends = ends.into_iter().filter_map(|(word, it)| Some(format!("{word} {}", it.as_ref()?)));
        let parts = self.parts.iter().filter_map(|it| {
            let name = if it.name == "dayMonth" { "day of the month" } else { it.name };
            let from = it.from.as_ref()?;
            Some(match &it.to {
                Some(to) => format!("{name} {from} to {to}"),
                None => format!("{name} {from}"),
            })
        });
        ends.chain(parts).collect()
    }

    /// Returns what it says at a wall-clock time of the server's zone.
    pub(super) fn at(&self, now: Option<DateTime>) -> Says {
        if self.not_before.is_none()
            && self.not_on_or_after.is_none()
            && self.parts.iter().all(|it| it.from.is_none())
        {
            return Says::Yes;
        }
        let Some(now) = now else { return Says::CannotTell };
        let second = now.with().subsec_nanosecond(0).build().unwrap_or(now);
        for (text, is_start) in [(&self.not_before, true), (&self.not_on_or_after, false)] {
            let Some(text) = text else { continue };
            match date_time(text) {
                Read::Is(limit) if is_start && now < limit => return Says::No,
                // Both ends hold; beyond a second after, it is later.
                Read::Is(limit) if !is_start && second > limit => return Says::No,
                Read::Is(_) => {}
                Read::Broken => return Says::Fails,
                Read::CannotTell => return Says::CannotTell,
            }
        }
        for part in &self.parts {
            let Some(from) = &part.from else { continue };
            let value = (part.of)(now);
            let Some(from) = integer(from) else { return Says::Fails };
            match &part.to {
                None if value != from => return Says::No,
                None => {}
                Some(_) if value < from => return Says::No,
                Some(to) => match integer(to) {
                    Some(to) if value > to => return Says::No,
                    Some(_) => {}
                    None => return Says::Fails,
                },
            }
        }
        Says::Yes
    }
}

/// Java's `Integer.parseInt`, which takes a sign but no blanks.
fn integer(text: &str) -> Option<i32> {
    text.parse().ok()
}

enum Read {
    Is(DateTime),
    Broken,
    CannotTell,
}

/// Reads `yyyy-MM-dd HH:mm:ss` or a day as the server does: months beyond 12 run over, what follows is ignored.
fn date_time(text: &str) -> Read {
    let text = if text.trim().chars().count() == 10 { format!("{text} 00:00:00") } else { text.to_owned() };
    let mut rest = text.as_str();
    let mut numbers = [0_i64; 6];
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            let Some(after) = rest.strip_prefix([' ', '-', '-', ' ', ':', ':'][at]) else {
                return Read::Broken;
            };
            rest = after;
        }
        rest = rest.trim_start_matches([' ', '\t']);
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        if digits == 0 {
            return if rest.starts_with('-') { Read::CannotTell } else { Read::Broken };
        }
        let Ok(value) = rest[..digits].parse() else { return Read::CannotTell };
        *number = value;
        rest = &rest[digits..];
    }
    lenient(numbers).map_or(Read::CannotTell, Read::Is)
}

fn lenient([year, month, day, hour, minute, second]: [i64; 6]) -> Option<DateTime> {
    let month = year.checked_mul(12)?.checked_add(month)?.checked_sub(1)?;
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let first = Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
    let seconds = second.checked_add(minute.checked_mul(60)?)?.checked_add(hour.checked_mul(3600)?)?;
    let span = jiff::Span::new().try_days(day.checked_sub(1)?).ok()?.try_seconds(seconds).ok()?;
    first.at(0, 0, 0, 0).checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(parts: &[(&str, &str)], now: &str) -> Says {
        let find = |name: &str| parts.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        Window::new(&find).at(now.parse().ok())
    }

    #[test]
    fn time_policies_hold_as_measured() {
        let now = "2026-11-24T22:15:00";
        for (parts, expected) in [
            (&[][..], Says::Yes),
            (&[("notBefore", "2026-11-24 22:15:00")], Says::Yes),
            (&[("notBefore", "2026-11-24 22:15:01")], Says::No),
            (&[("notBefore", "2026-11-24")], Says::Yes),
            (&[("notBefore", "2026-11-24T22:15:00")], Says::Fails),
            (&[("notBefore", "2026-11-24 22:15")], Says::Fails),
            (&[("notBefore", "2026-11-24 22:15:00 nonsense")], Says::Yes),
            (&[("notBefore", "2026-13-01 00:00:00")], Says::No),
            (&[("notBefore", "2025-13-01 00:00:00")], Says::Yes),
            (&[("notOnOrAfter", "2026-11-24 22:15:00")], Says::Yes),
            (&[("notOnOrAfter", "2026-11-24 22:14:59")], Says::No),
            (&[("hour", "22")], Says::Yes),
            (&[("hour", "21")], Says::No),
            (&[("hour", "21"), ("hourEnd", "22")], Says::Yes),
            (&[("hourEnd", "1")], Says::Yes),
            (&[("hour", "22"), ("hourEnd", "6")], Says::No),
            (&[("hour", "25")], Says::No),
            (&[("hour", "x")], Says::Fails),
            (&[("hour", " 12")], Says::Fails),
            (&[("month", "1"), ("hour", "x")], Says::No),
            (&[("month", "11"), ("year", "2026"), ("dayMonth", "24"), ("minute", "15")], Says::Yes),
            (&[("month", "11"), ("year", "2027")], Says::No),
        ] {
            assert_eq!(says(parts, now), expected, "{parts:?}");
        }
    }

    #[test]
    fn without_a_time_only_a_policy_without_limits_is_known() {
        assert_eq!(says(&[("hour", "22")], ""), Says::CannotTell);
        assert_eq!(says(&[], ""), Says::Yes);
    }
}
