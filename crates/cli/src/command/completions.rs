//! `keyward completions`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::app::Failure;
use crate::exit::Exit;
use crate::ui;

/// Print the completion script of a shell
///
/// bash: source <(keyward completions bash) · zsh: put it into a file `_keyward` on your fpath ·
/// fish: keyward completions fish > ~/.config/fish/completions/keyward.fish
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub(crate) fn run(args: CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    if let Some(shell) = shells.completer(&args.shell.to_string()) {
        shell.write_registration("COMPLETE", "keyward", "keyward", "keyward", &mut script)?;
    }
    ui::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
