/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * On the way from a pod to those of another node, behind netfilter and before XFRM: on the routes that lead there, or, in the
 * overlay, at egress of the VXLAN device. What a pod sent to another address than it has now, a service's, is decided about
 * here as from_pod would have, had it been sent to this one.
 */
#include "decision.h"
#include "policy.h"

static __always_inline int settle(struct __sk_buff *skb, enum packet_kind kind, const struct hdr_cursor *nh,
				  const struct packet *parsed)
{
	struct config config = read_config();
	struct endpoint source, destination;
	const struct packet *packet;
	struct decision decision;
	struct handover *told;

	if (kind != PACKET_IP)
		return conclude_frame(skb, HOOK_FROM_POD, decide(VERDICT_DROPPED, REASON_MALFORMED));
	told = hand_over(nh, parsed);
	if (!told)
		return conclude_frame(skb, HOOK_FROM_POD, decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED));
	packet = &told->packet;
	source = find_endpoint(&packet->source);
	destination = find_endpoint(&packet->destination);
	if (!(config.flags & CONFIG_READY))
		decision = decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED);
	else if (!is_guarded(&destination))
		decision = decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	else
		decision = decide_towards(&config, &source, &destination);
	tell_decision(told, skb->ingress_ifindex, &destination, &packet->destination, decision,
		      decision.verdict == VERDICT_ENCRYPTED ? MARK_ENCRYPT : 0);
	return conclude_sent(skb, HOOK_FROM_POD, told);
}

SEC("lwt_in")
int to_peer(struct __sk_buff *skb)
{
	struct hdr_cursor nh = { .skb = skb };
	struct packet packet = {};
	enum packet_kind kind;

	if (!is_unsettled(skb))
		return BPF_OK;
	/* A route's program sees no Ethernet header. */
	kind = parse_ip(&nh, inner_ethertype(&nh), &packet);
	return settle(skb, kind, &nh, &packet) == DROP ? BPF_DROP : BPF_OK;
}

SEC("tc")
int to_overlay(struct __sk_buff *skb)
{
	struct hdr_cursor nh;
	struct packet packet = {};
	enum packet_kind kind;

	if (!is_unsettled(skb))
		return PASS;
	kind = parse_skb(skb, &nh, &packet);
	return settle(skb, kind, &nh, &packet);
}
