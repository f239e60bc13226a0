/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of a device that faces other nodes. A packet for a pod passes twice: as ESP, and again with its inner headers
 * once XFRM has decrypted it, then with the output mark of the SA that did it.
 */
#include "decision.h"
#include "node_traffic.h"
#include "overlay.h"

/* Whose key opened a packet must be who, or whose pod, sent it: else any node could speak for all. */
static __always_inline struct decision decide_decrypted(__u32 node, const struct endpoint *source,
							const struct endpoint *destination)
{
	if (is_guarded(source) && source->node == node && is_guarded(destination) && destination->node == NODE_LOCAL)
		return decide(VERDICT_DECRYPTED, REASON_PROTECTED);
	return decide(VERDICT_DROPPED, REASON_WRONG_NODE);
}

/*
 * VXLAN that has been decrypted, looked into before anything else does. Not in fragments, of which the later ones show no
 * ports: what they would be put together with need not have been decrypted.
 */
static __always_inline int conclude_overlay(struct __sk_buff *skb, struct hdr_cursor *nh, const struct packet *packet,
				       __u32 sender, const struct endpoint *carrier)
{
	struct endpoint source, destination;
	struct packet carried;

	if (packet->first_fragment || !parse_carried(nh, packet, &carried))
		return conclude(skb, HOOK_FROM_WIRE, packet, decide(VERDICT_DROPPED, REASON_MALFORMED));
	source = find_endpoint(&carried.source);
	destination = find_endpoint(&carried.destination);
	if (carrier->node != sender)
		return conclude(skb, HOOK_FROM_WIRE, &carried, decide(VERDICT_DROPPED, REASON_WRONG_NODE));
	return conclude(skb, HOOK_FROM_WIRE, &carried, decide_decrypted(sender, &source, &destination));
}

/*
 * Nobody on the wire speaks in a pod's name in clear, and nobody in a node's that is in scope to what is guarded here.
 * Towards a pod an address must at least be known: nodes are, and the agent adds the default route's prefix where pods may
 * be reached from outside the cluster.
 */
static __always_inline bool is_clear_violation(const struct endpoint *source, const struct endpoint *destination)
{
	return source->protected || (!source->known && destination->protected) ||
	       (source->node_in_scope && is_guarded(destination));
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
	bool in_overlay;

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
		if (is_overlay(&packet, &source))
			return conclude_overlay(skb, &nh, &packet, sender, &source);
		destination = find_endpoint(&packet.destination);
		/* VXLAN that a pod sent to a service with this node behind it: it could speak under any address. */
		if (is_to_overlay_port(&packet) && is_node(&destination) && read_config().flags & CONFIG_OVERLAY)
			return conclude(skb, HOOK_FROM_WIRE, &packet,
					decide(VERDICT_DROPPED, REASON_SPOOFED_SOURCE));
		return conclude(skb, HOOK_FROM_WIRE, &packet,
				decide_decrypted(sender, &source, &destination));
	}
	/* Only this node itself gives an answer the address of a service, and only behind this gate. */
	if (is_service(&packet.source, &source))
		return conclude(skb, HOOK_FROM_WIRE, &packet, decide(VERDICT_DROPPED, REASON_SPOOFED_SOURCE));
	/* Of what a node out of scope sends itself there is no more to ask. */
	if (is_guarded(&source) || !source.known) {
		destination = find_endpoint(&packet.destination);
		if (may_arrive_exempt(&packet, &source, &destination)) {
			/* Without keys it is answered in clear anyhow, and encrypted as soon as there are some. */
			if (!source.keyless)
				skb->mark = (skb->mark & ~MARK_MASK) | asked_mark(source.spi);
			return conclude(skb, HOOK_FROM_WIRE, &packet, decide(VERDICT_FORWARDED, REASON_EXEMPT));
		}
		if (is_clear_violation(&source, &destination) &&
		    !stays_in_clear(nh, &packet, &source, &destination))
			return conclude(skb, HOOK_FROM_WIRE, &packet,
					decide_clear_between(&source, &destination, REASON_CLEAR_FROM_WIRE));
	}
	if (is_esp(&packet))
		return conclude(skb, HOOK_FROM_WIRE, &packet, decide(VERDICT_ENCRYPTED, REASON_PROTECTED));

	in_overlay = is_overlay(&packet, &source);
	if (parse_carried(&nh, &packet, &carried)) {
		carried_source = find_endpoint(&carried.source);
		carried_destination = find_endpoint(&carried.destination);
		if (is_carried_violation(in_overlay, &carried_source, &carried_destination))
			return conclude(skb, HOOK_FROM_WIRE, &carried,
					decide_clear_between(&carried_source, &carried_destination,
							     REASON_CLEAR_FROM_WIRE));
	} else if (in_overlay) {
		return conclude(skb, HOOK_FROM_WIRE, &packet, decide(VERDICT_DROPPED, REASON_MALFORMED));
	}
	return conclude(skb, HOOK_FROM_WIRE, &packet, unprotected);
}
