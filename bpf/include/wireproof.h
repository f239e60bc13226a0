/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the datapath programs and the agent agree on. agent/kernel/datapath-layout.ts mirrors every struct here. */
#ifndef WIREPROOF_H
#define WIREPROOF_H

/*
 * Marks. XFRM policies and states match on mark & MARK_MASK: what it is in bits 8 to 11, and of what has been decrypted
 * the number of the node whose association did it in the 24 bits around them, the lower 8 below, the others above bit 16.
 * Bits 12 to 15 are left to others: kube-proxy has two of them.
 */
#define MARK_MASK	0xffff0fffu
#define MARK_KIND_MASK	0x00000f00u
#define MARK_ENCRYPT	0x0e00u
#define MARK_DECRYPTED	0x0d00u
#define MARK_ASKED	0x0c00u	/* in clear, by a node in scope; 24 bits of the SPI under which it should be sent to then */
/* Of a pod, to an address that is neither a pod's nor a node's: netfilter may give it another, and then it is decided about again. */
#define MARK_UNSETTLED	0x0b00u
#define MARK_UNJUDGED	0x0a00u	/* the same, and the pod's network policy waits for that other address */
#define MARK_NODE_LOW	0xffu
#define MARK_NODE_SHIFT	8	/* of the other 16 */

/* Addresses of both families in 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct address {
	__u8 bytes[16];
};

struct ipcache_key {
	__u32 prefix_length;	/* of the 128 bits */
	struct address address;
};

#define IPCACHE_PROTECTED	1u	/* pod traffic: encrypted between nodes */
#define IPCACHE_OUT_OF_SCOPE	2u	/* of a pod: not with another that has this as well */
#define IPCACHE_NODE_IN_SCOPE	4u	/* of a node's own address: its own traffic is encrypted as pods' is */
#define IPCACHE_NODE_KEYLESS	8u	/* of another such node: nothing can be encrypted for it yet */
#define IPCACHE_SPI_SHIFT	8	/* of such a node: 24 bits of the SPI under which it is sent to */

/* How this agent numbers nodes: for itself only, so no two agents need agree. */
#define NODE_NONE	0u	/* no node has said that an address is its own */
#define NODE_LOCAL	1u

struct ipcache_value {
	__u32 identity;		/* 0: no pod known at this address */
	__u32 node;
	__u32 flags;
};

#define CONFIG_ENCRYPT_L3	1u
#define CONFIG_STRICT		2u
/* Without it nothing leaves or enters a pod: an agent that has not spoken yet must not mean cleartext. */
#define CONFIG_READY		4u
/* Between pods of different nodes packets go in VXLAN from node to node, and nothing else is in such VXLAN. */
#define CONFIG_OVERLAY		8u

struct config {
	__u32 flags;
};

/* Of a service's address: whether what is behind it are pods that the cluster knows, by which policies judge. */
#define SERVICE_OF_PODS		1u

struct exempt_key {
	__u16 port;	/* host byte order */
	__u16 protocol;
};

/* The addresses that the pod behind a device has; all zero where it has none of the family. */
struct pod {
	struct address ipv4;
	struct address ipv6;
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
	REASON_UNKNOWN_NODE,
	REASON_POLICY_DENIED,
	REASON_OUT_OF_SCOPE,
	REASON_EXEMPT,
	REASON_SERVICE,
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
	__u16 padding;
	__u32 rule;
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
	__u32 rule;		/* of the policy that decided; 0: none did */
};

#endif
