//! Finding a Java that Keycloak can run on.
//!
//! `JAVA_HOME` comes first, then `PATH`, as in Keycloak's own start script; a Java that is too old is
//! passed over, because machines often carry one beside a newer one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;

/// The oldest Java that the supported Keycloak versions run on.
const OLDEST: u32 = 17;

/// A Java that is new enough.
#[derive(Clone, Debug)]
pub(super) struct Java {
    pub(super) program: PathBuf,
    pub(super) major: u32,
}

/// Finds Java 17 or newer by `JAVA_HOME` and `PATH`.
pub(super) fn find() -> Result<Java, Error> {
    let (home, path) = (std::env::var_os("JAVA_HOME"), std::env::var_os("PATH"));
    first_new_enough(home.as_deref(), path.as_deref(), &major_of).map_err(|seen| {
        let system = std::fs::read_to_string("/etc/os-release").ok();
        Error::NoJava { seen, install: install(system.as_deref(), cfg!(target_os = "macos")) }
    })
}

/// Returns the first Java that is new enough, or what was seen instead.
fn first_new_enough(
    java_home: Option<&OsStr>,
    path: Option<&OsStr>,
    major_of: &dyn Fn(&Path) -> Result<u32, String>,
) -> Result<Java, String> {
    let mut seen = Vec::new();
    let home = java_home.filter(|home| !home.is_empty()).map(|home| Path::new(home).join("bin/java"));
    if home.is_none() {
        seen.push("JAVA_HOME is not set".to_owned());
    }
    let on_path = path.into_iter().flat_map(std::env::split_paths).map(|folder| folder.join("java"));
    for program in home.into_iter().chain(on_path.filter(|program| program.is_file())) {
        match major_of(&program) {
            Ok(major) if OLDEST <= major => return Ok(Java { program, major }),
            Ok(major) => seen.push(format!("{} is Java {major}", program.display())),
            Err(why) => seen.push(format!("{}: {why}", program.display())),
        }
    }
    seen.push("no newer java on PATH".to_owned());
    Err(seen.join("; "))
}

/// Asks a Java for its major version.
fn major_of(program: &Path) -> Result<u32, String> {
    let answer = Command::new(program)
        .arg("-version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("does not start: {error}"))?;
    let text = String::from_utf8_lossy(&answer.stderr);
    major_in(&text).ok_or_else(|| "does not tell its version".to_owned())
}

/// Reads the major version out of `java -version`: `"17.0.15"` is 17, `"1.8.0_402"` is 8.
fn major_in(text: &str) -> Option<u32> {
    let quoted = text.split('"').nth(1)?;
    let mut numbers = quoted.split(|c: char| !c.is_ascii_digit());
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        major => Some(major),
    }
}

/// Returns the command that installs Java on this system, or those of common systems.
fn install(os_release: Option<&str>, macos: bool) -> String {
    const DEBIAN: &str = "sudo apt-get install openjdk-17-jre-headless";
    const FEDORA: &str = "sudo dnf install java-21-openjdk-headless";
    const ARCH: &str = "sudo pacman -S jre21-openjdk-headless";
    const ALPINE: &str = "sudo apk add openjdk21-jre-headless";
    const SUSE: &str = "sudo zypper install java-21-openjdk-headless";
    const MACOS: &str = "brew install openjdk@21";
    if macos {
        return format!("`{MACOS}`");
    }
    let names: Vec<&str> = os_release
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split(' '))
        .collect();
    let known = names.iter().find_map(|name| match *name {
        "debian" | "ubuntu" => Some(DEBIAN),
        "fedora" | "rhel" | "centos" => Some(FEDORA),
        "arch" => Some(ARCH),
        "alpine" => Some(ALPINE),
        "suse" | "opensuse" => Some(SUSE),
        _ => None,
    });
    known.map_or_else(
        || format!("`{DEBIAN}` (Debian, Ubuntu), `{FEDORA}` (Fedora, RHEL), `{ARCH}` (Arch), `{ALPINE}` (Alpine), `{MACOS}` (macOS)"),
        |command| match command {
            // Each release has one of the two, or both.
            DEBIAN => format!("`{DEBIAN}` (or openjdk-21-jre-headless)"),
            command => format!("`{command}`"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_old_and_new_spellings() {
        let table = [
            ("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK …", Some(17)),
            ("java version \"1.8.0_402\"", Some(8)),
            ("openjdk version \"21\" 2023-09-19", Some(21)),
            ("openjdk version \"26-ea\" 2026-03-17", Some(26)),
            ("Error: could not find libjava.so", None),
            ("", None),
        ];
        for (text, major) in table {
            assert_eq!(major_in(text), major, "{text}");
        }
    }

    #[test]
    fn the_install_command_is_the_one_of_this_system() {
        let ubuntu = install(Some("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"), false);
        assert_eq!(ubuntu, "`sudo apt-get install openjdk-17-jre-headless` (or openjdk-21-jre-headless)");
        let rocky = install(Some("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), false);
        assert_eq!(rocky, "`sudo dnf install java-21-openjdk-headless`");
        assert_eq!(install(None, true), "`brew install openjdk@21`");
        let unknown = install(Some("ID=plan9"), false);
        assert!(unknown.contains("Debian") && unknown.contains("macOS"), "{unknown}");
    }

    #[test]
    fn a_machine_without_java_is_told_what_was_tried() {
        let empty = tempfile::tempdir().unwrap();
        let seen = first_new_enough(None, Some(empty.path().as_os_str()), &|_| Ok(21)).unwrap_err();
        assert_eq!(seen, "JAVA_HOME is not set; no newer java on PATH");
        let missing = empty.path().join("gone");
        let seen = first_new_enough(Some(missing.as_os_str()), None, &major_of).unwrap_err();
        assert!(seen.contains("gone/bin/java: does not start"), "{seen}");
    }

    #[test]
    fn a_java_that_is_too_old_is_passed_over_for_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::create_dir(&new).unwrap();
        std::fs::write(new.join("java"), "").unwrap();
        let major_of = |program: &Path| Ok(if program.starts_with(&old) { 11 } else { 21 });
        let java = first_new_enough(Some(old.as_os_str()), Some(new.as_os_str()), &major_of).unwrap();
        assert_eq!((java.major, java.program), (21, new.join("java")));
        let seen = first_new_enough(Some(old.as_os_str()), None, &major_of).unwrap_err();
        assert!(seen.contains("is Java 11"), "{seen}");
    }
}
