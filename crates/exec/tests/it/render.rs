use crate::Sample;
use keyward_exec::{Format, RenderError, render};

pub(crate) fn shown(format: Format, sample: &Sample) -> String {
    let text = render(format, &sample.handout());
    text.map(|text| text.expose().to_owned()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn env_is_plain_lines_as_with_aws_vault() {
    assert_eq!(
        shown(Format::Env, &Sample::session()),
        "AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEXAMPLE//==
AWS_CREDENTIAL_EXPIRATION=2026-01-02T03:04:05Z
AWS_REGION=eu-west-1
AWS_DEFAULT_REGION=eu-west-1
AWS_ACCOUNT_ID=123456789012
"
    );
    assert_eq!(shown(Format::Dotenv, &Sample::session()), shown(Format::Env, &Sample::session()));
}

#[test]
fn what_is_unknown_is_left_out() {
    assert_eq!(
        shown(Format::Env, &Sample::key()),
        "AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
"
    );
}

#[test]
fn export_env_unsets_what_would_contradict_and_is_one_group() {
    assert_eq!(
        shown(Format::ExportEnv, &Sample::key()),
        "{
unset AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION AWS_ACCOUNT_ID AWS_SECURITY_TOKEN \
AWS_SESSION_EXPIRATION AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI \
AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN \
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE KEYWARD_REGION;
export AWS_ACCESS_KEY_ID='ASIAIOSFODNN7EXAMPLE';
export AWS_SECRET_ACCESS_KEY='wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
}
"
    );
}

#[test]
fn json_is_the_credential_process_contract() {
    assert_eq!(
        shown(Format::Json, &Sample::session()),
        r#"{
  "Version": 1,
  "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
  "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  "SessionToken": "IQoJb3JpZ2luX2VjEXAMPLE//==",
  "Expiration": "2026-01-02T03:04:05Z",
  "AccountId": "123456789012"
}
"#
    );
    assert!(!shown(Format::Json, &Sample::key()).contains("null"));
}

#[test]
fn ini_is_a_section_of_a_credentials_file() {
    assert_eq!(
        shown(Format::Ini, &Sample::session()),
        "[prod]
aws_access_key_id=ASIAIOSFODNN7EXAMPLE
aws_secret_access_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
aws_session_token=IQoJb3JpZ2luX2VjEXAMPLE//==
aws_credential_expiration=2026-01-02T03:04:05Z
region=eu-west-1
"
    );
}

#[test]
fn powershell_doubles_every_quote_it_knows() {
    let text = shown(Format::PowerShell, &Sample::with_token("a'b‘c’d‚e‛f\"g$h"));
    assert!(text.contains("$Env:AWS_SESSION_TOKEN = 'a''b‘‘c’’d‚‚e‛‛f\"g$h'\n"), "{text}");
    assert!(text.starts_with("$Env:AWS_SECURITY_TOKEN = $null\n"), "{text}");
}

#[test]
fn dotenv_quotes_only_what_is_odd_and_as_most_readers_agree() {
    for (token, line) in [
        ("a b#$x", "AWS_SESSION_TOKEN='a b#$x'\n"),
        ("it's \"$x\" `y` \\", r#"AWS_SESSION_TOKEN="it's \"\$x\" \`y\` \\""#),
    ] {
        let text = shown(Format::Dotenv, &Sample::with_token(token));
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_value_that_could_break_out_of_its_line_is_refused() {
    for value in ["a\nb", "a\rb", "a\0b", "a\u{1b}[2Jb", "a\u{9b}b"] {
        for format in Format::ALL {
            let outcome = render(format, &Sample::with_token(value).handout());
            if format == Format::Json {
                assert!(outcome.is_ok());
            } else {
                let variable = "AWS_SESSION_TOKEN";
                assert_eq!(outcome.unwrap_err(), RenderError::Unfit { variable, format });
            }
        }
    }
    let spaced = Sample::with_token("a ;comment");
    assert!(render(Format::Ini, &spaced.handout()).is_err());
    assert!(render(Format::Env, &spaced.handout()).is_ok());
}

#[test]
fn formats_go_by_their_names() {
    let names = Format::ALL.map(Format::name);
    assert_eq!(names, ["env", "export-env", "json", "ini", "fish", "powershell", "dotenv"]);
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert!("xml".parse::<Format>().is_err());
}
