//! One request of the Query protocol: its parameters and the claim of who signed it.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::action::Action;
use super::refusal::Refusal;
use crate::sigv4::{Authorization, Malformed, Request};

/// A request as it came, and its parameters.
pub(crate) struct Incoming {
    pub(crate) request: Request,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) claim: Result<Option<Authorization>, Malformed>,
}

impl Incoming {
    /// Reads parameters from the query and, for a form, from the body.
    pub(crate) fn read(request: Request) -> Self {
        let mut parameters = form(&request.query);
        let typed = request.header("content-type").next().unwrap_or_default();
        if request.method == "POST" && typed.starts_with("application/x-www-form-urlencoded") {
            parameters.extend(form(&String::from_utf8_lossy(&request.body)));
        }
        let claim = Authorization::of(&request);
        Self { request, parameters, claim }
    }

    pub(crate) fn action(&self) -> Result<Action, Refusal> {
        Action::find(
            self.get("Action").unwrap_or_default(),
            self.get("Version").unwrap_or_default(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The values of `Name.member.1`, `.2`, … with the given ending, until a number is missing.
    pub(crate) fn members(&self, list: &str, ending: &str) -> Vec<&str> {
        let numbered = |number| self.get(&format!("{list}.member.{number}{ending}"));
        (1..).map_while(numbered).collect()
    }
}

/// Decodes `a=b&c=d` with `+` for a space.
fn form(text: &str) -> BTreeMap<String, String> {
    let decode =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
