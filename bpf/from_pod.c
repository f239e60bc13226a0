/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ingress of the host's side of a pod's veth pair: what the pod sends. Marks what must be encrypted. */
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
		return decide(VERDICT_FORWARDED, REASON_NOT_PROTECTED);
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

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	struct endpoint source, destination;
	struct config config = read_config();
	struct decision decision;
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
	return conclude_at_pod(skb, HOOK_FROM_POD, DIRECTION_EGRESS, &nh, &packet, &destination, decision);
}
