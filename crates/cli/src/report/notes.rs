//! How a plan differs from what was asked for, in words.

use keyward_session::plan::{Clamp, Note};

use crate::command::in_words;

pub(crate) fn of_note(note: &Note) -> String {
    match note {
        Note::Clamped { profile, asked, given, why } => format!(
            "{profile} gets {} instead of {}: {}",
            in_words(*given),
            in_words(*asked),
            match why {
                Clamp::TooShort => "AWS makes nothing shorter",
                Clamp::TooLong => "AWS makes nothing longer",
                Clamp::RoleChaining => "a role assumed by a session lasts one hour at most",
            }
        ),
        Note::OwnCode { profile, wanted } => format!(
            "{profile} asks for {}, and a role that is reached through a session lasts one hour; so its \
             MFA code is good for this role alone",
            in_words(*wanted)
        ),
        Note::MfaUnusable { profile, serial } => format!(
            "the MFA device {serial} of {profile} is not used: it is reached through another role, \
             and roles have no devices"
        ),
    }
}
