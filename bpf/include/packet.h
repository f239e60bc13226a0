/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the datapath decides by: the addresses and ports of a packet, and of the packet it carries. */
#ifndef WIREPROOF_PACKET_H
#define WIREPROOF_PACKET_H

#include <stddef.h>

#include "parsing.h"
#include "wireproof.h"

#define VXLAN_PORT		4789	/* RFC 7348 */
#define VXLAN_PORT_LINUX	8472	/* the kernel's default, before there was an assigned one */
#define ESP_UDP_PORT		4500	/* RFC 3948 */

#define IPV4_WITHOUT_OPTIONS	0x45	/* version 4, 5 words */

#define ICMPV6_ERROR_FIRST	1	/* RFC 4443: errors are below 128; the kernel sends 1 to 4 */
#define ICMPV6_ERROR_LAST	4

enum packet_kind { PACKET_MALFORMED, PACKET_ARP, PACKET_OTHER, PACKET_IP };

struct packet {
	struct address source;
	struct address destination;
	__u16 source_port;	/* host byte order */
	__u16 destination_port;
	__u8 protocol;
	__u8 fragment;		/* not the first of a datagram: no ports */
	__u8 first_fragment;	/* more of the datagram follow, which are told by its number: */
	__u32 datagram;
};

static __always_inline void set_ipv4(struct address *address, __be32 ipv4)
{
	__u32 *words = (__u32 *)address->bytes;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = ipv4;
}

static __always_inline bool same_address(const struct address *a, const struct address *b)
{
	const __u64 *x = (const __u64 *)a->bytes, *y = (const __u64 *)b->bytes;

	return x[0] == y[0] && x[1] == y[1];
}

static __always_inline bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_UDPLITE || protocol == IPPROTO_DCCP;
}

static __always_inline enum packet_kind parse_ip(struct hdr_cursor *nh, int ethertype, struct packet *packet)
{
	struct ipv6_exthdr fragment = {};
	struct portshdr ports;
	struct ipv6hdr ip6h;
	struct iphdr iph;
	int protocol;

	packet->fragment = 0;
	packet->first_fragment = 0;
	packet->datagram = 0;
	packet->source_port = 0;
	packet->destination_port = 0;

	if (ethertype == bpf_htons(ETH_P_IP)) {
		protocol = parse_iphdr(nh, &iph);
		if (protocol < 0)
			return PACKET_MALFORMED;
		set_ipv4(&packet->source, iph.saddr);
		set_ipv4(&packet->destination, iph.daddr);
		packet->fragment = (iph.frag_off & bpf_htons(IP_OFFSET)) != 0;
		packet->first_fragment = !packet->fragment && (iph.frag_off & bpf_htons(IP_MORE));
		packet->datagram = iph.id;
	} else {
		protocol = parse_ip6hdr(nh, &ip6h, &fragment);
		if (protocol < 0)
			return PACKET_MALFORMED;
		packet->fragment = (fragment.fragment & bpf_htons(IPV6_OFFSET)) != 0;
		packet->first_fragment = !packet->fragment && (fragment.fragment & bpf_htons(IPV6_MORE));
		packet->datagram = fragment.rest;
		__builtin_memcpy(&packet->source, &ip6h.saddr, sizeof(packet->source));
		__builtin_memcpy(&packet->destination, &ip6h.daddr, sizeof(packet->destination));
	}
	packet->protocol = protocol;

	/* Too short for its ports is no reason to lose sight of the addresses. */
	if (!packet->fragment && has_ports(packet->protocol) && parse_portshdr(nh, &ports) == 0) {
		packet->source_port = bpf_ntohs(ports.source);
		packet->destination_port = bpf_ntohs(ports.destination);
	}
	return PACKET_IP;
}

static __always_inline enum packet_kind parse_frame(struct hdr_cursor *nh, struct packet *packet)
{
	int ethertype = parse_ethhdr(nh);

	if (ethertype < 0)
		return PACKET_MALFORMED;
	if (ethertype == bpf_htons(ETH_P_ARP))
		return PACKET_ARP;
	if (ethertype != bpf_htons(ETH_P_IP) && ethertype != bpf_htons(ETH_P_IPV6))
		return PACKET_OTHER;
	return parse_ip(nh, ethertype, packet);
}

/* What almost every packet begins with. */
struct plain_ipv4 {
	struct ethhdr eth;
	struct iphdr ip;
	struct portshdr ports;	/* or what the protocol has in their place */
} __attribute__((packed));

/*
 * The headers of almost every packet, read in place: Ethernet without a tag, IPv4 without options, and what follows. At
 * a constant offset that is cheap for the verifier too. Returns false for every other packet, and where the headers lie
 * in fragments: parse_frame() reads those.
 */
static __always_inline bool parse_plain_ipv4(struct hdr_cursor *nh, struct packet *packet)
{
	const struct plain_ipv4 *headers = (void *)(long)nh->skb->data;
	const void *end = (void *)(long)nh->skb->data_end;

	if ((const void *)(headers + 1) > end || headers->eth.h_proto != bpf_htons(ETH_P_IP) ||
	    *(const __u8 *)&headers->ip != IPV4_WITHOUT_OPTIONS)
		return false;
	nh->offset = offsetof(struct plain_ipv4, ports);
	set_ipv4(&packet->source, headers->ip.saddr);
	set_ipv4(&packet->destination, headers->ip.daddr);
	packet->protocol = headers->ip.protocol;
	packet->fragment = (headers->ip.frag_off & bpf_htons(IP_OFFSET)) != 0;
	packet->first_fragment = !packet->fragment && (headers->ip.frag_off & bpf_htons(IP_MORE));
	packet->datagram = headers->ip.id;
	packet->source_port = 0;
	packet->destination_port = 0;
	if (!packet->fragment && has_ports(packet->protocol)) {
		packet->source_port = bpf_ntohs(headers->ports.source);
		packet->destination_port = bpf_ntohs(headers->ports.destination);
	}
	return true;
}

static __always_inline enum packet_kind parse_skb(struct __sk_buff *skb, struct hdr_cursor *nh, struct packet *packet)
{
	nh->skb = skb;
	nh->offset = 0;
	return parse_plain_ipv4(nh, packet) ? PACKET_IP : parse_frame(nh, packet);
}

static __always_inline bool is_esp(const struct packet *packet)
{
	return packet->protocol == IPPROTO_ESP ||
	       (packet->protocol == IPPROTO_UDP &&
		(packet->source_port == ESP_UDP_PORT || packet->destination_port == ESP_UDP_PORT));
}

static __always_inline bool is_icmp_error(__u8 protocol, int type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= ICMPV6_ERROR_FIRST && type <= ICMPV6_ERROR_LAST;
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

static __always_inline int inner_ethertype(struct hdr_cursor *nh)
{
	__u8 first;

	if (copy_header(nh, &first))
		return -1;
	return first >> 4 == 6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
}

/*
 * Finds the packet that a packet carries in clear: in a tunnel (VXLAN, IP in IP) or as the offender an ICMP error
 * quotes, which a node sends under its own address with up to 548 bytes of what a pod had sent (RFC 1812 section 4.3.2.3).
 */
static __always_inline bool parse_carried(struct hdr_cursor *nh, const struct packet *packet, struct packet *carried)
{
	int ethertype;

	if (packet->fragment)
		return false;

	switch (packet->protocol) {
	case IPPROTO_UDP:
		if (packet->destination_port != VXLAN_PORT && packet->destination_port != VXLAN_PORT_LINUX)
			return false;
		return parse_vxlanhdr(nh) == 0 && parse_frame(nh, carried) == PACKET_IP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (!is_icmp_error(packet->protocol, parse_icmphdr(nh)))
			return false;
		break;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		break;
	default:
		return false;
	}
	ethertype = inner_ethertype(nh);
	return ethertype >= 0 && parse_ip(nh, ethertype, carried) == PACKET_IP;
}

#endif
