//! The list as a table for people.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use keyward_session::cache::SessionFacts;

use super::Row;
use crate::command::to_the_minute;

/// The table with its heading. Columns that a locked vault hides say so.
pub(super) fn render(rows: &[Row], locked: bool, now: Timestamp) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["Profile", "Credentials", "Sessions", "Account", "Role"]);
    for row in rows.iter().filter(|row| !is_bare_default(row)) {
        table.add_row([
            row.profile.to_string(),
            credentials(row, locked),
            sessions(row, locked, now),
            row.account.clone().unwrap_or_else(nothing),
            row.role.as_ref().map_or_else(nothing, |role| role.role_name().to_owned()),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// Which STS call a session came from.
pub(super) fn kind(facts: &SessionFacts) -> &'static str {
    if facts.role.is_some() { "AssumeRole" } else { "GetSessionToken" }
}

/// A session and the time it has left.
pub(super) fn session(facts: &SessionFacts, now: Timestamp) -> String {
    let left = Duration::try_from(facts.expires_at.duration_since(now)).unwrap_or_default();
    format!("{} {}", kind(facts), to_the_minute(left))
}

/// A `[default]` that only lends settings to others is no profile to work with.
fn is_bare_default(row: &Row) -> bool {
    let unused = row.key.is_none() && row.role.is_none() && row.source.is_none();
    row.profile.as_str() == "default" && unused && row.sessions.is_empty()
}

fn credentials(row: &Row, locked: bool) -> String {
    match (&row.key, &row.source) {
        (Some(key), _) => key.id.clone().unwrap_or_else(|| "stored".to_owned()),
        (None, Some(source)) => format!("from {source}"),
        (None, None) if locked => "locked".to_owned(),
        (None, None) => nothing(),
    }
}

fn sessions(row: &Row, locked: bool, now: Timestamp) -> String {
    if locked {
        return "locked".to_owned();
    }
    let shown: Vec<String> = row.sessions.iter().map(|facts| session(facts, now)).collect();
    if shown.is_empty() { nothing() } else { shown.join(", ") }
}

fn nothing() -> String {
    "-".to_owned()
}
