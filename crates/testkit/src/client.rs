//! The smallest AWS client: one signed call over plain HTTP on a fresh connection. Tests and `whoami`
//! use it; it shares nothing with the client under test.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::sigv4::{self, Request, SigningKey};
use crate::{Action, clock};

const PATIENCE: Duration = Duration::from_secs(20);

/// Status and body of an answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header lines as sent.
    pub head: String,
    /// The document.
    pub body: String,
}

impl Reply {
    /// The text of the first element of this name.
    pub fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    /// `OK`, or the error code.
    pub fn outcome(&self) -> &str {
        if self.status == 200 { "OK" } else { self.element("Code").unwrap_or("no code") }
    }
}

/// A caller: where to, signed by whom.
#[derive(Clone)]
pub struct Client {
    endpoint: String,
    key: Option<Key>,
    region: String,
}

#[derive(Clone)]
struct Key {
    id: String,
    secret: String,
    token: Option<String>,
}

impl Client {
    /// Calls `endpoint`, as in `http://127.0.0.1:1234`, unsigned.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into(), key: None, region: "us-east-1".to_owned() }
    }

    /// Signs with these credentials from now on.
    pub fn signed_by(mut self, id: &str, secret: &str, token: Option<&str>) -> Self {
        let token = token.map(str::to_owned);
        self.key = Some(Key { id: id.to_owned(), secret: secret.to_owned(), token });
        self
    }

    /// Signs with the credentials in a reply of STS; `None` when it holds none.
    pub fn with_credentials_of(&self, reply: &Reply) -> Option<Self> {
        let element = |name| reply.element(name);
        let (id, secret) = (element("AccessKeyId")?, element("SecretAccessKey")?);
        Some(self.clone().signed_by(id, secret, element("SessionToken")))
    }

    /// Signs for this region from now on; `us-east-1` when left out.
    pub fn in_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// Makes one call. Fails when the endpoint is not `http://host:port` or the answer is no HTTP.
    pub fn call(&self, action: Action, parameters: &[(&str, &str)]) -> io::Result<Reply> {
        self.send(self.request(action, parameters)?)
    }

    /// The call, signed, ready to be sent or tampered with.
    pub fn request(&self, action: Action, parameters: &[(&str, &str)]) -> io::Result<Request> {
        let service = action.service();
        let mut body = format!("Action={}&Version={}", action.name(), service.version());
        for (name, value) in parameters {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        let content_type = "application/x-www-form-urlencoded; charset=utf-8";
        let mut request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: vec![
                ("host".to_owned(), self.host()?.to_owned()),
                ("content-type".to_owned(), content_type.to_owned()),
            ],
            body: body.into_bytes(),
        };
        if let Some(key) = &self.key {
            let key = SigningKey { id: &key.id, secret: &key.secret, token: key.token.as_deref() };
            sigv4::sign(&mut request, key, &self.region, service.scope_name(), clock::now());
        }
        Ok(request)
    }

    /// Sends a request as it is and reads until the server closes.
    pub fn send(&self, request: Request) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(self.host()?)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut head = format!("{} {}", request.method, request.path);
        if !request.query.is_empty() {
            head.push_str(&format!("?{}", request.query));
        }
        head.push_str(" HTTP/1.1\r\n");
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            request.body.len()
        ));
        stream.write_all(head.as_bytes())?;
        stream.write_all(&request.body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        parse(&String::from_utf8_lossy(&answer))
    }

    fn host(&self) -> io::Result<&str> {
        let host = self.endpoint.strip_prefix("http://").map(|host| host.trim_end_matches('/'));
        host.ok_or_else(|| io::Error::other("the endpoint is not `http://host:port`"))
    }
}

fn parse(answer: &str) -> io::Result<Reply> {
    let not_http = || io::Error::other("the answer is no HTTP response");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(not_http)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let announced = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    if announced.is_some_and(|length| body.len() < length) {
        return Err(io::Error::other("the answer stopped half-way"));
    }
    let status = status.ok_or_else(not_http)?;
    Ok(Reply { status, head: head.to_owned(), body: body.to_owned() })
}
