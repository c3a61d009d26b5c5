//! A second look at answers. The SDK reads XML leniently; what shall become credentials must be the
//! reply to the call that was made, whole, and nothing else. The answer also tells what time it is at AWS.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;
use jiff::fmt::rfc2822::DateTimeParser;
use keyward_creds::Timestamp;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// STS's answers have a few kilobytes.
const LARGEST: usize = 1 << 20;

/// Looks at every answer to one kind of call.
#[derive(Debug, Clone)]
pub(super) struct AnswerCheck {
    call: &'static str,
    date: Arc<Mutex<Option<Timestamp>>>,
}

/// What is wrong with an answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotAnAnswer(&'static str);

impl AnswerCheck {
    pub(super) fn of(call: &'static str) -> Self {
        Self { call, date: Arc::default() }
    }

    /// The time at AWS when the last answer left.
    pub(super) fn date(&self) -> Option<Timestamp> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, response: &HttpResponse) -> Result<(), NotAnAnswer> {
        if !response.status().is_success() {
            return Ok(());
        }
        let body = response.body().bytes().ok_or(NotAnAnswer("an answer that does not end"))?;
        let text =
            std::str::from_utf8(body).map_err(|_| NotAnAnswer("an answer that is not text"))?;
        let (open, close) = (
            format!("<{}Response xmlns=\"{NAMESPACE}\">", self.call),
            format!("</{}Response>", self.call),
        );
        let text = text.trim();
        let text = match text.strip_prefix("<?xml") {
            Some(rest) => rest.split_once("?>").map_or("", |(_, rest)| rest.trim_start()),
            None => text,
        };
        let inner =
            text.strip_prefix(open.as_str()).and_then(|text| text.strip_suffix(close.as_str()));
        match inner {
            Some(inner) if !inner.contains(close.as_str()) && !inner.contains("<!") => Ok(()),
            _ => Err(NotAnAnswer("something else than the answer to this call")),
        }
    }
}

impl Intercept for AnswerCheck {
    fn name(&self) -> &'static str {
        "AnswerCheck"
    }

    /// Before the body is read into memory: it may not be larger than any answer is.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = date_of(response);
        let body = response.take_body();
        *response.body_mut() = body.map(|body| SdkBody::from_body_1_x(Limited::new(body, LARGEST)));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.judge(context.response())?)
    }
}

/// The time at AWS, from the answer's `Date`.
pub(super) fn date_of(response: &HttpResponse) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(response.headers().get("date")?).ok()
}
