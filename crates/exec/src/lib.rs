//! Runs something with AWS credentials, or prints them for something else to read.
//!
//! Read [`handout`] first: what is handed out, and under which variable names. [`environment`] makes a
//! child's whole environment of it, a pure function. [`command`] finds what to run, and [`child`]
//! becomes it; `sigpipe` is a footnote to that. [`mod@render`] prints a handout for shells, SDKs and files
//! instead, and `quote` keeps data from becoming code there.
//!
//! Nothing here knows where credentials come from.

pub mod child;
pub mod command;
pub mod environment;
pub mod handout;
mod quote;
pub mod render;
#[cfg(unix)]
mod sigpipe;

pub use child::{ExecError, NulPlace, run};
pub use command::{Command, resolve};
pub use environment::{child_environment, lent_region, without_credentials};
pub use handout::Handout;
pub use render::{Format, RenderError, UnknownFormat, render};
