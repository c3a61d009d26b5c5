//! Answers as they go over the wire, and the many ways to spoil one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::action::{Action, Service};
use super::fault::Nonsense;
use super::refusal::Refusal;
use super::xml::{Xml, escape};

/// Status and document of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
}

impl Answer {
    /// `<ActionResponse><ActionResult>…`; IAM calls that return nothing have no result element.
    pub(crate) fn success(action: Action, content: Vec<Xml>, request_id: &str) -> Self {
        let (name, namespace) = (action.name(), action.service().namespace());
        let mut inside = String::new();
        content.iter().for_each(|element| element.write(&mut inside));
        if !content.is_empty() {
            inside = format!("<{name}Result>{inside}</{name}Result>");
        }
        let text = format!(
            "<{name}Response xmlns=\"{namespace}\">{inside}<ResponseMetadata><RequestId>\
             {request_id}</RequestId></ResponseMetadata></{name}Response>"
        );
        Self { status: 200, content_type: "text/xml", text }
    }

    pub(crate) fn refusal(refusal: &Refusal, service: Service, request_id: &str) -> Self {
        let namespace = service.namespace();
        let text = format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}\
             </Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            refusal.blames(),
            refusal.code,
            escape(&refusal.message),
        );
        Self { status: refusal.status, content_type: "text/xml", text }
    }

    /// Turns a good answer into a bad one that still says 200.
    pub(crate) fn spoil(&mut self, how: Nonsense) {
        let real = std::mem::take(&mut self.text);
        self.status = 200;
        self.text = match how {
            Nonsense::Html => {
                self.content_type = "text/html";
                "<!DOCTYPE html><html><body>Please log in to Free WiFi</body></html>".to_owned()
            }
            Nonsense::Empty => String::new(),
            Nonsense::Truncated => real[..real.len() * 2 / 3].to_owned(),
            Nonsense::OtherRoot => real.replace("Response", "Reply"),
            Nonsense::NoNamespace => match (real.find(" xmlns"), real.find('>')) {
                (Some(start), Some(end)) => format!("{}{}", &real[..start], &real[end..]),
                _ => real,
            },
            Nonsense::Json => {
                self.content_type = "application/json";
                serde_json::json!({ "message": real }).to_string()
            }
            Nonsense::Doctype => format!("<!DOCTYPE x [<!ENTITY e \"v\">]>{real}"),
            Nonsense::Twice => format!("{real}{real}"),
            Nonsense::MissingField => without(&without(&real, "SecretAccessKey"), "Arn"),
            Nonsense::BadExpiration => {
                let (start, end) = span(&real, "Expiration").unwrap_or_default();
                format!("{}<Expiration>next week</Expiration>{}", &real[..start], &real[end..])
            }
            Nonsense::Huge => {
                let at = real.find('>').map_or(0, |end| end + 1);
                format!("{}{}{}", &real[..at], " ".repeat(65 << 20), &real[at..])
            }
        };
    }
}

/// Where the element lies in the text, tags included.
fn span(text: &str, element: &str) -> Option<(usize, usize)> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let start = text.find(&open)?;
    Some((start, start + text[start..].find(&close)? + close.len()))
}

fn without(text: &str, element: &str) -> String {
    let (start, end) = span(text, element).unwrap_or_default();
    format!("{}{}", &text[..start], &text[end..])
}

/// How the bytes of an answer leave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Delivery {
    #[default]
    AtOnce,
    /// After a wait; `None` waits for ever.
    Late(Option<Duration>),
    Dripping(Duration),
    HalfThenClose,
    CloseUnanswered,
}

/// A body that can stop half-way or come byte by byte. It announces its full length all the same.
pub(crate) struct Outgoing {
    announced: usize,
    rest: Bytes,
    breaks: bool,
    drip: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Outgoing {
    pub(crate) fn new(text: String, delivery: Delivery) -> Self {
        let announced = text.len();
        let mut rest = Bytes::from(text);
        let breaks = matches!(delivery, Delivery::HalfThenClose);
        if breaks {
            rest.truncate(announced / 2);
        }
        let drip = match delivery {
            Delivery::Dripping(pause) => Some((pause, Box::pin(sleep(pause)))),
            _ => None,
        };
        Self { announced, rest, breaks, drip }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        if self.rest.is_empty() {
            return Poll::Ready(self.breaks.then_some(Err(Interrupted)));
        }
        let mut size = self.rest.len();
        if let Some((pause, nap)) = &mut self.drip {
            ready!(nap.as_mut().poll(context));
            *nap = Box::pin(sleep(*pause));
            size = 1;
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced as u64)
    }
}

/// The connection is to be closed in the middle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Interrupted {}
