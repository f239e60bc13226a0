/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * On the way from a pod to those of another node, behind netfilter and before XFRM: on the routes that lead there, or, in the
 * overlay, at egress of the VXLAN device. What a pod sent to another address than it has now, a service's, is decided about
 * here as from_pod would have, had it been sent to this one.
 */
#include "decision.h"
#include "policy.h"

static __always_inline int settle(struct __sk_buff *skb, enum packet_kind kind, struct hdr_cursor *nh,
				  struct packet *packet)
{
	struct config config = read_config();
	struct endpoint source, destination;
	struct decision decision;

	if (kind != PACKET_IP)
		return conclude_frame(skb, HOOK_FROM_POD, decide(VERDICT_DROPPED, REASON_MALFORMED));
	source = find_endpoint(&packet->source);
	destination = find_endpoint(&packet->destination);
	if (!(config.flags & CONFIG_READY))
		decision = decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED);
	else if (!is_guarded(&destination))
		decision = decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	else
		decision = decide_towards(&config, &source, &destination);
	return conclude_sent(skb, HOOK_FROM_POD, skb->ingress_ifindex, nh, packet, &destination, decision,
			     decision.verdict == VERDICT_ENCRYPTED ? MARK_ENCRYPT : 0);
}

SEC("lwt_in")
int to_peer(struct __sk_buff *skb)
{
	struct hdr_cursor nh = { .skb = skb };
	struct packet packet;
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
	struct packet packet;
	enum packet_kind kind;

	if (!is_unsettled(skb))
		return PASS;
	kind = parse_skb(skb, &nh, &packet);
	return settle(skb, kind, &nh, &packet);
}
