/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of the host's side of a pod's veth pair: what the pod sends. Marks what must be encrypted, and what netfilter may
 * have for somebody else than it is addressed to.
 */
#include "decision.h"
#include "overlay.h"
#include "policy.h"

/*
 * Neighbour discovery, router solicitations and multicast listener reports of IPv6 come from fe80::/10 or from ::.
 * No router forwards either (RFC 4291 sections 2.5.2 and 2.5.6), so they cannot reach a wire.
 */
static __always_inline bool stays_on_link(const struct address *source)
{
	const __u64 *words = (const __u64 *)source->bytes;

	return (source->bytes[0] == 0xfe && (source->bytes[1] & 0xc0) == 0x80) || (!words[0] && !words[1]);
}

static __always_inline bool is_spoofed(__u32 ifindex, const struct packet *packet, const struct endpoint *source)
{
	const struct pod *pod = bpf_map_lookup_elem(&pods, &ifindex);

	if (pod && !same_address(&pod->ipv4, &packet->source) && !same_address(&pod->ipv6, &packet->source))
		return true;
	return !source->protected || source->node != NODE_LOCAL;
}

static __always_inline struct decision decide_from_pod(struct __sk_buff *skb, const struct config *config,
						       const struct packet *packet, const struct endpoint *source,
						       const struct endpoint *destination)
{
	if (stays_on_link(&packet->source))
		return decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
	if (is_spoofed(skb->ifindex, packet, source))
		return decide(VERDICT_DROPPED, REASON_SPOOFED_SOURCE);
	/* In VXLAN it could speak under any address. */
	if (config->flags & CONFIG_OVERLAY && is_to_overlay_port(packet) && is_node(destination))
		return decide(VERDICT_DROPPED, REASON_SPOOFED_SOURCE);
	if (!is_guarded(destination))
		return decide(VERDICT_FORWARDED, is_service(&packet->destination, destination) ?
							 REASON_SERVICE : REASON_NOT_PROTECTED);
	return decide_towards(config, source, destination);
}

/* By what XFRM, and the gates behind it, know what to do with the packet. */
static __always_inline __u32 mark_for(const struct config *config, const struct endpoint *destination,
				      struct decision decision)
{
	if (decision.verdict == VERDICT_ENCRYPTED)
		return MARK_ENCRYPT;
	if (decision.verdict != VERDICT_FORWARDED || (is_guarded(destination) && !is_own_node(destination)))
		return 0;
	/* XFRM encrypts what is unsettled and turns out to be for a node in scope. */
	return config->flags & CONFIG_ENCRYPT_L3 ? MARK_UNSETTLED : MARK_UNJUDGED;
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	struct endpoint source, destination;
	struct config config = read_config();
	struct decision decision;
	struct handover *told;
	struct packet packet;
	struct hdr_cursor nh;

	/* No mark comes out of a pod, whatever set it: the ones below mean something to XFRM and to the other gates. */
	skb->mark &= ~MARK_MASK;

	switch (parse_skb(skb, &nh, &packet)) {
	case PACKET_ARP:
		return conclude_frame(skb, HOOK_FROM_POD, decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED));
	case PACKET_MALFORMED:
		return conclude_frame(skb, HOOK_FROM_POD, decide(VERDICT_DROPPED, REASON_MALFORMED));
	case PACKET_OTHER:
		return conclude_frame(skb, HOOK_FROM_POD, decide_unaddressed(&config));
	default:
		break;
	}

	source = find_endpoint(&packet.source);
	destination = find_endpoint(&packet.destination);
	decision = config.flags & CONFIG_READY ? decide_from_pod(skb, &config, &packet, &source, &destination) :
						 decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED);
	told = hand_over(&nh, &packet);
	if (!told)
		return conclude_frame(skb, HOOK_FROM_POD, decide(VERDICT_DROPPED, REASON_NOT_CONFIGURED));
	tell_decision(told, skb->ifindex, &destination, &packet.destination, decision,
		      mark_for(&config, &destination, decision));
	return conclude_sent(skb, HOOK_FROM_POD, told);
}
