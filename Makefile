# cordon: one Makefile, not recursive; each folder lists its files in its module.mk.
# `make help` says what the targets do.

BUILD   := build
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

# What ships is static and built with musl; unit tests are dynamic glibc programs (Criterion).
MUSL_CC ?= musl-gcc
CC      := gcc
CLANG   ?= clang
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
BASE := -std=gnu11 -D_GNU_SOURCE -DCORDON_VERSION='"$(VERSION)"' $(WARN) -fvisibility=hidden -MMD -MP -I. -Iinclude -g
HARDEN := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
# musl's own headers first; the kernel's and jansson's from the system's folder after them.
MUSL_FLAGS := $(BASE) $(HARDEN) -idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)
SYSLIB := /usr/lib/$(MULTIARCH)

CORDON_SRC :=
INIT_SRC :=
TEST_SRC :=
FUZZERS :=
SAMPLES :=
SCENARIOS :=
CLEAN_DOC :=

include $(wildcard */module.mk)

# --- the three ways every source is compiled: ship (musl), unit (glibc), san (glibc, sanitizers) ---
ship_obj = $(patsubst %.c,$(BUILD)/ship/%.o,$(filter %.c,$(1))) $(patsubst %.S,$(BUILD)/ship/%.o,$(filter %.S,$(1)))
unit_obj = $(patsubst %.c,$(BUILD)/unit/%.o,$(1))
san_obj  = $(patsubst %.c,$(BUILD)/san/%.o,$(1))
SAN := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LIB_SRC := $(filter-out cli/main.c,$(filter %.c,$(CORDON_SRC)))

.DEFAULT_GOAL := all
.PHONY: all deps demo check check-unit check-scenarios check-slow fuzz lint format bench install uninstall clean help

all: $(BUILD)/cordon nesters samples ## build cordon, the nesters and the samples

include mk/rules.mk

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
