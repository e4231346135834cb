//! Man pages: what clap knows, and the sections that it does not.

use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use super::{examples, exits, joined, variables};

/// Writes the man page of the program.
pub(in crate::cli) fn man_page(cli: &Command, out: &mut dyn Write) -> io::Result<()> {
    page(cli, "", out)
}

/// Writes a man page per command into a folder.
pub(in crate::cli) fn man_pages(cli: &Command, folder: &Path) -> io::Result<()> {
    below(cli, "", folder)
}

fn below(command: &Command, path: &str, folder: &Path) -> io::Result<()> {
    let name = if path.is_empty() { command.get_name().to_owned() } else { dashed(path) };
    let mut text = Vec::new();
    page(command, path, &mut text)?;
    std::fs::write(folder.join(format!("{name}.1")), text)?;
    for it in command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help") {
        below(it, &joined(path, it.get_name()), folder)?;
    }
    Ok(())
}

fn dashed(path: &str) -> String {
    format!("realmwright-{}", path.replace(' ', "-"))
}

fn page(command: &Command, path: &str, mut out: &mut dyn Write) -> io::Result<()> {
    let name = if path.is_empty() { command.get_name().to_owned() } else { dashed(path) };
    let man = Man::new(command.clone().name(name));
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    if command.get_arguments().any(|it| !it.is_hide_set()) {
        man.render_options_section(&mut out)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    if let Some(more) = command.get_after_help() {
        writeln!(out, ".SH NOTES\n{}", roff(&more.to_string()))?;
    }
    writeln!(out, ".SH \"EXIT STATUS\"")?;
    for (code, means) in exits(path) {
        writeln!(out, ".TP\n\\fB{code}\\fR\n{}", roff(means))?;
    }
    writeln!(out, ".SH ENVIRONMENT")?;
    for it in variables(command) {
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", roff(it.name), roff(it.means))?;
    }
    writeln!(out, ".SH EXAMPLES")?;
    for (line, purpose) in examples(path) {
        // As it is typed: neither filled nor hyphenated.
        writeln!(out, ".PP\n{}\n.RS 4\n.nf\n{}\n.fi\n.RE", roff(purpose), roff(line))?;
    }
    Ok(())
}

/// Returns a text as roff takes it: nothing in it is a request or an escape.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('"', "\\(dq");
    text.lines()
        .map(|it| if it.starts_with('.') { format!("\\&{it}") } else { it.to_owned() })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::roff;

    #[test]
    fn nothing_in_a_text_is_a_request() {
        for (text, written) in [
            ("a --flag 'x'", "a \\-\\-flag \\(aqx\\(aq"),
            (". \"$(x)\"", "\\&. \\(dq$(x)\\(dq"),
            ("C:\\dir", "C:\\edir"),
        ] {
            assert_eq!(roff(text), written);
        }
    }
}
