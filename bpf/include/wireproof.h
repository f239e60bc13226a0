/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the datapath programs and the agent agree on. agent/kernel/datapath-layout.ts mirrors every struct here. */
#ifndef WIREPROOF_H
#define WIREPROOF_H

/* Marks. XFRM policies and states match on mark & MARK_MASK; the node id of the peer is in the upper half. */
#define MARK_MASK	0xffff0f00u
#define MARK_ENCRYPT	0x0e00u
#define MARK_DECRYPTED	0x0d00u
#define MARK_NODE_SHIFT	16

/* Addresses of both families in 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct address {
	__u8 bytes[16];
};

struct ipcache_key {
	__u32 prefix_length;	/* of the 128 bits */
	struct address address;
};

#define IPCACHE_PROTECTED	1u	/* pod traffic: encrypted between nodes */

struct ipcache_value {
	__u32 identity;		/* 0: no pod known at this address */
	__u16 node_id;
	__u16 flags;
};

#define CONFIG_ENCRYPT_L3	1u
#define CONFIG_STRICT		2u
/* Without it nothing leaves or enters a pod: an agent that has not spoken yet must not mean cleartext. */
#define CONFIG_READY		4u

struct config {
	__u32 flags;
	__u16 local_node_id;
	__u16 padding;
};

enum hook { HOOK_FROM_POD, HOOK_TO_WIRE, HOOK_FROM_WIRE, HOOK_TO_POD, HOOKS };
enum verdict { VERDICT_FORWARDED, VERDICT_ENCRYPTED, VERDICT_DECRYPTED, VERDICT_CLEAR, VERDICT_DROPPED, VERDICTS };
enum reason {
	REASON_SAME_NODE,
	REASON_NOT_PROTECTED,
	REASON_ENCRYPTION_OFF,
	REASON_PROTECTED,
	REASON_CLEAR_ON_WIRE,
	REASON_CLEAR_FROM_WIRE,
	REASON_WRONG_NODE,
	REASON_SPOOFED_SOURCE,
	REASON_MALFORMED,
	REASON_NOT_CONFIGURED,
	REASONS
};

/* The index into the counters map is ((hook * VERDICTS) + verdict) * REASONS + reason. */

struct counter {
	__u64 packets;
	__u64 bytes;
};

/* What the datapath remembers of a flow at one hook, to say something only when there is something to say. */
struct flow_key {
	struct address source;
	struct address destination;
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 hook;
	__u16 padding;
};

struct flow_state {
#ifdef NEXT_LAYOUT
	__u64 next_version;	/* every field moves: see the Makefile */
#endif
	__u64 reported;		/* ktime of the last event, ns; 0: none yet */
	__u64 packets;		/* since that event */
	__u64 bytes;
	__u8 verdict;		/* as in that event */
	__u8 reason;
	__u8 padding[6];
};

struct flow_event {
	__u64 time;		/* ktime, ns */
	struct address source;
	struct address destination;
	__u64 packets;		/* since the last event about this flow at this hook */
	__u64 bytes;
	__u16 source_port;	/* host byte order; 0 where the protocol has none */
	__u16 destination_port;
	__u8 protocol;
	__u8 hook;
	__u8 verdict;
	__u8 reason;
	__u32 source_identity;
	__u32 destination_identity;
	__u32 mark;
	__u32 padding;
};

#endif
