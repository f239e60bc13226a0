/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Egress of the host's side of a pod's veth pair: what the pod receives. The same check as from_wire's once more, for
 * what came by a device that has no from_wire.
 */
#include "decision.h"
#include "policy.h"

static __always_inline struct decision decide_to_pod(const struct __sk_buff *skb, const struct config *config,
						     const struct endpoint *source, const struct packet *packet)
{
	struct endpoint destination;

	if (!(config->flags & CONFIG_READY))
		return decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED);
	/* Decrypted under an address that has no node: an answer under that of a service, since from_wire saw it under a pod's. */
	if (!is_guarded(source))
		return is_decrypted(skb) ? decide(VERDICT_DECRYPTED, REASON_PROTECTED) :
					   decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	if (source->node == NODE_LOCAL)
		return decide(VERDICT_FORWARDED, REASON_SAME_NODE);
	if (!is_decrypted(skb)) {
		destination = find_endpoint(&packet->destination);
		if (!is_in_scope(source, &destination))
			return decide(VERDICT_FORWARDED, REASON_OUT_OF_SCOPE);
		return decide_clear(config, REASON_CLEAR_FROM_WIRE);
	}
	if (mark_node(skb) != source->node)
		return decide(VERDICT_DROPPED, REASON_WRONG_NODE);
	return decide(VERDICT_DECRYPTED, REASON_PROTECTED);
}

SEC("tc")
int to_pod(struct __sk_buff *skb)
{
	struct endpoint source;
	struct config config = read_config();
	struct decision decision;
	struct handover *told;
	struct packet packet;
	struct hdr_cursor nh;

	switch (parse_skb(skb, &nh, &packet)) {
	case PACKET_ARP:
		return conclude_frame(skb, HOOK_TO_POD, decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED));
	case PACKET_OTHER:
		return conclude_frame(skb, HOOK_TO_POD, decide_unaddressed(&config));
	case PACKET_MALFORMED:
		return conclude_frame(skb, HOOK_TO_POD, decide(VERDICT_DROPPED, REASON_MALFORMED));
	default:
		break;
	}

	source = find_endpoint(&packet.source);
	decision = decide_to_pod(skb, &config, &source, &packet);
	told = hand_over(&nh, &packet);
	if (!told)
		return conclude_frame(skb, HOOK_TO_POD, decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED));
	tell_decision(told, skb->ifindex, &source, &packet.source, decision, 0);
	decision = judge_sender(skb, told);
	if (decision.verdict != VERDICT_DROPPED)
		decision = apply_policy(skb, told, DIRECTION_INGRESS);
	return conclude(skb, HOOK_TO_POD, &told->packet, decision);
}
