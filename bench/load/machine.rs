//! Which machine this is, and which versions run on it.

use std::fs::read_to_string;
use std::process::Command;

use crate::stage::Failure;

const NODE: &[&str] = &["--version"];
/// What it installs for itself.
const OTHER_NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/peers/better-auth/node_modules/.bin/node");

pub fn description() -> Result<String, Failure> {
    let cpu = read_to_string("/proc/cpuinfo")?;
    let of_cpu = |name: &str| {
        let line = cpu.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
        line.unwrap_or("unknown").trim().to_owned()
    };
    let flags = of_cpu("flags");
    let has = |flag: &str| flags.split(' ').any(|other| other == flag);
    let vectors = if has("avx512f") {
        "AVX-512"
    } else if has("avx2") {
        "AVX2"
    } else {
        "neither AVX-512 nor AVX2"
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = read_to_string("/proc/meminfo")?;
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let memory: u64 = memory.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    let versions = [
        ("Linux", version("uname", &["-r"]).split('-').next().unwrap_or_default().to_owned()),
        ("", version("rustc", &["--version"])),
        ("Node.js", format!("{} (the tutorial) and {} (the others)", version("node", NODE), version(OTHER_NODE, NODE))),
        ("", version("python3", &["--version"])),
    ];
    let versions: Vec<String> =
        versions.iter().map(|(name, version)| format!("{name} {version}").trim().to_owned()).collect();
    let today = version("date", &["--utc", "+%Y-%m-%d"]);
    Ok(format!(
        "Measured on {today}: {} ({vectors}), {cores} cores, {} GiB; {}.\n",
        of_cpu("model name"),
        memory / 1024 / 1024,
        versions.join(", ")
    ))
}

fn version(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("no {program}"))
}
