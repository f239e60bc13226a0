/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Egress of a device that faces other nodes: the last place where protected traffic in clear can be stopped. */
#include "decision.h"

SEC("tc")
int to_wire(struct __sk_buff *skb)
{
	const struct decision unprotected = decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	struct endpoint source, destination;
	struct endpoint carried_source, carried_destination;
	struct packet packet, carried;
	struct hdr_cursor nh;

	switch (parse_skb(skb, &nh, &packet)) {
	case PACKET_ARP:
	case PACKET_OTHER:
		return conclude_frame(skb, HOOK_TO_WIRE, unprotected);
	case PACKET_MALFORMED:
		return conclude_frame(skb, HOOK_TO_WIRE, decide(VERDICT_DROPPED, REASON_MALFORMED));
	default:
		break;
	}

	/* Before asking whether it is ESP: a pod may send protocol 50 itself, and that is not what encrypts it. */
	source = find_endpoint(&packet.source);
	if (source.protected) {
		destination = find_endpoint(&packet.destination);
		if (destination.protected)
			return conclude(skb, HOOK_TO_WIRE, &packet,
					decide_clear_between(&source, &destination, REASON_CLEAR_ON_WIRE));
	}
	if (is_esp(&packet))
		return conclude(skb, HOOK_TO_WIRE, &packet, decide(VERDICT_ENCRYPTED, REASON_PROTECTED));

	if (parse_carried(&nh, &packet, &carried)) {
		carried_source = find_endpoint(&carried.source);
		carried_destination = find_endpoint(&carried.destination);
		if (carried_source.protected && carried_destination.protected)
			return conclude(skb, HOOK_TO_WIRE, &carried,
					decide_clear_between(&carried_source, &carried_destination,
							     REASON_CLEAR_ON_WIRE));
	}
	return conclude(skb, HOOK_TO_WIRE, &packet, unprotected);
}
