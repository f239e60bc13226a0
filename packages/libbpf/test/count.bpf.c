/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts packets by mark, says so in a ring, and leaves the mark doubled. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 verdict = TC_ACT_OK;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, __u32);
	__type(value, __u64);
} by_mark SEC(".maps");

/* Twelve bytes: the kernel pads each CPU's to sixteen. */
struct sums {
	__u32 packets;
	__u32 bytes;
	__u32 marks;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sums);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
int count(struct __sk_buff *skb)
{
	__u32 mark = skb->mark, *event;
	const __u32 one = 1;
	struct sums *sums;
	__u64 first = 1, *packets;

	packets = bpf_map_lookup_elem(&by_mark, &mark);
	if (packets)
		*packets += 1;
	else
		bpf_map_update_elem(&by_mark, &mark, &first, BPF_ANY);

	sums = bpf_map_lookup_elem(&per_cpu, &one);
	if (sums) {
		sums->packets += 1;
		sums->bytes += skb->len;
		sums->marks += mark;
	}

	event = bpf_ringbuf_reserve(&events, sizeof(*event) * 3, 0);
	if (event) {
		event[0] = mark;
		if (mark == 13)
			bpf_ringbuf_discard(event, 0);
		else
			bpf_ringbuf_submit(event, 0);
	}
	skb->mark = mark * 2;
	return verdict;
}

/* In an object of its own the verifier has reason to complain. */
#ifdef REJECTED
SEC("tc")
int rejected(struct __sk_buff *skb)
{
	return *(__u8 *)(long)skb->data;
}
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
