/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Header parsing in the manner of xdp-tools: a cursor walks the packet, each parse_*hdr() moves it behind the header and
 * returns what comes next, or -1 when the packet ends too early.
 *
 * Headers are copied out of the packet, not read in place. They may lie in fragments of the socket buffer, where a
 * program may not read (decrypted packets do), and the verifier need not follow pointers of unknown offset: read in
 * place, twice nested, the datapath took it 368,000 instructions and over a second; by copy it takes milliseconds.
 */
#ifndef WIREPROOF_PARSING_H
#define WIREPROOF_PARSING_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IP_OFFSET	0x1fff	/* of the fragment field, host byte order */
#define IP_MORE		0x2000
#define IPV6_OFFSET	0xfff8
#define IPV6_MORE	0x0001

#define VLAN_MAX_DEPTH		2
#define IPV6_EXT_MAX_DEPTH	4

struct hdr_cursor {
	struct __sk_buff *skb;
	__u32 offset;
};

struct vlanhdr {
	__be16 tci;
	__be16 encapsulated_proto;
};

struct ipv6_exthdr {
	__u8 nexthdr;
	__u8 length;		/* in 8 octets, the first not counted */
	__be16 fragment;	/* of a fragment header: offset and flags */
	__be32 rest;
};

struct vxlanhdr {
	__be32 flags;
	__be32 vni;
};

struct portshdr {
	__be16 source;
	__be16 destination;
};

/* ICMP and ICMPv6 alike. <linux/icmp.h> cannot be had: it brings libc's headers for a 32-bit machine. */
struct icmp_common_hdr {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};

#define ICMP_DEST_UNREACH	3
#define ICMP_SOURCE_QUENCH	4
#define ICMP_REDIRECT		5
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETERPROB	12

#define copy_header(nh, header) bpf_skb_load_bytes((nh)->skb, (nh)->offset, (header), sizeof(*(header)))

/* Returns the ethertype, in network byte order, behind at most two VLAN tags. */
static __always_inline int parse_ethhdr(struct hdr_cursor *nh)
{
	struct vlanhdr vlan;
	struct ethhdr eth;
	__u16 proto;

	if (copy_header(nh, &eth))
		return -1;
	nh->offset += sizeof(eth);
	proto = eth.h_proto;

#pragma unroll
	for (int i = 0; i < VLAN_MAX_DEPTH; i++) {
		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		if (copy_header(nh, &vlan))
			return -1;
		nh->offset += sizeof(vlan);
		proto = vlan.encapsulated_proto;
	}
	return proto;
}

/* Returns the protocol number. */
static __always_inline int parse_iphdr(struct hdr_cursor *nh, struct iphdr *iph)
{
	if (copy_header(nh, iph) || iph->version != 4 || iph->ihl < 5)
		return -1;
	nh->offset += iph->ihl * 4;
	return nh->offset <= nh->skb->len ? iph->protocol : -1;
}

/* Returns the protocol number behind at most four extension headers; copies the fragment header to *fragment. */
static __always_inline int parse_ip6hdr(struct hdr_cursor *nh, struct ipv6hdr *ip6h, struct ipv6_exthdr *fragment)
{
	struct ipv6_exthdr ext;
	__u8 next;

	if (copy_header(nh, ip6h) || ip6h->version != 6)
		return -1;
	nh->offset += sizeof(*ip6h);
	next = ip6h->nexthdr;

#pragma unroll
	for (int i = 0; i < IPV6_EXT_MAX_DEPTH; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			break;
		if (copy_header(nh, &ext))
			return -1;
		nh->offset += next == IPPROTO_FRAGMENT ? sizeof(ext) : (ext.length + 1) * 8;
		if (next == IPPROTO_FRAGMENT)
			*fragment = ext;
		next = ext.nexthdr;
		if (fragment->fragment & bpf_htons(IPV6_OFFSET))
			break;
	}
	return next;
}

/* TCP, UDP, UDP-Lite, SCTP and DCCP all begin with the two ports. */
static __always_inline int parse_portshdr(struct hdr_cursor *nh, struct portshdr *ports)
{
	return copy_header(nh, ports) ? -1 : 0;
}

/* Moves behind UDP and VXLAN; the cursor stands on the Ethernet header of the inner frame. */
static __always_inline int parse_vxlanhdr(struct hdr_cursor *nh)
{
	nh->offset += sizeof(struct udphdr) + sizeof(struct vxlanhdr);
	return nh->offset <= nh->skb->len ? 0 : -1;
}

/* Returns the type. An error carries the packet it is about behind this header. */
static __always_inline int parse_icmphdr(struct hdr_cursor *nh)
{
	struct icmp_common_hdr icmp;

	if (copy_header(nh, &icmp))
		return -1;
	nh->offset += sizeof(icmp);
	return icmp.type;
}

#endif
