.PHONY: run test check bench timing overload
run: ; cargo run --release
test: ; scripts/test
check: ; cargo fmt --all --check && cargo clippy --workspace --all-targets --release -- -D warnings && cargo deny check
bench: ; cargo bench --bench login --bench import
timing: ; cargo bench --bench timing overload
overload: ; cargo bench --bench overload
