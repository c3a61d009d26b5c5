//! Who claims to have signed a request, read from its header or, for a presigned URL, its query.

use percent_encoding::percent_decode_str;

use super::{ALGORITHM, Request, Scope};

/// The claim: key, scope, signed headers and signature. Nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Access key id.
    pub key_id: String,
    /// Date, region and service.
    pub scope: Scope,
    /// Lower-case names, as listed.
    pub signed_headers: Vec<String>,
    /// Lower-case hex.
    pub signature: String,
    /// `x-amz-date`, whichever way it was sent.
    pub date: String,
    /// The session token, whichever way it was sent.
    pub token: Option<String>,
    /// Seconds a presigned URL lives; `None` for a signed header.
    pub expires: Option<i64>,
}

/// The request has a signature that does not parse: the part that is missing or broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl Authorization {
    /// Reads the claim. `Ok(None)` when the request is not signed at all.
    pub fn of(request: &Request) -> Result<Option<Self>, Malformed> {
        if let Some(header) = request.header("authorization").next() {
            return Self::from_header(request, header).map(Some);
        }
        let parameter = |name: &str| {
            let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.into_iter().find(|(n, _)| *n == name)?.1;
            percent_decode_str(value).decode_utf8().ok().map(|text| text.into_owned())
        };
        if parameter("X-Amz-Algorithm").is_none() {
            return Ok(None);
        }
        Self::from_query(parameter).map(Some)
    }

    fn from_header(request: &Request, header: &str) -> Result<Self, Malformed> {
        let fields = header.strip_prefix(ALGORITHM).ok_or(Malformed("algorithm"))?;
        let field = |name: &'static str| {
            fields
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .find(|(n, _)| *n == name)
                .map(|(_, value)| value.to_owned())
                .ok_or(Malformed(name))
        };
        let one = |name: &'static str| request.header(name).next().map(str::to_owned);
        Self::assemble(
            &field("Credential")?,
            &field("SignedHeaders")?,
            field("Signature")?,
            one("x-amz-date").ok_or(Malformed("X-Amz-Date"))?,
            one("x-amz-security-token"),
            None,
        )
    }

    fn from_query(parameter: impl Fn(&str) -> Option<String>) -> Result<Self, Malformed> {
        let need = |name: &'static str| parameter(name).ok_or(Malformed(name));
        if need("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Malformed("algorithm"));
        }
        let expires = need("X-Amz-Expires")?.parse().map_err(|_| Malformed("X-Amz-Expires"))?;
        Self::assemble(
            &need("X-Amz-Credential")?,
            &need("X-Amz-SignedHeaders")?,
            need("X-Amz-Signature")?,
            need("X-Amz-Date")?,
            parameter("X-Amz-Security-Token"),
            Some(expires),
        )
    }

    fn assemble(
        credential: &str,
        signed_headers: &str,
        signature: String,
        date: String,
        token: Option<String>,
        expires: Option<i64>,
    ) -> Result<Self, Malformed> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [key_id, day, region, service, "aws4_request"] = parts.as_slice() else {
            return Err(Malformed("Credential"));
        };
        let scope = Scope {
            date: (*day).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
        };
        let signed_headers = signed_headers.split(';').map(str::to_owned).collect();
        Ok(Self {
            key_id: (*key_id).to_owned(),
            scope,
            signed_headers,
            signature,
            date,
            token,
            expires,
        })
    }
}
