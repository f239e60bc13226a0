/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VXLAN between the cluster's own nodes, by which the packets of their pods go where the agent has been told so. */
#ifndef WIREPROOF_OVERLAY_H
#define WIREPROOF_OVERLAY_H

#include "decision.h"

/* A node's own address. */
static __always_inline bool is_node(const struct endpoint *endpoint)
{
	return endpoint->known && !endpoint->protected && endpoint->node != NODE_NONE;
}

static __always_inline bool is_to_overlay_port(const struct packet *packet)
{
	return packet->protocol == IPPROTO_UDP && packet->destination_port == VXLAN_PORT;
}

static __always_inline bool is_overlay(const struct packet *packet, const struct endpoint *source)
{
	struct endpoint destination;

	if (!is_to_overlay_port(packet) || !is_node(source) || !(read_config().flags & CONFIG_OVERLAY))
		return false;
	destination = find_endpoint(&packet->destination);
	return is_node(&destination);
}

/*
 * What VXLAN, IP in IP or an ICMP error carries in clear. In the overlay one pod is enough: what is at its other end may be a
 * packet that quotes a pod's in turn.
 */
static __always_inline bool is_carried_violation(bool in_overlay, const struct endpoint *source,
						 const struct endpoint *destination)
{
	return in_overlay ? source->protected || destination->protected :
			    source->protected && destination->protected;
}

#endif
