//! What only the build knows, for `build_info()`. No commit: it would rebuild the crate for every one.
//!
//! Cargo tells a build script the level of optimisation, the flags and the target's features as it compiles them. What it
//! does not tell (link-time optimisation, units, checks) is what the variables `CARGO_PROFILE_…` say, or `Cargo.toml`. The
//! lab sets all of these variables, since a file of Cargo's can change a profile without a word to the script.

use std::process::Command;
use std::{env, fs};

/// What `Cargo.toml` says where it says nothing: name, in a release, when debugging.
const USUAL: [(&str, &str, &str); 6] = [
    ("opt-level", "3", "0"),
    ("lto", "false", "false"),
    ("codegen-units", "16", "256"),
    ("debug-assertions", "false", "true"),
    ("overflow-checks", "false", "true"),
    ("panic", "unwind", "unwind"),
];

/// Sets the variables that `lib.rs` reads.
pub(crate) fn write() {
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(compiler).arg("--version").output();
    let version =
        version.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let flags = variable("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    say("RUSTC", &version);
    say("TARGET", &variable("TARGET"));
    say("TARGET_FEATURES", &variable("CARGO_CFG_TARGET_FEATURE"));
    say("RUSTFLAGS", &flags);
    profile();
}

/// The profile as it is compiled, and what of it is not as `Cargo.toml` declares it.
fn profile() {
    println!("cargo:rerun-if-changed=Cargo.toml");
    let manifest = fs::read_to_string("Cargo.toml").unwrap_or_default();
    let release = variable("PROFILE") == "release";
    let section = if release { "release" } else { "dev" };
    let mut overridden = Vec::new();
    for (name, when_released, when_debugged) in USUAL {
        let usual = if release { when_released } else { when_debugged };
        let declared = declared(&manifest, section, name).unwrap_or_else(|| usual.to_owned());
        let compiled = compiled(section, name).unwrap_or_else(|| declared.clone());
        if plain(name, &compiled) != plain(name, &declared) {
            overridden.push(name);
        }
        say(&name.to_uppercase().replace('-', "_"), plain(name, &compiled));
    }
    say("PROFILE", &variable("PROFILE"));
    say("OVERRIDDEN", &overridden.join(" "));
}

/// What Cargo tells of a setting, or else the variable that sets it.
fn compiled(section: &str, name: &str) -> Option<String> {
    if name == "opt-level" {
        return Some(variable("OPT_LEVEL"));
    }
    let setting = format!("CARGO_PROFILE_{section}_{name}").to_uppercase().replace('-', "_");
    println!("cargo:rerun-if-env-changed={setting}");
    env::var(setting).ok()
}

/// What a section of `Cargo.toml` says of a setting.
fn declared(manifest: &str, section: &str, name: &str) -> Option<String> {
    let mut lines = manifest.lines().skip_while(|line| line.trim() != format!("[profile.{section}]")).skip(1);
    let own = lines.by_ref().take_while(|line| !line.trim_start().starts_with('['));
    let (_, value) = own.filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == name)?;
    let value = value.split('#').next().unwrap_or_default();
    Some(value.trim().trim_matches('"').to_owned())
}

/// One word for each meaning of a setting.
fn plain<'a>(name: &str, value: &'a str) -> &'a str {
    match (name, value) {
        ("lto", "true") => "fat",
        ("lto", "false") => "thin-local",
        (_, "true") => "on",
        (_, "false") => "off",
        _ => value,
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn say(name: &str, value: &str) {
    println!("cargo:rustc-env=EOKERNELS_{name}={value}");
}
