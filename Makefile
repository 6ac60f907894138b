# SPDX-License-Identifier: BSD-2-Clause
# The two commands of the README (`make demo`, `make check`) and the long suites. What they do is
# in meson.build and tools/. Targets that need packages install them: root or sudo.
BUILD ?= build
CHECK = python3 tools/check.py

.PHONY: all demo check check-long fuzz check-kernel check-selftests check-conformance bless-domain coverage-domain coverage-verify bench bench-verify install clean \
	check-asan check-tsan check-msan check-valgrind check-clang check-s390x check-arm64

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	tools/setup.sh demo
	meson setup $(BUILD)

demo: all
	SKEP=$(BUILD)/src/skep tools/demo.sh

# gcc, ASan with UBSan, clang, and the core library on s390x and arm64 under qemu.
check:
	@tools/setup.sh check
	@$(CHECK)

check-asan check-tsan check-msan check-valgrind check-clang check-s390x check-arm64: check-%:
	@tools/setup.sh check
	@$(CHECK) -v $*

# The full counts; each prints its count, seed and seconds.
check-long:
	@tools/setup.sh check
	@$(CHECK) --long -v --slow 10 gcc

fuzz:
	@tools/setup.sh check
	@tools/fuzz.sh

check-kernel:
	@tools/setup.sh kernel
	@tools/check_kernel.sh

# The kernel's selftests of its verifier; writes docs/parity/selftests.md.
check-selftests:
	@tools/setup.sh kernel
	@python3 tools/selftests/run.py --report docs/parity/selftests.md $(SELFTESTS)

# CONFORMANCE is a checkout of bpf_conformance, or the folder of its tests.
check-conformance: all
	@CONFORMANCE="$(CONFORMANCE)" SKEP=$(BUILD)/src/skep tools/conformance.sh

# How tight the scalar domain is at small widths, after a change that was meant.
bless-domain: all
	@tools/bless_domain.sh $(BUILD)

# Both sides of every branch of the scalar domain, by its unit test.
coverage-domain:
	@tools/setup.sh check
	@python3 tools/coverage_domain.py

# src/verify: sides of branches, and messages that no test triggers.
coverage-verify: all
	@tools/setup.sh check
	@python3 tools/coverage_verify.py -v

bench:
	@tools/setup.sh bench
	@tools/bench.sh

# The verifier beside the live kernel's.
bench-verify:
	@tools/setup.sh bench
	@tools/setup.sh kernel
	@tools/bench_verify.sh

install: all
	meson install -C $(BUILD)

clean:
	rm -rf build build-*
