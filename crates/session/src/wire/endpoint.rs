//! Addresses that configuration names instead of AWS's own.

use http::Uri;
use keyward_creds::text::printable;

use super::StsError;

/// Refuses what is no address of an HTTP server.
pub(super) fn check(url: &str) -> Result<(), StsError> {
    let bad = |reason| StsError::BadEndpoint { url: printable(url), reason };
    let parsed: Uri = url.parse().map_err(|_| bad("it is not an address"))?;
    match (parsed.scheme_str(), parsed.authority()) {
        (Some("https" | "http"), Some(authority)) if authority.as_str().contains('@') => {
            Err(bad("it has no user name or password in it"))
        }
        (Some("https" | "http"), Some(authority)) if !authority.host().is_empty() => Ok(()),
        _ => Err(bad("it begins with `https://` or `http://` and names a host")),
    }
}

/// True for an address on another machine to which credentials would travel unencrypted.
pub fn travels_in_clear(url: &str) -> bool {
    let Ok(parsed) = url.parse::<Uri>() else { return false };
    let host = parsed.host().unwrap_or_default();
    let is_loopback = host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    parsed.scheme_str() == Some("http") && !(is_loopback || host == "localhost" || host == "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unencrypted_calls_to_other_machines_are_worth_a_word() {
        for url in ["http://127.0.0.1:5000", "http://localhost/", "http://[::1]:80", "https://x"] {
            assert!(!travels_in_clear(url), "{url}");
        }
        for url in [
            "http://example.com",
            "HTTP://example.com",
            "http://10.0.0.1:80/x",
            "http://127x.evil.example",
            "http://127.0.0.1:80@192.0.2.2",
        ] {
            assert!(travels_in_clear(url), "{url}");
        }
    }

    #[test]
    fn an_address_names_a_host_and_nothing_secret() {
        for url in ["https://sts.example.com", "http://127.0.0.1:5000/x"] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["", "x", "ftp://x", "http://", "http://a:b@c", "http://127.0.0.1:80@192.0.2.2"]
        {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
