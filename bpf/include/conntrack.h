/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sessions of pods, so that replies pass. agent/policy/layout.ts mirrors the structs here. */
#ifndef WIREPROOF_CONNTRACK_H
#define WIREPROOF_CONNTRACK_H

#include "maps.h"
#include "packet.h"

#define SECOND_NS		1000000000ull

#define TCP_FLAGS_OFFSET	13
#define TCP_FIN			0x01
#define TCP_SYN			0x02
#define TCP_RST			0x04
#define TCP_ACK			0x10

#define ICMP_ECHO_REPLY		0
#define ICMP_ECHO_REQUEST	8
#define ICMPV6_ECHO_REQUEST	128
#define ICMPV6_ECHO_REPLY	129

/* Longer than the two hours after which TCP begins to ask whether its peer still lives (RFC 1122 section 4.2.3.6). */
#define TIMEOUT_TCP		8000
#define TIMEOUT_TCP_OPENING	60
#define TIMEOUT_TCP_CLOSED	10
#define TIMEOUT_ANSWERED	120
#define TIMEOUT_UNANSWERED	60
/* As long as Linux waits for the rest of a datagram (net.ipv4.ipfrag_time). */
#define TIMEOUT_FRAGMENTS	30

enum direction { DIRECTION_INGRESS, DIRECTION_EGRESS };

/*
 * Seen from the pod. The device is that of its veth on the host's side: an address that moves to another pod takes no
 * sessions along, and two pods of this node that talk to each other have an entry each.
 */
struct session_key {
	struct address local;
	struct address remote;
	__u32 device;
	__u16 local_port;	/* host byte order; for ICMP see set_echo() */
	__u16 remote_port;
	__u8 protocol;
	__u8 padding[3];
};

#define SESSION_ANSWERED	1u
#define SESSION_FIN_FORTH	2u	/* from whoever began */
#define SESSION_FIN_BACK	4u
#define SESSION_RESET		8u

struct session {
	__u64 seen;		/* ktime of its last packet, ns, to the second */
	__u32 set;		/* the policies it was allowed by; others now: it must be judged again */
	__u32 remote_identity;	/* the same */
	__u32 rule;
	__u8 direction;		/* of its first packet */
	__u8 flags;
	__u16 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct session_key);
	__type(value, struct session);
} sessions SEC(".maps");

struct fragment_key {
	struct address source;
	struct address destination;
	__u32 device;
	__u32 datagram;
	__u8 protocol;
	__u8 padding[3];
};

struct fragment_value {
	__u64 seen;
	__u32 set;
	__u32 rule;
};

/* Datagrams whose first fragment passed. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct fragment_key);
	__type(value, struct fragment_value);
} fragments SEC(".maps");

struct session_counts {
	__u64 begun;		/* that took an entry of their own: less the entries there are, those that lost theirs */
	__u64 refused;		/* sessions that found no room: their replies are judged as if nobody had asked */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct session_counts);
} session_counts SEC(".maps");

static __always_inline void set_session_key(struct session_key *key, __u32 device, const struct packet *packet,
					    bool outgoing)
{
	key->local = outgoing ? packet->source : packet->destination;
	key->remote = outgoing ? packet->destination : packet->source;
	key->device = device;
	key->local_port = outgoing ? packet->source_port : packet->destination_port;
	key->remote_port = outgoing ? packet->destination_port : packet->source_port;
	key->protocol = packet->protocol;
}

/*
 * An echo's identifier stands for the port of whoever asks, so that answers pass and questions the other way do not.
 * The cursor stands on the ICMP header.
 */
static __always_inline void set_echo(struct session_key *key, const struct hdr_cursor *nh, bool outgoing)
{
	struct icmp_common_hdr header;
	__u16 identifier;
	bool request;

	if (key->protocol != IPPROTO_ICMP && key->protocol != IPPROTO_ICMPV6)
		return;
	if (copy_header(nh, &header))
		return;
	if (key->protocol == IPPROTO_ICMP) {
		if (header.type != ICMP_ECHO_REQUEST && header.type != ICMP_ECHO_REPLY)
			return;
		request = header.type == ICMP_ECHO_REQUEST;
	} else {
		if (header.type != ICMPV6_ECHO_REQUEST && header.type != ICMPV6_ECHO_REPLY)
			return;
		request = header.type == ICMPV6_ECHO_REQUEST;
	}
	/* RFC 792: the upper half of what follows the checksum. */
	identifier = bpf_ntohl(header.rest) >> 16;
	if (request == outgoing)
		key->local_port = identifier;
	else
		key->remote_port = identifier;
}

/* 0 for what is no TCP, or too short to have flags. */
static __always_inline __u8 tcp_flags(const struct hdr_cursor *nh, __u8 protocol)
{
	__u8 flags;

	if (protocol != IPPROTO_TCP ||
	    bpf_skb_load_bytes(nh->skb, nh->offset + TCP_FLAGS_OFFSET, &flags, sizeof(flags)))
		return 0;
	return flags;
}

static __always_inline bool is_closed(const struct session *session)
{
	const __u8 both = SESSION_FIN_FORTH | SESSION_FIN_BACK;

	return (session->flags & SESSION_RESET) || (session->flags & both) == both;
}

static __always_inline bool is_expired(const struct session *session, __u8 protocol, __u64 now)
{
	bool answered = session->flags & SESSION_ANSWERED;
	__u64 timeout = answered ? TIMEOUT_ANSWERED : TIMEOUT_UNANSWERED;

	if (protocol == IPPROTO_TCP) {
		timeout = answered ? TIMEOUT_TCP : TIMEOUT_TCP_OPENING;
		if (is_closed(session))
			timeout = TIMEOUT_TCP_CLOSED;
	}
	return now - session->seen > timeout * SECOND_NS;
}

/* Once a second is enough: the timeouts are longer, and a session may be on every CPU at once. */
static __always_inline void touch(struct session *session, bool forth, __u8 tcp, __u64 now)
{
	__u8 flags = session->flags;

	if (!forth)
		flags |= SESSION_ANSWERED;
	if (tcp & TCP_FIN)
		flags |= forth ? SESSION_FIN_FORTH : SESSION_FIN_BACK;
	if (tcp & TCP_RST)
		flags |= SESSION_RESET;
	/* What is closed ends by itself, whatever is still sent. */
	if (!is_closed(session) && now - session->seen > SECOND_NS)
		session->seen = now;
	if (flags != session->flags)
		session->flags = flags;
}

/* Over an entry that has expired, or of the same addresses and ports, nothing is counted. */
static __always_inline void begin_session(const struct session_key *key, const struct session *session, bool replaces)
{
	const __u32 zero = 0;
	struct session_counts *counts = bpf_map_lookup_elem(&session_counts, &zero);
	int result = bpf_map_update_elem(&sessions, key, session, BPF_ANY);

	if (!counts || replaces)
		return;
	if (result)
		counts->refused += 1;
	else
		counts->begun += 1;
}

#endif
