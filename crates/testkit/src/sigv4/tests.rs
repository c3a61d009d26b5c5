use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// One block of `vectors.txt`.
struct Vector {
    name: String,
    token: Option<String>,
    request: Request,
    signature: String,
}

fn vectors() -> Vec<Vector> {
    let text = include_str!("vectors.txt");
    text.split("\n=== ").skip(1).map(parse_vector).collect()
}

fn parse_vector(block: &str) -> Vector {
    let (name, rest) = block.split_once('\n').unwrap();
    let (rest, signature) = rest.trim_end().rsplit_once("\n--- ").unwrap();
    let (token, rest) = match rest.strip_prefix("token: ").map(|rest| rest.split_once('\n')) {
        Some(Some((token, rest))) => (Some(token.to_owned()), rest),
        _ => (None, rest),
    };
    let request = parse_request(rest);
    Vector { name: name.to_owned(), token, request, signature: signature.to_owned() }
}

fn parse_request(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let unfolded = head.replace("\n ", " ");
    let mut lines = unfolded.lines();
    let line = lines.next().unwrap();
    let (method, target) = line.trim_end_matches(" HTTP/1.1").split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.map(|line| line.split_once(':').unwrap());
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn every_request_of_the_published_suite_gets_its_published_signature() {
    let vectors = vectors();
    assert!(vectors.len() == 30, "only {} vectors were read", vectors.len());
    let at = parse_amz_date("20150830T123600Z").unwrap();
    for mut vector in vectors {
        let key = SigningKey { id: "AKIDEXAMPLE", secret: SECRET, token: vector.token.as_deref() };
        sign(&mut vector.request, key, "us-east-1", "service", at);
        let claim = Authorization::of(&vector.request).unwrap().unwrap();
        assert_eq!(claim.signature, vector.signature, "{}", vector.name);
    }
}

#[test]
fn a_presigned_url_is_read_like_a_header() {
    let request = parse_request(
        "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F\
         us-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&\
         X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=abc HTTP/1.1",
    );
    let claim = Authorization::of(&request).unwrap().unwrap();
    assert_eq!(claim.key_id, "AKIDEXAMPLE");
    assert_eq!(claim.scope.to_string(), "20150830/us-east-1/sts/aws4_request");
    assert_eq!(claim.signed_headers, ["host", "x-k8s-aws-id"]);
    assert_eq!(claim.expires, Some(60));
    assert!(!canonical_query(&request.query).contains("X-Amz-Signature"));
}

#[test]
fn half_an_authorization_names_what_is_missing() {
    let mut request = parse_request("GET / HTTP/1.1\nX-Amz-Date:20150830T123600Z");
    assert!(Authorization::of(&request).unwrap().is_none());
    let header = "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host";
    request.headers.push(("Authorization".to_owned(), header.to_owned()));
    assert_eq!(Authorization::of(&request).unwrap_err(), Malformed("Signature"));
}
