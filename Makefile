# SPDX-License-Identifier: MIT
# A short way to the commands that matter; the build itself is CMake's. `make help` lists them.

PRESET  ?= default
PREFIX  ?= /usr/local
LIBDIR  ?=
DESTDIR ?=
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
export JOBS
install uninstall: export DESTDIR := $(DESTDIR)

.PHONY: all help run test check format check-format tidy analyze coverage install uninstall clean \
    macos bench lines soak abi amalgamation deb workflows adapters licences dist

# The library and the examples, in build/release
all:
	@bash scripts/build.sh release

help:
	@echo "make             the library and the examples, in build/release"
	@echo "make run         an echo server and its many clients (MIO_BACKEND=poll for that selector)"
	@echo "make test        every test (also: make check); PRESET=asan, tsan or clang for another build"
	@echo "make install     PREFIX=/usr/local, LIBDIR=lib below it, DESTDIR= before it; make uninstall"
	@echo "make amalgamation   the library as one source and one header, in build/amalgamation"
	@echo "make deb         Debian's packages, in build/deb; SYSTEM=FOLDER to install them in a bare root"
	@echo "make dist        the archive of a release, in build/dist, and packaging/'s recipes for it, tried"
	@echo "make adapters    the tests of adapters/, against OpenSSL, libcurl and others, and their servers"
	@echo "make site        guide, manual and figures as pages, in build/site; LOOK=1 for pictures of them"
	@echo "make bench       libmio beside other libraries; QUICK=1 for two rough minutes, PUBLISH=1 for docs/"
	@echo "make lines       five programs over libmio, libuv and libevent: that they do the same, and how long they are"
	@echo "make soak        an hour of the examples under unpleasant clients; SOAK_SECONDS=600 for less"
	@echo "make format, check-format, tidy, analyze, coverage, macos, abi, workflows, licences, clean: see CONTRIBUTING.md"

# See scripts/run.sh.
run:
	@bash scripts/run.sh

test check:
	@bash scripts/install-deps.sh test
	@echo "building the tests, some minutes; build/$(PRESET).log grows meanwhile"
	@bash scripts/build.sh $(PRESET)
	@bash scripts/test.sh $(PRESET) -j $(JOBS)

format:
	@bash scripts/format.sh

check-format:
	@bash scripts/format.sh --check

# Whether every file says its licence.
licences:
	@bash scripts/licences.sh

tidy:
	@bash scripts/tidy.sh

analyze:
	@bash scripts/analyze.sh

# Which lines and branches the tests take; a quarter of an hour.
coverage:
	@bash scripts/coverage.sh

# The prefix is told when it is configured: a system's own, /usr, has another library folder.
install:
	@bash scripts/build.sh release -DCMAKE_INSTALL_PREFIX="$(PREFIX)" \
	    $(if $(LIBDIR),-DCMAKE_INSTALL_LIBDIR="$(LIBDIR)",-UCMAKE_INSTALL_LIBDIR)
	@cmake --install build/release

uninstall:
	@bash scripts/uninstall.sh

# The interface as it is now becomes the one that the test `abi` compares with.
abi:
	@bash scripts/abi.sh

# The library as one source and one header, to be copied: build/amalgamation.
amalgamation:
	@bash scripts/amalgamate.sh

# Debian's packages; SYSTEM=FOLDER, a bare Debian root, to install them there.
deb:
	@bash scripts/deb.sh $(if $(SYSTEM),--system "$(SYSTEM)")

# The archive of a release, without git in it, and the recipes of packaging/ for it, tried.
dist:
	@bash scripts/dist.sh $(if $(ADDRESS),--address "$(ADDRESS)") $(if $(QUICK),--quick)

# Whether .github/workflows are well formed.
workflows:
	@bash scripts/workflows.sh

# The adapters' tests, against the libraries and servers that they are for.
adapters:
	@bash scripts/install-deps.sh adapters
	@BUILD=build/adapters TARGETS=adapter_tests bash scripts/build.sh release -DMIO_BUILD_ADAPTERS=ON
	@ctest --test-dir build/adapters -L adapters --output-on-failure

macos:
	@bash scripts/macos.sh

# libmio beside other libraries, in a quarter of an hour at most; in two minutes: make bench QUICK=1
bench:
	@bash scripts/install-deps.sh bench
	@bash bench/run.sh $(if $(QUICK),--quick) $(if $(PUBLISH),--publish)

# How long the same five programs are over libmio, libuv and libevent.
lines:
	@bash scripts/install-deps.sh lines
	@TARGETS=mio bash scripts/build.sh release
	@bash bench/lines/count.sh

# An hour of the examples under unpleasant clients; less: make soak SOAK_SECONDS=600
soak: all
	@EXAMPLES_DIR=build/release/examples SOAK_SECONDS=$(or $(SOAK_SECONDS),3600) \
	    bash tests/soak/run.sh

# Guide, manual, documents and plots as plain pages, every link followed.
.PHONY: site
site:
	@bash scripts/site.sh $(if $(LOOK),--look)

clean:
	rm -rf build
