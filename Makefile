.PHONY: run test check bench ladder growth soak import hash miri emulated timing overload fuzz mutants sbom
run: ; cargo run --release
test: ; scripts/test
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps -p bulla-argon2 -p bulla-seal -p bulla-token
	cargo deny check
bench: ; scripts/with-database mysql cargo bench --workspace --bench load -- all
ladder: ; cargo bench --workspace --bench load -- ladder
growth: ; cargo bench --workspace --bench load -- growth
soak: ; cargo bench --workspace --bench load -- soak
import: ; scripts/with-database mysql cargo bench --workspace --bench import
hash: ; cargo bench --workspace --bench hash
miri: ; cargo +nightly miri test -p bulla-argon2 --lib --test vectors --test argon2_crate
emulated: ; scripts/emulated
timing: ; cargo bench --workspace --bench timing
overload: ; cargo bench --workspace --bench overload
fuzz: ; scripts/fuzz
mutants: ; scripts/mutants
sbom: ; scripts/sbom
