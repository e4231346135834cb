use super::*;

/// What `Pattern.compile` of Java 17 said of each pattern: `takes` or `throws`.
const RECORDED: &str = include_str!("recorded.txt");

fn recorded(said: &str) -> Vec<&'static str> {
    RECORDED.lines().filter_map(|it| it.split_once(' ')).filter(|it| it.0 == said).map(|it| it.1).collect()
}

#[test]
fn what_java_takes_is_never_called_broken() {
    let patterns = recorded("takes");
    for pattern in &patterns {
        let verdict = compile(pattern);
        assert!(!matches!(verdict, Verdict::Broken { .. }), "{pattern}: {verdict:?}");
    }
    let unsure = patterns.iter().filter(|it| compile(it) == Verdict::CannotTell).count();
    assert!(unsure < patterns.len() / 5, "{unsure} of {} cannot be told", patterns.len());
}

#[test]
fn what_java_throws_at_is_never_said_to_compile() {
    let patterns = recorded("throws");
    for pattern in &patterns {
        assert_ne!(compile(pattern), Verdict::Compiles, "{pattern}");
    }
    let unsure = patterns.iter().filter(|it| compile(it) == Verdict::CannotTell).count();
    assert!(unsure < patterns.len() / 5, "{unsure} of {} cannot be told", patterns.len());
}

#[test]
fn the_place_of_a_problem_is_a_character_of_the_pattern_as_written() {
    let at = |pattern: &str| match compile(pattern) {
        Verdict::Broken { at, .. } => Some(at),
        Verdict::Compiles | Verdict::CannotTell => None,
    };
    assert_eq!(at(r"\Q..\E*+*"), Some(8));
    assert_eq!(at("é)"), Some(1));
    assert_eq!(at("(a"), Some(2));
}
