# Every task of the project. It needs cargo, a C linker and the package index that pip is set up for; nothing else.

PACKAGE := python/lex_learning
FEATURES := crates/features-pipeline-python
RUNTIME := cargo run --quiet --package lex-runtime --features prepare --
# Read once, and only by the targets that use them.
PYTHON = $(eval PYTHON := $$(shell $(RUNTIME) path))$(PYTHON)
TOOLS = $(eval TOOLS := $$(shell $(RUNTIME) tools))$(TOOLS)
TARGET = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# Bytecode beside the sources would make cargo build again.
WITH_TOOLS = PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$(TOOLS):$(CURDIR)/$(PACKAGE)/src"

.DEFAULT_GOAL := help
.PHONY: help test test-rust test-app test-python lint lint-rust lint-python format lock prepare python-path bundle runtime-vendor bench bench-features features-wheel test-features-wheel clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: lint test-rust test-app test-python ## Run every test and every lint

test-rust: ## Run the Rust tests and the examples in the documentation
	cargo test --workspace
	cargo test --workspace --features features-pipeline/lex --test lex

test-app: ## Build and run the app of examples/app, as a user of the crate would
	cd examples/app && cargo run --target-dir ../../target

test-python: ## Run the Python tests on the bundled interpreter; ARGUMENTS="-k name" narrows them
	$(WITH_TOOLS) "$(PYTHON)" -P -m pytest $(PACKAGE)/tests $(ARGUMENTS)

lint: lint-rust lint-python ## Check formatting, lints, types and documentation

lint-rust:
	cargo fmt --all --check
	cargo fmt --manifest-path $(FEATURES)/Cargo.toml --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --all-targets --features features-pipeline/lex -- -D warnings
	cargo clippy --no-default-features --lib -- -D warnings
	cargo clippy --no-default-features --features native --lib --test native -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features features-pipeline/lex --no-deps

lint-python:
	"$(TOOLS)/bin/ruff" check $(PACKAGE) $(FEATURES)
	"$(TOOLS)/bin/ruff" format --check $(PACKAGE) $(FEATURES)
	cd $(PACKAGE) && $(WITH_TOOLS) "$(PYTHON)" -P -m mypy
	cd $(FEATURES) && $(WITH_TOOLS) "$(PYTHON)" -P -m mypy

format: ## Format the Rust and the Python sources
	cargo fmt --all
	cargo fmt --manifest-path $(FEATURES)/Cargo.toml
	"$(TOOLS)/bin/ruff" check --fix --exit-zero $(PACKAGE) $(FEATURES)
	"$(TOOLS)/bin/ruff" format $(PACKAGE) $(FEATURES)

lock: ## Pin the newest Python packages again, for every platform (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: see https://docs.astral.sh/uv/" >&2; exit 1; }
	cd $(PACKAGE) && for name in requirements requirements-tensorflow requirements-dev; do \
		uv pip compile --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-annotate \
			-o $$name.lock $$name.in || exit 1; done

prepare: ## Make the bundled Python ready in the user's cache folder, and print where
	@$(RUNTIME) prepare

python-path: ## Print the path of the bundled interpreter, and nothing else
	@$(RUNTIME) path

bundle: ## Copy the runtime to DEST=folder, to ship with an app as runtime/python/<platform>
	@test -n "$(DEST)" || { echo "name the folder: make bundle DEST=runtime/python/linux-x86_64" >&2; exit 2; }
	@$(RUNTIME) bundle "$(DEST)"

runtime-vendor: ## Download the pinned interpreter of PLATFORM=name, to be committed
	@test -n "$(PLATFORM)" || { echo "name the platform: make runtime-vendor PLATFORM=linux-aarch64" >&2; exit 2; }
	@$(RUNTIME) vendor "$(PLATFORM)"

bench: ## Run the benchmarks (a release build: the first takes long)
	LEX_LEARNING_TOOLS="$(TOOLS)" cargo bench --bench engine --features benchmark
	$(WITH_TOOLS) LEX_LEARNING_PYTHON="$(PYTHON)" cargo bench --bench native

bench-features: ## Measure the features beside Polars and pandas; ROWS=10000,10000000 names other sizes
	$(WITH_TOOLS) LEX_LEARNING_PYTHON="$(PYTHON)" cargo bench --package features-pipeline --bench pipeline_bench

features-wheel: ## Build the Python package of features-pipeline into target/wheels (a release build: the first takes long)
	PYTHONDONTWRITEBYTECODE=1 CARGO_TARGET_DIR="$(TARGET)/features-python" \
		"$(PYTHON)" -P -m pip wheel --no-deps --wheel-dir "$(TARGET)/wheels" ./$(FEATURES)

test-features-wheel: features-wheel ## Lint and test that package, beside the command line
	cargo clippy --manifest-path $(FEATURES)/Cargo.toml --target-dir "$(TARGET)/features-lint" -- -D warnings
	cargo build --package features-pipeline
	rm -rf "$(TARGET)/features-wheel"
	PYTHONDONTWRITEBYTECODE=1 "$(PYTHON)" -P -m pip install --quiet --no-deps --no-index --find-links "$(TARGET)/wheels" \
		--target "$(TARGET)/features-wheel" features-pipeline
	cd $(FEATURES) && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$(TARGET)/features-wheel:$(TOOLS)" \
		FEATURES_PIPELINE="$(TARGET)/debug/features-pipeline" "$(PYTHON)" -P -m pytest $(ARGUMENTS)

clean: ## Remove what builds made here; the prepared runtimes in the user's cache folder stay
	cargo clean
	rm -rf $(PACKAGE)/.mypy_cache $(PACKAGE)/.pytest_cache $(PACKAGE)/.ruff_cache .pytest_cache .ruff_cache
	find $(PACKAGE) -name __pycache__ -type d -prune -exec rm -rf {} +
