/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every run is the first packet of another flow, told by the datapath's own report() in the datapath's own ring. */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "decision.h"

#define DROPPED_OF	1000	/* one flow in so many is dropped, for a listener to find */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} produced SEC(".maps");

SEC("tc")
int flood(struct __sk_buff *skb)
{
	const __u32 zero = 0;
	__u64 *number = bpf_map_lookup_elem(&produced, &zero);
	struct packet packet = { .destination_port = 443, .protocol = IPPROTO_TCP };

	if (!number)
		return DROP;
	/* The flow's number is its source port and the lower three bytes of its source address. */
	set_ipv4(&packet.source, bpf_htonl(0x0a000000 | (*number >> 16 & 0xffffff)));
	set_ipv4(&packet.destination, bpf_htonl(0x0aff0001));
	packet.source_port = *number & 0xffff;
	*number += 1;
	if (*number % DROPPED_OF)
		return conclude(skb, HOOK_FROM_POD, &packet, decide(VERDICT_ENCRYPTED, REASON_PROTECTED));
	return conclude(skb, HOOK_FROM_POD, &packet, decide(VERDICT_DROPPED, REASON_SPOOFED_SOURCE));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
