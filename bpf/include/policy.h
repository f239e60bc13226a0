/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * NetworkPolicy, as the agent has compiled it for each pod of this node: whoever is isolated in a direction may begin
 * only the sessions that an entry allows. agent/policy/layout.ts mirrors the structs here.
 */
#ifndef WIREPROOF_POLICY_H
#define WIREPROOF_POLICY_H

#include "conntrack.h"
#include "decision.h"

#define ISOLATED(direction) (1u << (direction))

/* What is in force at a pod. A set is never changed to allow less: another one takes its place, in this one write. */
struct pod_policy {
	__u32 set;
	__u32 isolated;
	/* Told where nothing allows: the policies that isolate the pod, by direction. */
	__u32 isolating_rule[2];
};

/* By device of the pod's veth on the host's side. No entry: nothing passes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct pod_policy);
} pod_policies SEC(".maps");

enum peer { PEER_ANYONE, PEER_IDENTITY, PEER_CIDR, PEERS };

/* A range of ports is several entries with a prefix each; without a port or protocol the prefix ends before it. */
struct policy_key {
	__u32 prefix_length;
	__u32 set;
	__u32 remote;		/* an identity, or a class of addresses */
	__u8 scope;		/* direction * PEERS + peer */
	__u8 protocol;
	__be16 port;
};

#define POLICY_KEY_BITS 96

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct policy_key);
	__type(value, __u32);	/* the rule */
} policies SEC(".maps");

/* Addresses that the same ipBlocks of a set contain, and the same exceptions take out, are one class. */
struct cidr_key {
	__u32 prefix_length;
	__u32 set;
	__u32 direction;
	struct address address;
};

#define CIDR_KEY_BITS 192

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct cidr_key);
	__type(value, __u32);	/* the class, from 1 */
} policy_cidrs SEC(".maps");

struct judgement {
	bool allowed;
	__u32 rule;
};

static __always_inline struct judgement judge_as(bool allowed, __u32 rule)
{
	struct judgement judgement = { allowed, rule };

	return judgement;
}

static __always_inline __u32 class_of(__u32 set, __u32 direction, const struct address *address)
{
	struct cidr_key key = {
		.prefix_length = CIDR_KEY_BITS,
		.set = set,
		.direction = direction,
		.address = *address,
	};
	const __u32 *class = bpf_map_lookup_elem(&policy_cidrs, &key);

	return class ? *class : 0;
}

static __always_inline const __u32 *find_rule(struct policy_key *key, __u32 direction, enum peer peer, __u32 remote)
{
	key->scope = direction * PEERS + peer;
	key->remote = remote;
	return bpf_map_lookup_elem(&policies, key);
}

/* Whether the session may begin. Entries only ever allow, so the first that is found will do. */
static __always_inline struct judgement evaluate(const struct pod_policy *policy, __u32 direction, __u32 identity,
						 const struct session_key *session)
{
	struct policy_key key = {
		.prefix_length = POLICY_KEY_BITS,
		.set = policy->set,
		.protocol = session->protocol,
	};
	const __u32 *rule = NULL;
	__u32 class;

	if (!(policy->isolated & ISOLATED(direction)))
		return judge_as(true, 0);
	if (has_ports(session->protocol))
		key.port = bpf_htons(direction == DIRECTION_EGRESS ? session->remote_port : session->local_port);
	if (identity)
		rule = find_rule(&key, direction, PEER_IDENTITY, identity);
	if (!rule) {
		class = class_of(policy->set, direction, &session->remote);
		if (class)
			rule = find_rule(&key, direction, PEER_CIDR, class);
	}
	if (!rule)
		rule = find_rule(&key, direction, PEER_ANYONE, 0);
	if (rule)
		return judge_as(true, *rule);
	return judge_as(false, policy->isolating_rule[direction == DIRECTION_EGRESS]);
}

/* What a service's address was asked for is judged where the address behind it is seen, by that. */
static __always_inline bool is_judged_later(__u32 direction, bool service)
{
	return direction == DIRECTION_EGRESS && service;
}

/* Judges a session again where the policies, or who is behind the address, have changed since. */
static __always_inline struct judgement judge_session(struct session *session, const struct session_key *key,
						      const struct pod_policy *policy, __u32 identity, bool service)
{
	struct judgement judgement;

	if ((session->set == policy->set && session->remote_identity == identity) ||
	    is_judged_later(session->direction, service))
		return judge_as(true, session->rule);
	judgement = evaluate(policy, session->direction, identity, key);
	/* One that is denied stays, and is not renewed: allowed again before it expires, it goes on as what it was. */
	if (judgement.allowed) {
		session->rule = judgement.rule;
		session->remote_identity = identity;
		session->set = policy->set;
	}
	return judgement;
}

/* Later fragments have no ports: they pass where the first did, or where the ports do not matter. */
static __always_inline struct judgement judge_fragment(const struct packet *packet, const struct session_key *session,
						       const struct pod_policy *policy, __u32 identity,
						       __u32 direction, __u64 now)
{
	struct fragment_key key = {
		.source = packet->source,
		.destination = packet->destination,
		.device = session->device,
		.datagram = packet->datagram,
		.protocol = packet->protocol,
	};
	const struct fragment_value *first = bpf_map_lookup_elem(&fragments, &key);

	if (first && first->set == policy->set && now - first->seen <= TIMEOUT_FRAGMENTS * SECOND_NS)
		return judge_as(true, first->rule);
	return evaluate(policy, direction, identity, session);
}

static __always_inline void expect_fragments(const struct packet *packet, __u32 device, __u32 set, __u32 rule, __u64 now)
{
	struct fragment_key key = {
		.source = packet->source,
		.destination = packet->destination,
		.device = device,
		.datagram = packet->datagram,
		.protocol = packet->protocol,
	};
	struct fragment_value value = { .seen = now, .set = set, .rule = rule };

	bpf_map_update_elem(&fragments, &key, &value, BPF_ANY);
}

/* What an ICMP error quotes, whose cursor is then behind its IP header. Of IPv6 only without extension headers: the
 * verifier of Linux 6.1 cannot follow those of two packets. */
static __always_inline bool parse_quoted(struct hdr_cursor *nh, const struct packet *packet, struct packet *quoted)
{
	struct portshdr ports = {};
	struct ipv6hdr ip6h;
	struct iphdr iph;

	if (!is_icmp_error(packet->protocol, parse_icmphdr(nh)))
		return false;
	if (packet->protocol == IPPROTO_ICMP) {
		if (parse_iphdr(nh, &iph) < 0 || iph.frag_off & bpf_htons(IP_OFFSET))
			return false;
		set_ipv4(&quoted->source, iph.saddr);
		set_ipv4(&quoted->destination, iph.daddr);
		quoted->protocol = iph.protocol;
	} else {
		if (copy_header(nh, &ip6h) || ip6h.version != 6)
			return false;
		nh->offset += sizeof(ip6h);
		__builtin_memcpy(&quoted->source, &ip6h.saddr, sizeof(quoted->source));
		__builtin_memcpy(&quoted->destination, &ip6h.daddr, sizeof(quoted->destination));
		quoted->protocol = ip6h.nexthdr;
	}
	if (has_ports(quoted->protocol) && parse_portshdr(nh, &ports) != 0)
		return false;
	quoted->source_port = bpf_ntohs(ports.source);
	quoted->destination_port = bpf_ntohs(ports.destination);
	return true;
}

/* The session that an ICMP error is about: it quotes a packet that went the other way, and goes to who sent that. */
static __always_inline struct session *find_quoted(struct hdr_cursor nh, const struct packet *packet,
						   struct session_key *key, bool outgoing)
{
	struct packet quoted = {};

	if (!parse_quoted(&nh, packet, &quoted) || !same_address(&quoted.source, &packet->destination))
		return NULL;
	set_session_key(key, key->device, &quoted, !outgoing);
	set_echo(key, &nh, !outgoing);
	return bpf_map_lookup_elem(&sessions, key);
}

/*
 * What is known of a packet when its policy is asked, handed over through memory. What comes out of there has no past for
 * the verifier, which then looks once at what follows, and not for every way to parse a packet and to decide about it: for
 * Linux 6.1 those are too many.
 */
struct handover {
	struct packet packet;
	__u32 device;		/* of the pod that sends it, or receives it */
	__u32 offset;		/* of what is behind the packet's IP headers */
	__u32 remote_identity;
	__u32 remote_service;
	__u32 mark;		/* where it passes */
	__u32 verdict;		/* before its policy */
	__u32 reason;
	__u32 exempt;		/* no policy is asked */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct handover);
} handovers SEC(".maps");

/* A function of its own, for the 512 bytes of stack. Returns the rule, and whether it allows, or has not been asked. */
#define PACKET_ALLOWED (1ull << 32)
#define PACKET_UNJUDGED (1ull << 33)

static __noinline __u64 judge_packet(struct __sk_buff *skb, const struct handover *told, __u32 direction)
{
	const struct packet *packet = &told->packet;
	const bool outgoing = direction == DIRECTION_EGRESS;
	const bool service = told->remote_service;
	const __u32 identity = told->remote_identity;
	struct hdr_cursor nh = { .skb = skb, .offset = told->offset };
	struct session_key key = {};
	struct judgement judgement;
	struct pod_policy *policy;
	struct session *session;
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 device = told->device;
	__u64 later = 0;
	__u8 tcp = 0;
	bool begins;

	policy = bpf_map_lookup_elem(&pod_policies, &device);
	if (!policy)
		return 0;
	if (is_judged_later(direction, service) && policy->isolated & ISOLATED(DIRECTION_EGRESS))
		later = PACKET_UNJUDGED;

	set_session_key(&key, device, packet, outgoing);
	if (packet->fragment) {
		judgement = is_judged_later(direction, service) ?
				    judge_as(true, 0) :
				    judge_fragment(packet, &key, policy, identity, outgoing, now);
		goto out;
	}
	set_echo(&key, &nh, outgoing);
	tcp = tcp_flags(&nh, packet->protocol);
	/* Never a reply, and the beginning of another session where there was one. */
	begins = (tcp & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	session = bpf_map_lookup_elem(&sessions, &key);
	if (session && !begins && !is_expired(session, key.protocol, now)) {
		judgement = judge_session(session, &key, policy, identity, service);
		if (judgement.allowed)
			touch(session, session->direction == outgoing, tcp, now);
	} else {
		judgement = is_judged_later(direction, service) ? judge_as(true, 0) :
								  evaluate(policy, outgoing, identity, &key);
		if (judgement.allowed) {
			struct session fresh = {
				.seen = now,
				.set = policy->set,
				.remote_identity = identity,
				.rule = judgement.rule,
				.direction = outgoing,
			};

			begin_session(&key, &fresh, session != NULL);
		}
	}
	if (judgement.allowed && packet->first_fragment)
		expect_fragments(packet, device, policy->set, judgement.rule, now);
out:
	return judgement.rule | later | (judgement.allowed ? PACKET_ALLOWED : 0);
}

/*
 * Whether an ICMP error is about a session of the pod that may go on. Its sender may be any router, and the identity
 * that counts is that of the session.
 */
static __noinline bool is_related(struct __sk_buff *skb, const struct handover *told, __u32 direction)
{
	struct hdr_cursor nh = { .skb = skb, .offset = told->offset };
	struct session_key key = { .device = told->device };
	struct pod_policy *policy = bpf_map_lookup_elem(&pod_policies, &key.device);
	struct endpoint remote;
	struct session *session;

	if (!policy)
		return false;
	session = find_quoted(nh, &told->packet, &key, direction == DIRECTION_EGRESS);
	if (!session || is_expired(session, key.protocol, bpf_ktime_get_coarse_ns()))
		return false;
	remote = find_endpoint(&key.remote);
	return judge_session(session, &key, policy, remote.identity,
			     is_service_of_pods(&key.remote, &remote)).allowed;
}

/* fe80::/10, ff02::/16 and ::, which no router forwards: neighbour discovery between a pod and its node. */
static __always_inline bool is_link_scope(const struct address *address)
{
	const __u64 *words = (const __u64 *)address->bytes;

	if (address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80)
		return true;
	return (address->bytes[0] == 0xff && address->bytes[1] == 0x02) || (!words[0] && !words[1]);
}

/* Kubernetes: traffic to and from the node where a pod is running is always allowed. */
static __always_inline bool is_own_node(const struct endpoint *remote)
{
	return remote->known && !remote->protected && remote->node == NODE_LOCAL;
}

/* Has the last word on what a pod sends or receives and would pass otherwise. */
static __always_inline struct decision apply_policy(struct __sk_buff *skb, struct handover *told, __u32 direction)
{
	struct decision decision = decide(told->verdict, told->reason);
	const struct packet *packet = &told->packet;
	__u64 judgement;

	if (told->exempt)
		return decision;
	if (!packet->fragment && (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6) &&
	    is_related(skb, told, direction))
		return decision;
	judgement = judge_packet(skb, told, direction);
	if (judgement & PACKET_UNJUDGED)
		told->mark = MARK_UNJUDGED;
	if (!(judgement & PACKET_ALLOWED))
		decision = decide(VERDICT_DROPPED, REASON_POLICY_DENIED);
	decision.rule = (__u32)judgement;
	return decision;
}

/* The packet itself, before anything is decided about it. */
static __always_inline struct handover *hand_over(const struct hdr_cursor *nh, const struct packet *packet)
{
	const __u32 zero = 0;
	struct handover *told = bpf_map_lookup_elem(&handovers, &zero);

	if (!told)
		return NULL;
	told->packet = *packet;
	told->offset = nh->offset;
	/* Else clang remembers what it has just put there, and the past is not left behind. */
	asm volatile("" : : "r"(told) : "memory");
	return told;
}

/* Which pod it is of, who is at its other end, at which address, and what is decided as far as that goes. */
static __always_inline void tell_decision(struct handover *told, __u32 device, const struct endpoint *remote,
					  const struct address *address, struct decision decision, __u32 mark)
{
	const struct packet *packet = &told->packet;

	told->device = device;
	told->remote_identity = remote->identity;
	told->remote_service = is_service_of_pods(address, remote);
	told->mark = mark;
	told->verdict = decision.verdict;
	told->reason = decision.reason;
	told->exempt = decision.verdict == VERDICT_DROPPED || is_own_node(remote) || is_link_scope(&packet->source) ||
		       is_link_scope(&packet->destination);
	asm volatile("" : : "r"(told) : "memory");
}

/* Asks the policy of the pod that sends, unless the packet is dropped already or needs none, and ends with what comes of it. */
static __always_inline int conclude_sent(struct __sk_buff *skb, enum hook hook, struct handover *told)
{
	const struct decision decision = apply_policy(skb, told, DIRECTION_EGRESS);

	if (decision.verdict != VERDICT_DROPPED)
		skb->mark = (skb->mark & ~MARK_MASK) | told->mark;
	return conclude(skb, hook, &told->packet, decision);
}

/*
 * Asks the policy of the pod behind the device that a packet came in by, where that pod sent it to another address than it
 * has now. A pod may always talk to itself; and what this node sends itself came in by no device, and has such a mark where
 * it answers under that of who asked.
 */
static __always_inline struct decision judge_sender(struct __sk_buff *skb, struct handover *told)
{
	const struct packet *packet = &told->packet;
	const __u32 sender = skb->ingress_ifindex, receiver = told->device, exempt = told->exempt;
	const __u32 identity = told->remote_identity, service = told->remote_service;
	struct endpoint destination;
	struct decision decision;

	if (!is_unsettled(skb) || !sender || sender == receiver)
		return decide(told->verdict, told->reason);
	destination = find_endpoint(&packet->destination);
	told->device = sender;
	told->remote_identity = destination.identity;
	told->remote_service = 0;
	/* Under its node's address (masquerading) it is no less the pod's. */
	told->exempt = told->verdict == VERDICT_DROPPED;
	decision = apply_policy(skb, told, DIRECTION_EGRESS);
	told->device = receiver;
	told->remote_identity = identity;
	told->remote_service = service;
	told->exempt = exempt;
	return decision;
}

#endif
