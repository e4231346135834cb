//! `completions`: shell completions and man pages, made from the command line's own definition.

use std::path::PathBuf;

use clap::ValueEnum;
use clap_complete::Shell;

use super::Exit;
use super::pages::{man_page, man_pages};
use super::terminal::{print_as_it_is, say};

/// What to print.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A shell to print completions for, or `man`
    #[arg(value_enum)]
    of: Printed,
    /// With `man`: write a page per command into this folder instead of printing the main one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Printed {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
    Man,
}

pub(super) fn run(args: &Args, mut cli: clap::Command) -> anyhow::Result<Exit> {
    let shell = match args.of {
        Printed::Bash => Shell::Bash,
        Printed::Elvish => Shell::Elvish,
        Printed::Fish => Shell::Fish,
        Printed::PowerShell => Shell::PowerShell,
        Printed::Zsh => Shell::Zsh,
        Printed::Man => return man(args.out.as_deref(), cli),
    };
    if args.out.is_some() {
        return Err(crate::run::UsageError::new("--out goes with `man` only").into());
    }
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut cli, "realmwright", &mut text);
    print_as_it_is(&String::from_utf8(text)?);
    Ok(Exit::Clean)
}

fn man(out: Option<&std::path::Path>, mut cli: clap::Command) -> anyhow::Result<Exit> {
    cli.build();
    if let Some(folder) = out {
        std::fs::create_dir_all(folder)?;
        man_pages(&cli, folder)?;
        say(&format!("man pages are in {}", folder.display()));
    } else {
        let mut text = Vec::new();
        man_page(&cli, &mut text)?;
        print_as_it_is(&String::from_utf8(text)?);
    }
    Ok(Exit::Clean)
}
