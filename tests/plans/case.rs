//! One case: what was applied, what is live, the manifests now, and commands with what they show.

use std::fmt::Write as _;
use std::path::Path;

use realmwright::cli::{Exit, shown};

use crate::server::Server;

/// The project file of cases that have none.
const PROJECT: &str = "owner: team\nrealms: { r: { path: ., create: true } }\n";

pub(crate) struct Case {
    /// The lines up to the first file: what the case shows.
    about: String,
    files: Vec<(String, String)>,
    commands: Vec<String>,
}

impl Case {
    /// Reads a case: text, then `--- path` and the file, then `$ command` and what it shows.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut case = Self { about: String::new(), files: Vec::new(), commands: Vec::new() };
        for line in text.split_inclusive('\n') {
            let name = line.strip_prefix("--- ").map(str::trim_end);
            if let Some(command) = line.strip_prefix("$ realmwright ") {
                case.commands.push(command.trim_end().to_owned());
            } else if let (Some(name), true) = (name, case.commands.is_empty()) {
                case.files.push((name.to_owned(), String::new()));
            } else if case.commands.is_empty() {
                case.files.last_mut().map_or(&mut case.about, |it| &mut it.1).push_str(line);
            }
        }
        match (case.about.trim().is_empty(), case.commands.is_empty()) {
            (true, _) => Err("a case begins with a sentence that says what it shows".to_owned()),
            (_, true) => Err("a case ends with `$ realmwright COMMAND`".to_owned()),
            _ => Ok(case),
        }
    }

    /// Returns the file of a name.
    fn file(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    /// Runs the commands in a folder that holds the manifests, and returns the case as it then reads.
    pub(crate) fn run(&self) -> Result<String, String> {
        let text = |it: &dyn std::fmt::Display| it.to_string();
        let folder = tempfile::tempdir().map_err(|it| text(&it))?;
        let is_beside =
            |name: &str| name == "live.yaml" || name == "server.yaml" || name.starts_with("applied/");
        for (name, content) in self.files.iter().filter(|it| !is_beside(&it.0)) {
            write(folder.path(), name, content)?;
        }
        if self.file("realmwright.yaml").is_none() {
            write(folder.path(), "realmwright.yaml", PROJECT)?;
        }
        std::env::set_current_dir(folder.path()).map_err(|it| text(&it))?;
        let applied: Vec<(&str, &str)> = self
            .files
            .iter()
            .filter_map(|(name, content)| Some((name.strip_prefix("applied/")?, content.as_str())))
            .collect();
        let server = Server::read(&applied, self.file("live.yaml"), self.file("server.yaml"))?;
        let mut out = self.about.clone();
        for (name, content) in &self.files {
            let _ = write!(out, "--- {name}\n{content}");
        }
        for command in &self.commands {
            let _ = writeln!(out, "$ realmwright {command}");
            let line: Vec<&str> = ["realmwright"].into_iter().chain(command.split(' ')).collect();
            let shown = shown(&line, &|request| server.observe(request));
            out.push_str(&shown.err);
            out.push_str(&shown.out);
            if shown.exit != Exit::Clean {
                let _ = writeln!(out, "[exit {}]", shown.exit.code());
            }
        }
        std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).map_err(|it| text(&it))?;
        Ok(out)
    }
}

fn write(folder: &Path, name: &str, content: &str) -> Result<(), String> {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|it| it.to_string())?;
    std::fs::write(path, content).map_err(|it| it.to_string())
}
