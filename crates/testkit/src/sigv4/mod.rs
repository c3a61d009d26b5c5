//! AWS Signature Version 4, written from its specification and proven by AWS's own test suite.
//!
//! The fake AWS verifies with it; `whoami` and tests sign with it. Nothing here is shared with the
//! client under test, so that a mistake cannot cancel itself out.
//!
//! Order of the specification: [`canonical_request`], then [`string_to_sign`], then [`signature`].

mod authorization;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, civil, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

pub use authorization::{Authorization, Malformed};

/// The name of the algorithm, as it stands in headers.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same for a path, whose slashes and ready-made escapes stay.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/').remove(b'%');

/// An HTTP request as it is sent. Header names in any case; a repeated name is a repeated entry.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// What follows `?`, without it.
    pub query: String,
    /// Names and values in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// All values of a header, in order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| &**v)
    }
}

/// What a signing key is good for: one day, one region, one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Eight digits: `20150830`.
    pub date: String,
    /// `us-east-1`
    pub region: String,
    /// `sts`
    pub service: String,
}

impl Scope {
    /// The scope of a request made at `at`.
    pub fn new(at: Timestamp, region: &str, service: &str) -> Self {
        let date = at.strftime("%Y%m%d").to_string();
        Self { date, region: region.to_owned(), service: service.to_owned() }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// Who signs. The token belongs to temporary credentials.
#[derive(Clone, Copy)]
pub struct SigningKey<'a> {
    /// Access key id.
    pub id: &'a str,
    /// Secret access key.
    pub secret: &'a str,
    /// Session token.
    pub token: Option<&'a str>,
}

/// The time as `x-amz-date` writes it.
pub fn amz_date(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads an `x-amz-date`.
pub fn parse_amz_date(text: &str) -> Option<Timestamp> {
    let local = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(local).ok()
}

/// SHA-256 in lower-case hex.
pub fn hex_sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Task 1 of the specification. `signed` holds lower-case header names, sorted.
pub fn canonical_request(request: &Request, signed: &[String], payload_hash: &str) -> String {
    let headers: String = signed.iter().map(|name| canonical_header(request, name)).collect();
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload_hash}",
        request.method,
        canonical_path(&request.path),
        canonical_query(&request.query),
        signed.join(";"),
    )
}

fn canonical_header(request: &Request, name: &str) -> String {
    let squeeze = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    let values: Vec<String> = request.header(name).map(squeeze).collect();
    format!("{name}:{}\n", values.join(","))
}

/// Resolves dot segments and doubled slashes, then escapes what is not escaped yet.
fn canonical_path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    let directory = path.len() > 1 && (path.ends_with('/') || path.ends_with("/."));
    let end = if directory && !kept.is_empty() { "/" } else { "" };
    let normal = format!("/{}{end}", kept.join("/"));
    utf8_percent_encode(&normal, RESERVED_IN_PATH).to_string()
}

/// Sorted by escaped name, then value. The signature of a presigned URL is not part of what it signs.
fn canonical_query(query: &str) -> String {
    let escape = |text: &str| {
        let plain: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&plain, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (escape(name), escape(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Task 2. `amz_date` is the text of the header, not a re-formatted time.
pub fn string_to_sign(amz_date: &str, scope: &Scope, canonical_request: &str) -> String {
    let digest = hex_sha256(canonical_request.as_bytes());
    format!("{ALGORITHM}\n{amz_date}\n{scope}\n{digest}")
}

/// Task 3, in lower-case hex.
pub fn signature(secret: &str, scope: &Scope, string_to_sign: &str) -> String {
    let date = hmac(format!("AWS4{secret}").as_bytes(), &scope.date);
    let region = hmac(&date, &scope.region);
    let service = hmac(&region, &scope.service);
    let key = hmac(&service, "aws4_request");
    HEXLOWER.encode(&hmac(&key, string_to_sign))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Adds `x-amz-date`, the token and `authorization` to a request. Signs every header it finds.
pub fn sign(
    request: &mut Request,
    key: SigningKey<'_>,
    region: &str,
    service: &str,
    at: Timestamp,
) {
    let scope = Scope::new(at, region, service);
    let date = amz_date(at);
    request.headers.push(("x-amz-date".to_owned(), date.clone()));
    if let Some(token) = key.token {
        request.headers.push(("x-amz-security-token".to_owned(), token.to_owned()));
    }
    let mut signed: Vec<String> =
        request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    signed.sort();
    signed.dedup();
    let canonical = canonical_request(request, &signed, &hex_sha256(&request.body));
    let proof = signature(key.secret, &scope, &string_to_sign(&date, &scope, &canonical));
    let value = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={proof}",
        key.id,
        signed.join(";"),
    );
    request.headers.push(("authorization".to_owned(), value));
}

#[cfg(test)]
mod tests;
