# SPDX-License-Identifier: MIT
# A short way to the commands that matter; the build itself is CMake's.

PRESET ?= default
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: all run test format check-format tidy analyze coverage install clean macos bench soak

all:
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET) -j $(JOBS)

# An echo server and its many clients; see scripts/run.sh.
run:
	@bash scripts/run.sh

# Every test of a preset: make test PRESET=asan
test:
	@bash scripts/install-deps.sh test
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET) -j $(JOBS)
	ctest --preset $(PRESET) -j $(JOBS)

format:
	@bash scripts/format.sh

check-format:
	@bash scripts/format.sh --check

tidy:
	@bash scripts/tidy.sh

analyze:
	@bash scripts/analyze.sh

# Which lines and branches the tests take; a quarter of an hour.
coverage:
	@bash scripts/coverage.sh

install:
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	cmake --install build/release --prefix $(PREFIX)

macos:
	@bash scripts/macos.sh

# libmio beside other libraries, in a quarter of an hour at most; in two minutes: make bench QUICK=1
bench:
	@bash scripts/install-deps.sh bench
	@bash bench/run.sh $(if $(QUICK),--quick)

# An hour of the examples under unpleasant clients; less: make soak SOAK_SECONDS=600
soak: all
	@EXAMPLES_DIR=build/$(PRESET)/examples SOAK_SECONDS=$(or $(SOAK_SECONDS),3600) \
	    bash tests/soak/run.sh

clean:
	rm -rf build
