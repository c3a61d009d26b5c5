use std::fs;
use std::path::Path;

use crate::common::World;

#[test]
fn the_scripts_in_the_repository_are_what_the_binary_prints() {
    let world = World::without_mfa();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../completions");
    for (shell, file) in [
        ("bash", "keyward.bash"),
        ("zsh", "_keyward"),
        ("fish", "keyward.fish"),
        ("powershell", "keyward.ps1"),
        ("elvish", "keyward.elv"),
    ] {
        let printed = world.sandbox.run(["completions", shell]);
        printed.success();
        let kept = fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(printed.stdout, kept, "keyward completions {shell} > completions/{file}");
    }
}

/// What bash offers for `words`, the last of which is being typed.
fn offered(world: &World, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let run = world
        .sandbox
        .keyward([&["--"], words].concat())
        .env("KEYWARD_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_IFS", "\n")
        .run();
    run.success();
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn profile_names_come_from_the_config_file_as_it_is_now() {
    let world = World::without_mfa();
    assert_eq!(offered(&world, &["keyward", "exec", "de"]), ["deploy"]);
    world.sandbox.write_config("[profile dev]\n[profile demo]\n[profile prod]\n");
    assert_eq!(offered(&world, &["keyward", "exec", "de"]), ["dev", "demo"]);
    assert_eq!(offered(&world, &["keyward", "export", "p"]), ["prod"]);
}

#[test]
fn subcommands_and_formats_complete() {
    let world = World::without_mfa();
    assert!(offered(&world, &["keyward", "comp"]).contains(&"completions".to_owned()));
    assert_eq!(offered(&world, &["keyward", "export", "--format", "po"]), ["powershell"]);
}

#[test]
fn a_name_that_a_shell_would_run_is_not_offered() {
    let world = World::without_mfa();
    world.sandbox.write_config("[profile prod-$(touch x)]\n[profile prod]\n");
    assert_eq!(offered(&world, &["keyward", "exec", "pro"]), ["prod"]);
}
