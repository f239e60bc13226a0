/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WIREPROOF_IPCACHE_H
#define WIREPROOF_IPCACHE_H

#include "maps.h"

#define ADDRESS_BITS 128

/* What the ipcache says of an address, copied: all zero and not known for an address it does not have. */
struct endpoint {
	__u32 identity;
	__u32 node;
	bool known;
	bool protected;
	bool out_of_scope;
	bool node_in_scope;
	bool keyless;
	__u32 spi;
};

static __always_inline struct endpoint find_endpoint(const struct address *address)
{
	const struct ipcache_value *value = bpf_map_lookup_elem(&hosts, address);
	struct endpoint endpoint = {};

	if (!value) {
		struct ipcache_key key = { .prefix_length = ADDRESS_BITS, .address = *address };

		value = bpf_map_lookup_elem(&ipcache, &key);
	}
	if (value) {
		endpoint.identity = value->identity;
		endpoint.node = value->node;
		endpoint.known = true;
		endpoint.protected = (value->flags & IPCACHE_PROTECTED) != 0;
		endpoint.out_of_scope = (value->flags & IPCACHE_OUT_OF_SCOPE) != 0;
		endpoint.node_in_scope = (value->flags & IPCACHE_NODE_IN_SCOPE) != 0;
		endpoint.keyless = (value->flags & IPCACHE_NODE_KEYLESS) != 0;
		endpoint.spi = value->flags >> IPCACHE_SPI_SHIFT;
	}
	return endpoint;
}

/* Pods, and nodes in scope: what two such on different nodes send each other is encrypted. */
static __always_inline bool is_guarded(const struct endpoint *endpoint)
{
	return endpoint->protected || endpoint->node_in_scope;
}

/* Whatever else has the address has it first: who is known for a pod or a node is no service. */
static __always_inline const __u8 *find_service(const struct address *address, const struct endpoint *endpoint)
{
	if (is_guarded(endpoint) || endpoint->node != NODE_NONE)
		return NULL;
	return bpf_map_lookup_elem(&services, address);
}

static __always_inline bool is_service(const struct address *address, const struct endpoint *endpoint)
{
	return find_service(address, endpoint) != NULL;
}

static __always_inline bool is_service_of_pods(const struct address *address, const struct endpoint *endpoint)
{
	const __u8 *service = find_service(address, endpoint);

	return service && *service & SERVICE_OF_PODS;
}

/* Of two pods. One end in scope is enough. */
static __always_inline bool is_in_scope(const struct endpoint *source, const struct endpoint *destination)
{
	return !source->out_of_scope || !destination->out_of_scope;
}

#endif
