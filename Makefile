# SPDX-License-Identifier: MIT
# A short way to the commands that matter; the build itself is CMake's.

PRESET ?= default
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: all run test format check-format tidy install clean macos bench

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

clean:
	rm -rf build
