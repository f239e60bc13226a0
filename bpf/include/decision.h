/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WIREPROOF_DECISION_H
#define WIREPROOF_DECISION_H

#include "ipcache.h"
#include "maps.h"
#include "packet.h"

/*
 * Let the next filter on the device have its say, and pass the packet when there is none: TC_ACT_OK would silence
 * whatever another program enforces at a later priority.
 */
#define PASS	TC_ACT_UNSPEC
#define DROP	TC_ACT_SHOT

#define EVENT_INTERVAL_NS 1000000000ull

struct decision {
	enum verdict verdict;
	enum reason reason;
	__u32 rule;
};

static __always_inline struct decision decide(enum verdict verdict, enum reason reason)
{
	struct decision decision = { verdict, reason, 0 };

	return decision;
}

static __always_inline struct config read_config(void)
{
	const __u32 zero = 0;
	const struct config *value = bpf_map_lookup_elem(&config, &zero);
	struct config none = {};

	return value ? *value : none;
}

/* What becomes of protected traffic that is in clear where it must not be. Not configured yet is as strict as can be. */
static __always_inline struct decision decide_clear(const struct config *config, enum reason reason)
{
	if (!(config->flags & CONFIG_READY))
		return decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED);
	if (!(config->flags & CONFIG_ENCRYPT_L3))
		return decide(VERDICT_CLEAR, REASON_ENCRYPTION_OFF);
	return decide(config->flags & CONFIG_STRICT ? VERDICT_DROPPED : VERDICT_CLEAR, reason);
}

/* On the wire almost no packet is one that the configuration decides about: it is read for those that are. */
static __always_inline struct decision decide_clear_between(const struct endpoint *source,
							    const struct endpoint *destination, enum reason reason)
{
	const struct config config = read_config();

	if (config.flags & CONFIG_READY && !is_in_scope(source, destination))
		return decide(VERDICT_FORWARDED, REASON_OUT_OF_SCOPE);
	return decide_clear(&config, reason);
}

/* What becomes of a pod's packet to who is guarded. */
static __always_inline struct decision decide_towards(const struct config *config, const struct endpoint *source,
						      const struct endpoint *destination)
{
	if (destination->node == NODE_LOCAL)
		return decide(VERDICT_FORWARDED, REASON_SAME_NODE);
	/* Held back also where encryption is off: by the time it is on, the node may be known. */
	if (destination->node == NODE_NONE)
		return decide(VERDICT_DROPPED, REASON_UNKNOWN_NODE);
	if (!is_in_scope(source, destination))
		return decide(VERDICT_FORWARDED, REASON_OUT_OF_SCOPE);
	if (!(config->flags & CONFIG_ENCRYPT_L3))
		return decide(VERDICT_CLEAR, REASON_ENCRYPTION_OFF);
	return decide(VERDICT_ENCRYPTED, REASON_PROTECTED);
}

/* What neither ARP nor IP is, at a pod. */
static __always_inline struct decision decide_unaddressed(const struct config *config)
{
	if (!(config->flags & CONFIG_READY))
		return decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED);
	return decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
}

static __always_inline bool is_decrypted(const struct __sk_buff *skb)
{
	return (skb->mark & MARK_KIND_MASK) == MARK_DECRYPTED;
}

static __always_inline bool is_unjudged(const struct __sk_buff *skb)
{
	return (skb->mark & MARK_KIND_MASK) == MARK_UNJUDGED;
}

static __always_inline bool is_unsettled(const struct __sk_buff *skb)
{
	return (skb->mark & MARK_KIND_MASK) == MARK_UNSETTLED || is_unjudged(skb);
}

static __always_inline __u32 mark_node(const struct __sk_buff *skb)
{
	return (skb->mark & MARK_NODE_LOW) | ((skb->mark >> MARK_NODE_SHIFT) & ~MARK_NODE_LOW);
}

static __always_inline void count(const struct __sk_buff *skb, enum hook hook, struct decision decision)
{
	__u32 key = ((hook * VERDICTS) + decision.verdict) * REASONS + decision.reason;
	struct counter *counter = bpf_map_lookup_elem(&counters, &key);

	if (counter) {
		counter->packets += skb->gso_segs ? skb->gso_segs : 1;
		counter->bytes += skb->len;
	}
}

static __always_inline void count_lost(void)
{
	const __u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&lost, &zero);

	if (value)
		*value += 1;
}

/* What is seldom done with a flow is apart: it would cost the packets that are only counted registers and stack. */
static __noinline void remember(const struct flow_key *key)
{
	const struct flow_state fresh = {};

	bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST);
}

static __noinline void tell(const struct __sk_buff *skb, const struct flow_key *key, struct flow_state *flow,
			    __u32 verdict_and_reason, __u32 rule)
{
	const __u8 verdict = verdict_and_reason >> 8, reason = verdict_and_reason;
	struct flow_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		/* What was counted stays with the flow and is in its next event. */
		count_lost();
		return;
	}
	flow->reported = bpf_ktime_get_coarse_ns();
	flow->verdict = verdict;
	flow->reason = reason;
	flow->rule = rule;

	event->time = bpf_ktime_get_ns();
	event->source = key->source;
	event->destination = key->destination;
	event->packets = __sync_lock_test_and_set(&flow->packets, 0);
	event->bytes = __sync_lock_test_and_set(&flow->bytes, 0);
	event->source_port = key->source_port;
	event->destination_port = key->destination_port;
	event->protocol = key->protocol;
	event->hook = key->hook;
	event->verdict = verdict;
	event->reason = reason;
	event->source_identity = find_endpoint(&key->source).identity;
	event->destination_identity = find_endpoint(&key->destination).identity;
	event->mark = skb->mark;
	event->rule = rule;
	bpf_ringbuf_submit(event, 0);
}

/* Adds the packet to its flow, and says so on the first packet, when the decision changes, and once a second. */
static __always_inline void report(const struct __sk_buff *skb, enum hook hook, const struct packet *packet,
				   struct decision decision)
{
	struct flow_key key = {
		.source = packet->source,
		.destination = packet->destination,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.protocol = packet->protocol,
		.hook = hook,
	};
	struct flow_state *flow = bpf_map_lookup_elem(&flows, &key);

	if (!flow) {
		remember(&key);
		flow = bpf_map_lookup_elem(&flows, &key);
		if (!flow) {
			count_lost();
			return;
		}
	}
	__sync_fetch_and_add(&flow->packets, skb->gso_segs ? skb->gso_segs : 1);
	__sync_fetch_and_add(&flow->bytes, skb->len);

	/* The time of the last tick: reading the clock itself would cost every packet as much as a lookup. */
	if (!flow->reported || flow->verdict != decision.verdict || flow->reason != decision.reason ||
	    flow->rule != decision.rule || bpf_ktime_get_coarse_ns() - flow->reported >= EVENT_INTERVAL_NS)
		tell(skb, &key, flow, decision.verdict << 8 | decision.reason, decision.rule);
}

static __always_inline int act(struct decision decision)
{
	return decision.verdict == VERDICT_DROPPED ? DROP : PASS;
}

/* For a frame without addresses to report: counted only. */
static __always_inline int conclude_frame(const struct __sk_buff *skb, enum hook hook, struct decision decision)
{
	count(skb, hook, decision);
	return act(decision);
}

static __always_inline int conclude(const struct __sk_buff *skb, enum hook hook, const struct packet *packet,
				    struct decision decision)
{
	count(skb, hook, decision);
	report(skb, hook, packet, decision);
	return act(decision);
}

#endif
