//! `keyward`: keeps long-term AWS keys and hands out short-lived credentials.
//!
//! [`run`] is the whole program: parse, build the [`app::App`], run one [`command`], report. Everything
//! that decides lives in the libraries; this crate talks with people.

mod app;
mod args;
mod command;
mod complete;
mod exit;
mod prompt;
mod report;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::app::App;
use crate::args::Cli;
use crate::exit::Exit;

fn main() -> ExitCode {
    run()
}

fn run() -> ExitCode {
    app::process::guard();
    complete::answer_the_shell();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ui::usage(error),
    };
    ui::log_to_stderr(cli.global.debug);
    let json = cli.command.wants_json();
    let outcome = App::from_process(&cli.global).and_then(|app| cli.command.run(&app));
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let report = report::of(&failure);
            ui::report(&report, json);
            Exit::from(report.exit).into()
        }
    }
}
