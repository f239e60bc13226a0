/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Egress of a device that faces other nodes: the last place where protected traffic in clear can be stopped. */
#include "decision.h"
#include "node_traffic.h"
#include "overlay.h"
#include "policy.h"

SEC("tc")
int to_wire(struct __sk_buff *skb)
{
	const struct decision unprotected = decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	struct endpoint source, destination;
	struct endpoint carried_source, carried_destination;
	struct packet packet, carried;
	const __u32 mark = skb->mark;
	struct decision decision;
	struct handover *told;
	struct hdr_cursor nh;
	bool in_overlay;

	switch (parse_skb(skb, &nh, &packet)) {
	case PACKET_ARP:
	case PACKET_OTHER:
		return conclude_frame(skb, HOOK_TO_WIRE, unprotected);
	case PACKET_MALFORMED:
		return conclude_frame(skb, HOOK_TO_WIRE, decide(VERDICT_DROPPED, REASON_MALFORMED));
	default:
		break;
	}

	source = find_endpoint(&packet.source);
	/* Of a pod; what this node sends itself came in by no device, and has such a mark where it answers under that of who asked. */
	if (is_unjudged(skb) && skb->ingress_ifindex) {
		destination = find_endpoint(&packet.destination);
		decision = is_guarded(&source) && is_guarded(&destination) ?
				   decide_clear_between(&source, &destination, REASON_CLEAR_ON_WIRE) :
				   unprotected;
		told = hand_over(&nh, &packet);
		if (!told)
			return conclude_frame(skb, HOOK_TO_WIRE, decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED));
		tell_decision(told, skb->ingress_ifindex, &destination, &packet.destination, decision, 0);
		return conclude_sent(skb, HOOK_TO_WIRE, told);
	}
	/* Before asking whether it is ESP: a pod may send protocol 50 itself, and that is not what encrypts it. */
	if (is_guarded(&source)) {
		destination = find_endpoint(&packet.destination);
		if (may_leave_exempt(mark, &packet, &source, &destination))
			return conclude(skb, HOOK_TO_WIRE, &packet, decide(VERDICT_FORWARDED, REASON_EXEMPT));
		if (is_guarded(&destination) && !stays_in_clear(nh, &packet, &source, &destination))
			return conclude(skb, HOOK_TO_WIRE, &packet,
					decide_clear_between(&source, &destination, REASON_CLEAR_ON_WIRE));
	}
	if (is_esp(&packet))
		return conclude(skb, HOOK_TO_WIRE, &packet, decide(VERDICT_ENCRYPTED, REASON_PROTECTED));

	in_overlay = is_overlay(&packet, &source);
	if (parse_carried(&nh, &packet, &carried)) {
		carried_source = find_endpoint(&carried.source);
		carried_destination = find_endpoint(&carried.destination);
		if (is_carried_violation(in_overlay, &carried_source, &carried_destination))
			return conclude(skb, HOOK_TO_WIRE, &carried,
					decide_clear_between(&carried_source, &carried_destination,
							     REASON_CLEAR_ON_WIRE));
	} else if (in_overlay) {
		return conclude(skb, HOOK_TO_WIRE, &packet, decide(VERDICT_DROPPED, REASON_MALFORMED));
	}
	return conclude(skb, HOOK_TO_WIRE, &packet, unprotected);
}
