/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WIREPROOF_MAPS_H
#define WIREPROOF_MAPS_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "wireproof.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

/* Other sizes where another layout is asked for, as a later version may have: see the Makefile. */
#ifdef NEXT_LAYOUT
#define IPCACHE_ENTRIES (1 << 19)
#define FLOWS 8192
#else
#define IPCACHE_ENTRIES (1 << 20)
#define FLOWS 16384
#endif

/*
 * Who is behind an address. Single addresses, pods' and nodes', as many as the agent says when it loads this: where there
 * are many thousands, finding one here takes a fraction of the time that it takes in a trie.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct address);
	__type(value, struct ipcache_value);
} hosts SEC(".maps");

/* All other prefixes: pod CIDRs of nodes, the ranges that pods will come from, and single addresses hosts had no room for. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, IPCACHE_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ipcache_key);
	__type(value, struct ipcache_value);
} ipcache SEC(".maps");

/* Services that a node in scope may ask another in clear while it has no keys for it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct exempt_key);
	__type(value, __u8);
} exempt SEC(".maps");

/* Addresses of services, which stand for pods: whoever sends to one meets another address behind it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct address);
	__type(value, __u8);
} services SEC(".maps");

/* Device index of the host's side of a pod's veth pair -> the pod's addresses. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct pod);
} pods SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HOOKS * VERDICTS * REASONS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS);
	__type(key, struct flow_key);
	__type(value, struct flow_state);
} flows SEC(".maps");

/* 47,000 events: what a million a second are in the longest pause of an agent that has garbage to collect. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} events SEC(".maps");

/* Events that found the ring full. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

#endif
