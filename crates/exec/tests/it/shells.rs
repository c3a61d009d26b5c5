use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyward_exec::Format;
use proptest::prelude::*;

use crate::Sample;
use crate::render::shown;

/// A shell to try things in: its name, and what it is asked to evaluate.
const SHELLS: [(&str, Format); 5] = [
    ("sh", Format::ExportEnv),
    ("dash", Format::ExportEnv),
    ("bash", Format::ExportEnv),
    ("zsh", Format::ExportEnv),
    ("fish", Format::Fish),
];

/// The shells that are here. One that is missing is named, or with `KEYWARD_REQUIRE_ALL=1` a failure.
fn shells() -> impl Iterator<Item = (&'static str, Format)> {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let all_required = std::env::var_os("KEYWARD_REQUIRE_ALL").is_some_and(|value| value == "1");
    SHELLS.into_iter().filter(move |(shell, _)| {
        let present = Command::new(shell).args(["-c", "true"]).status().is_ok();
        assert!(present || !all_required, "{shell} is missing");
        if !present {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            // Past the test runner's capture, so that a skipped test is seen and counted.
            let line = format!("SKIPPED {test}: needs {shell}\n");
            std::io::stderr().write_all(line.as_bytes()).expect("a log to write to");
        }
        present
    })
}

/// Runs a script in `home`, so that a canary would be born there.
fn run(shell: &str, script: &Path, home: &Path) -> Output {
    Command::new(shell)
        .arg(script)
        .current_dir(home)
        .env("HOME", home)
        .env("AWS_PROFILE", "stale")
        .env("AWS_SESSION_TOKEN", "stale")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{shell}: {error}"))
}

fn rendered(format: Format, token: &str) -> String {
    shown(format, &Sample::with_token(token))
}

/// Pieces with power in one shell or another.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$(touch canary)".to_owned()),
        Just("`touch canary`".to_owned()),
        Just("';touch canary;'".to_owned()),
        Just("\";touch canary;\"".to_owned()),
        Just("\\';touch canary #".to_owned()),
        Just("(touch canary)".to_owned()),
        Just("&touch canary&|touch canary|}}; touch canary;{{".to_owned()),
        Just("=ls".to_owned()),
        Just("a:=ls".to_owned()),
        Just("~:~root".to_owned()),
        "[-!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~ a-z0-9]{1,8}",
        "[^\\p{Cc}]{1,4}",
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn every_shell_gets_back_what_went_in_and_runs_none_of_it(
        tokens in prop::collection::vec(hostile(), 60),
    ) {
        let expected: Vec<u8> = tokens.iter().flat_map(|token| [token.as_bytes(), b"\0"].concat()).collect();
        for (shell, format) in shells() {
            let formats: &[Format] =
                if format == Format::Fish { &[Format::Fish] } else { &[Format::ExportEnv, Format::Env, Format::Dotenv] };
            for format in formats {
                let home = tempfile::tempdir().unwrap();
                let print = "printf '%s\\0' \"$AWS_SESSION_TOKEN\"\n";
                let script: String =
                    tokens.iter().map(|token| rendered(*format, token) + print).collect();
                fs::write(home.path().join("script"), script).unwrap();
                let output = run(shell, &home.path().join("script"), home.path());
                prop_assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected), "{} {}", shell, format);
                prop_assert!(!home.path().join("canary").exists(), "{} {}", shell, format);
            }
        }
    }
}

/// Evaluates `cut-1` … `cut-LAST`, each in a shell of its own where a syntax error ends the shell, and
/// shows what became of the old profile and the new key.
const POSIX_CUTS: &str = r#"
n=1
while [ $n -le LAST ]; do
  (
    trap 'echo "$n $AWS_PROFILE/$AWS_ACCESS_KEY_ID"' EXIT
    eval "$(cat cut-$n)" 2>/dev/null
  )
  n=$((n+1))
done
"#;
const FISH_CUTS: &str = r#"
for n in (seq 1 LAST)
  cat cut-$n | source 2>/dev/null
  echo "$n $AWS_PROFILE/$AWS_ACCESS_KEY_ID"
end
"#;

#[test]
fn text_cut_at_any_byte_does_nothing_at_all() {
    for (shell, format) in shells() {
        let (cuts, closing) =
            if format == Format::Fish { (FISH_CUTS, "end;\n") } else { (POSIX_CUTS, "}\n") };
        let whole = rendered(format, "a'b;touch canary;' \"c\" $(touch canary) \\");
        assert!(whole.ends_with(closing));
        // Only what ends the last statement may be missing.
        let last = whole.len() - closing.len() + closing.find([';', '\n']).unwrap() - 1;
        let home = tempfile::tempdir().unwrap();
        for n in 1..=last {
            fs::write(home.path().join(format!("cut-{n}")), &whole.as_bytes()[..n]).unwrap();
        }
        let script = home.path().join("script");
        fs::write(&script, cuts.replace("LAST", &last.to_string())).unwrap();
        let output = run(shell, &script, home.path());
        let expected: String = (1..=last).map(|n| format!("{n} stale/\n")).collect();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{shell}");
        assert!(!home.path().join("canary").exists(), "{shell}");

        fs::write(home.path().join("cut-1"), &whole).unwrap();
        fs::write(&script, cuts.replace("LAST", "1")).unwrap();
        let output = run(shell, &script, home.path());
        let complete = "1 /ASIAIOSFODNN7EXAMPLE\n";
        assert_eq!(String::from_utf8_lossy(&output.stdout), complete, "{shell}");
    }
}

#[test]
fn forgotten_quotes_around_the_substitution_do_no_harm_to_real_credentials() {
    for (shell, format) in shells() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("text"), shown(format, &Sample::session())).unwrap();
        let substitution = if format == Format::Fish { "(cat text)" } else { "$(cat text)" };
        let script = home.path().join("script");
        let echo = r#"echo "$AWS_PROFILE/$AWS_ACCESS_KEY_ID/$AWS_SESSION_TOKEN/$AWS_REGION""#;
        fs::write(&script, format!("eval {substitution}\n{echo}\n")).unwrap();
        let output = run(shell, &script, home.path());
        let expected = "/ASIAIOSFODNN7EXAMPLE/IQoJb3JpZ2luX2VjEXAMPLE//==/eu-west-1\n";
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{shell}");
    }
}
