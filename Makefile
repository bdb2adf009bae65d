.PHONY: run test check bench hash verify miri timing overload fuzz mutants sbom
run: ; cargo run --release
test: ; scripts/test
check: ; cargo fmt --all --check && cargo clippy --workspace --all-targets --release -- -D warnings && cargo deny check
bench: ; cargo bench --bench login --bench import
hash: ; cargo bench --bench hash
verify: ; cargo bench --bench verify
miri: ; cargo +nightly miri test -p bulla-argon2 --lib --test vectors --test argon2_crate
timing: ; cargo bench --bench timing
overload: ; cargo bench --bench overload
fuzz: ; scripts/fuzz
mutants: ; scripts/mutants
sbom: ; scripts/sbom
