/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of this node's VXLAN device. Each node's device has a MAC of its own that no other knows, and sends to that: so the kernel
 * takes what arrives for somebody else's, and whatever this program does not hand up goes nowhere, also when it is not there.
 */
#include <linux/if_packet.h>

#include "overlay.h"

static __always_inline int hand_up(struct __sk_buff *skb)
{
	return bpf_skb_change_type(skb, PACKET_HOST) ? DROP : PASS;
}

SEC("tc")
int from_overlay(struct __sk_buff *skb)
{
	const struct decision malformed = decide(VERDICT_DROPPED, REASON_MALFORMED);
	struct endpoint source, destination;
	struct decision decision;
	struct packet packet;
	struct hdr_cursor nh;

	/* The mark of what carried it; from_wire has looked into that, and has counted this. */
	if (is_decrypted(skb))
		return hand_up(skb);

	if (parse_skb(skb, &nh, &packet) != PACKET_IP)
		return conclude_frame(skb, HOOK_FROM_WIRE, malformed);
	source = find_endpoint(&packet.source);
	destination = find_endpoint(&packet.destination);
	/* To whatever address of this node VXLAN was sent: nothing goes on from here in somebody's name but to a pod. */
	decision = destination.protected && destination.node == NODE_LOCAL ?
			   decide_clear_between(&source, &destination, REASON_CLEAR_FROM_WIRE) :
			   decide(VERDICT_DROPPED, REASON_WRONG_NODE);
	if (is_service(&packet.source, &source))
		decision = decide(VERDICT_DROPPED, REASON_SPOOFED_SOURCE);
	return decision.verdict == VERDICT_DROPPED ? conclude(skb, HOOK_FROM_WIRE, &packet, decision) : hand_up(skb);
}
