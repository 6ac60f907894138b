# SPDX-License-Identifier: BSD-2-Clause
# The two commands of the README, and the long suites. Everything real is in meson.build and tools/.
BUILD ?= build

.PHONY: all
all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)
