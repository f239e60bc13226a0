/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What two nodes in scope send each other themselves, and what of it goes in clear all the same. */
#ifndef WIREPROOF_NODE_TRAFFIC_H
#define WIREPROOF_NODE_TRAFFIC_H

#include "ipcache.h"
#include "maps.h"
#include "packet.h"

/* RFC 4861: router solicitation to redirect. Without it a node does not even know where to send ESP. */
#define NEIGHBOUR_DISCOVERY_FIRST	133
#define NEIGHBOUR_DISCOVERY_LAST	137

static __always_inline bool are_nodes_in_scope(const struct endpoint *source, const struct endpoint *destination)
{
	return source->node_in_scope && destination->node_in_scope;
}

static __always_inline bool is_neighbour_discovery(struct hdr_cursor nh, const struct packet *packet)
{
	int type;

	if (packet->protocol != IPPROTO_ICMPV6 || packet->fragment)
		return false;
	type = parse_icmphdr(&nh);
	return type >= NEIGHBOUR_DISCOVERY_FIRST && type <= NEIGHBOUR_DISCOVERY_LAST;
}

/*
 * What encrypts the rest, and what must be there before anything can be encrypted. Not ESP in UDP, as the agent makes none: it
 * would let through whatever a node sends from or to that port.
 */
static __always_inline bool stays_in_clear(struct hdr_cursor nh, const struct packet *packet,
					   const struct endpoint *source, const struct endpoint *destination)
{
	return are_nodes_in_scope(source, destination) &&
	       (packet->protocol == IPPROTO_ESP || is_neighbour_discovery(nh, packet));
}

static __always_inline bool is_exempt_port(__u8 protocol, __u16 port)
{
	struct exempt_key key = { .port = port, .protocol = protocol };

	return bpf_map_lookup_elem(&exempt, &key) != NULL;
}

/* Fragments have no ports, and what must be reached before there are keys sends none. */
static __always_inline bool may_be_exempt(const struct packet *packet, const struct endpoint *source,
					  const struct endpoint *destination)
{
	return are_nodes_in_scope(source, destination) && has_ports(packet->protocol) && !packet->fragment &&
	       !packet->first_fragment;
}

/*
 * Who has keys encrypts. Who has none may ask an exempt service in clear, and answer from one; and so may, for the session,
 * a service that was asked in clear: of a node that was rebooted others may still have the keys.
 */
static __always_inline bool may_leave_exempt(__u32 mark, const struct packet *packet, const struct endpoint *source,
					     const struct endpoint *destination)
{
	if (!may_be_exempt(packet, source, destination))
		return false;
	if (destination->keyless && is_exempt_port(packet->protocol, packet->destination_port))
		return true;
	return (destination->keyless || (mark & MARK_KIND_MASK) == MARK_ASKED) &&
	       is_exempt_port(packet->protocol, packet->source_port);
}

/* A service cannot know whether who asks it has keys. An answer in clear is for who had none to ask with. */
static __always_inline bool may_arrive_exempt(const struct packet *packet, const struct endpoint *source,
					      const struct endpoint *destination)
{
	return may_be_exempt(packet, source, destination) &&
	       (is_exempt_port(packet->protocol, packet->destination_port) ||
		(source->keyless && is_exempt_port(packet->protocol, packet->source_port)));
}

/*
 * What is accepted under this mark is answered under it (net.ipv4.tcp_fwmark_accept), and XFRM lets that pass in clear: as long
 * as it has no newer association for the node.
 */
static __always_inline __u32 asked_mark(__u32 spi)
{
	return MARK_ASKED | (spi & MARK_NODE_LOW) | ((spi & ~MARK_NODE_LOW) << MARK_NODE_SHIFT);
}

#endif
