//! One case: what was applied, what is live, the manifests now, and commands with what they show.

/// The project file of cases that have none.
pub(crate) const PROJECT: &str = "owner: team\nrealms: { r: { path: ., create: true } }\n";

pub(crate) struct Case {
    /// The lines up to the first file: what the case shows.
    pub(crate) about: String,
    pub(crate) files: Vec<(String, String)>,
    /// Command lines, and what they show with `[exit N]` where that is not 0.
    pub(crate) commands: Vec<(String, String)>,
}

impl Case {
    /// Reads a case: text, then `--- path` and the file, then `$ command` and what it shows.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut case = Self { about: String::new(), files: Vec::new(), commands: Vec::new() };
        for line in text.split_inclusive('\n') {
            let name = line.strip_prefix("--- ").map(str::trim_end);
            if let Some(command) = line.strip_prefix("$ realmwright ") {
                case.commands.push((command.trim_end().to_owned(), String::new()));
            } else if let (Some(name), true) = (name, case.commands.is_empty()) {
                case.files.push((name.to_owned(), String::new()));
            } else if let Some((_, shown)) = case.commands.last_mut() {
                shown.push_str(line);
            } else {
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
    pub(crate) fn file(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }
}
