//! `keyward completions`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::app::Failure;
use crate::exit::Exit;
use crate::{complete, ui};

/// Print the completion script of a shell
///
/// bash, in ~/.bashrc:  source <(keyward completions bash)
/// zsh, in ~/.zshrc:    source <(keyward completions zsh)   (after compinit)
/// fish:                keyward completions fish > ~/.config/fish/completions/keyward.fish
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub(crate) fn run(args: CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    if let Some(shell) = shells.completer(&args.shell.to_string()) {
        shell.write_registration(
            complete::VARIABLE,
            "keyward",
            "keyward",
            "keyward",
            &mut script,
        )?;
    }
    ui::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
