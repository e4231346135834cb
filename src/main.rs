//! The `realmwright` command.

fn main() -> std::process::ExitCode {
    realmwright::cli::main().into()
}
