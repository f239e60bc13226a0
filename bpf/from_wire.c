/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of a device that faces other nodes. A packet for a pod passes twice: as ESP, and again with its inner headers
 * once XFRM has decrypted it, then with the output mark of the SA that did it.
 */
#include "decision.h"

/* Whose key opened a packet must be whose pod sent it: else any node could speak for the pods of all. */
static __always_inline struct decision decide_decrypted(__u32 node, const struct endpoint *source,
							const struct endpoint *destination)
{
	if (source->protected && source->node == node && destination->protected && destination->node == NODE_LOCAL)
		return decide(VERDICT_DECRYPTED, REASON_PROTECTED);
	return decide(VERDICT_DROPPED, REASON_WRONG_NODE);
}

/*
 * Nobody on the wire speaks in a pod's name in clear. Towards a pod an address must at least be known: nodes are, and
 * the agent adds the default route's prefix where pods may be reached from outside the cluster.
 */
static __always_inline bool is_clear_violation(const struct endpoint *source, const struct endpoint *destination)
{
	return source->protected || (!source->known && destination->protected);
}

SEC("tc")
int from_wire(struct __sk_buff *skb)
{
	const struct decision unprotected = decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	struct endpoint source, destination;
	struct endpoint carried_source, carried_destination;
	struct packet packet, carried;
	/* Read together: clang would otherwise keep the mark's address over a call, which the verifier does not take. */
	const bool decrypted = is_decrypted(skb);
	const __u32 sender = mark_node(skb);
	struct hdr_cursor nh;

	switch (parse_skb(skb, &nh, &packet)) {
	case PACKET_ARP:
	case PACKET_OTHER:
		return conclude_frame(skb, HOOK_FROM_WIRE, unprotected);
	case PACKET_MALFORMED:
		return conclude_frame(skb, HOOK_FROM_WIRE, decide(VERDICT_DROPPED, REASON_MALFORMED));
	default:
		break;
	}

	source = find_endpoint(&packet.source);
	if (decrypted) {
		destination = find_endpoint(&packet.destination);
		return conclude(skb, HOOK_FROM_WIRE, &packet,
				decide_decrypted(sender, &source, &destination));
	}
	/* Of what a node sends itself, which is nearly everything here, there is no more to ask. */
	if (source.protected || !source.known) {
		destination = find_endpoint(&packet.destination);
		if (is_clear_violation(&source, &destination))
			return conclude(skb, HOOK_FROM_WIRE, &packet,
					decide_clear_between(&source, &destination, REASON_CLEAR_FROM_WIRE));
	}
	if (is_esp(&packet))
		return conclude(skb, HOOK_FROM_WIRE, &packet, decide(VERDICT_ENCRYPTED, REASON_PROTECTED));

	if (parse_carried(&nh, &packet, &carried)) {
		carried_source = find_endpoint(&carried.source);
		carried_destination = find_endpoint(&carried.destination);
		if (carried_source.protected && carried_destination.protected)
			return conclude(skb, HOOK_FROM_WIRE, &carried,
					decide_clear_between(&carried_source, &carried_destination,
							     REASON_CLEAR_FROM_WIRE));
	}
	return conclude(skb, HOOK_FROM_WIRE, &packet, unprotected);
}
