/*
 * Traffic between two network namespaces, and how fast it was. One program is both ends, so that neither waits for the
 * other to be started.
 *
 *     traffic <kind> <seconds> <namespace of the client> <namespace of the server> <address of the server>
 *
 * tcp: bulk, prints bytes and seconds. udp: datagrams of 64 bytes in bursts of 32, each burst acknowledged, prints
 * datagrams and seconds. rr: one request and one reply at a time, prints their number, and the median and the 99th
 * percentile in nanoseconds. Whatever arrives must be what was sent: every datagram whole, of a stream the first 4 MiB
 * byte by byte and all of it by length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 7000
#define BLOCK (64 << 10)
#define COMPARED (4 << 20)
#define DATAGRAM 64
#define BURST 32
#define MOST_ROUNDS (4 << 20)
#define PATIENCE_S 5

static unsigned char pattern[2 * BLOCK];

static void fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *what)
{
	fprintf(stderr, "traffic: %s\n", what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* The same 64 KiB twice, so that any 64 KiB of the stream lie in one piece. */
static void make_pattern(void)
{
	uint32_t state = 1;

	for (int i = 0; i < BLOCK; i++) {
		state = state * 1664525 + 1013904223;
		pattern[i] = pattern[i + BLOCK] = state >> 24;
	}
}

static int socket_in(const char *namespace, int type)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int file = open(namespace, O_RDONLY | O_CLOEXEC), made;

	if (file < 0 || setns(file, CLONE_NEWNET))
		fail(namespace);
	close(file);
	made = socket(AF_INET, type, 0);
	if (made < 0)
		fail("socket");
	setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return made;
}

/* What is lost ends the run with an error instead of waiting for ever. */
static ssize_t receive(int fd, void *bytes, size_t size)
{
	ssize_t length = recv(fd, bytes, size, 0);

	if (length < 0)
		fail("nothing came for 5 s");
	return length;
}

static uint64_t receive_stream(int listening)
{
	static unsigned char block[BLOCK];
	int connection = accept(listening, NULL, NULL);
	uint64_t total = 0;
	ssize_t length;

	if (connection < 0)
		fail("accept");
	while ((length = read(connection, block, sizeof(block))) > 0) {
		if (total < COMPARED && memcmp(block, pattern + total % BLOCK, length))
			wrong("what arrived is not what was sent");
		total += length;
	}
	if (length < 0)
		fail("read");
	return total;
}

static uint64_t send_stream(int connection, uint64_t until)
{
	uint64_t total = 0;
	ssize_t length;

	while (now() < until) {
		length = write(connection, pattern + total % BLOCK, BLOCK);
		if (length < 0)
			fail("write");
		total += length;
	}
	shutdown(connection, SHUT_WR);
	return total;
}

struct burst {
	struct mmsghdr messages[BURST];
	struct iovec pieces[BURST];
	unsigned char bytes[BURST][DATAGRAM];
};

static void prepare(struct burst *burst)
{
	memset(burst, 0, sizeof(*burst));
	for (int i = 0; i < BURST; i++) {
		burst->pieces[i] = (struct iovec){ burst->bytes[i], DATAGRAM };
		burst->messages[i].msg_hdr.msg_iov = &burst->pieces[i];
		burst->messages[i].msg_hdr.msg_iovlen = 1;
		memcpy(burst->bytes[i], pattern, DATAGRAM);
	}
}

static void receive_bursts(int fd)
{
	static struct burst burst;
	uint64_t expected = 0, number;
	int got;

	prepare(&burst);
	for (;;) {
		for (int have = 0; have < BURST; have += got) {
			got = recvmmsg(fd, burst.messages, BURST - have, MSG_WAITFORONE, NULL);
			if (got < 0)
				fail("nothing came for 5 s");
			for (int i = 0; i < got; i++, expected++) {
				memcpy(&number, burst.bytes[i], sizeof(number));
				if (number == UINT64_MAX)
					return;
				if (burst.messages[i].msg_len != DATAGRAM || number != expected ||
				    memcmp(burst.bytes[i] + 8, pattern + 8, DATAGRAM - 8))
					wrong("a datagram is not what was sent");
			}
		}
		if (send(fd, &expected, sizeof(expected), 0) != sizeof(expected))
			fail("acknowledge");
	}
}

static uint64_t send_bursts(int fd, uint64_t until)
{
	static struct burst burst;
	uint64_t sent = 0, acknowledged, end = UINT64_MAX;
	int gone;

	prepare(&burst);
	while (now() < until) {
		for (int i = 0; i < BURST; i++, sent++)
			memcpy(burst.bytes[i], &sent, sizeof(sent));
		for (int have = 0; have < BURST; have += gone) {
			gone = sendmmsg(fd, burst.messages + have, BURST - have, 0);
			if (gone < 0)
				fail("sendmmsg");
		}
		receive(fd, &acknowledged, sizeof(acknowledged));
		if (acknowledged != sent)
			wrong("the acknowledgement is of another burst");
	}
	if (send(fd, &end, sizeof(end), 0) < 0)
		fail("send");
	return sent;
}

static void reply(int fd)
{
	unsigned char bytes[DATAGRAM];
	ssize_t length;

	for (;;) {
		length = receive(fd, bytes, sizeof(bytes));
		if (length < DATAGRAM)
			return;
		if (send(fd, bytes, length, 0) != length)
			fail("send");
	}
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void request(int fd, uint64_t until)
{
	uint32_t *times = mmap(NULL, MOST_ROUNDS * sizeof(*times), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned char bytes[DATAGRAM], back[DATAGRAM];
	uint64_t count = 0, begun;

	if (times == MAP_FAILED)
		fail("mmap");
	memcpy(bytes, pattern, sizeof(bytes));
	while ((begun = now()) < until && count < MOST_ROUNDS) {
		memcpy(bytes, &count, sizeof(count));
		if (send(fd, bytes, sizeof(bytes), 0) < 0)
			fail("send");
		if (receive(fd, back, sizeof(back)) != sizeof(back) || memcmp(bytes, back, sizeof(back)))
			wrong("the reply is not what was asked");
		times[count++] = now() - begun;
	}
	if (send(fd, bytes, 1, 0) < 0 || !count)
		fail("send");
	qsort(times, count, sizeof(*times), ascending);
	printf("%lu %u %u\n", count, times[count / 2], times[count * 99 / 100]);
}

int main(int count, char **words)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in client_address = { .sin_family = AF_INET };
	socklen_t length = sizeof(client_address);
	uint64_t units = 0, begun, until, received = 0;
	int server, client, type, result[2], status;
	const int one = 1, room = 4 << 20;
	pid_t other;

	if (count != 6 || inet_pton(AF_INET, words[5], &address.sin_addr) != 1)
		wrong("usage: traffic tcp|udp|rr <seconds> <client> <server> <address>");
	make_pattern();
	type = strcmp(words[1], "tcp") ? SOCK_DGRAM : SOCK_STREAM;
	server = socket_in(words[4], type);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM)
		setsockopt(server, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(server, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	if (type == SOCK_STREAM && listen(server, 1))
		fail("listen");
	client = socket_in(words[3], type);
	if (connect(client, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	getsockname(client, (struct sockaddr *)&client_address, &length);
	if (type == SOCK_DGRAM && connect(server, (struct sockaddr *)&client_address, length))
		fail("connect");

	if (pipe(result))
		fail("pipe");
	other = fork();
	if (other < 0)
		fail("fork");
	if (!other) {
		close(client);
		if (!strcmp(words[1], "tcp"))
			received = receive_stream(server);
		else if (!strcmp(words[1], "udp"))
			receive_bursts(server);
		else
			reply(server);
		return write(result[1], &received, sizeof(received)) != sizeof(received);
	}
	close(server);
	begun = now();
	until = begun + strtod(words[2], NULL) * 1e9;
	if (!strcmp(words[1], "rr")) {
		request(client, until);
	} else {
		units = type == SOCK_STREAM ? send_stream(client, until) : send_bursts(client, until);
		close(client);
	}
	close(result[1]);
	if (read(result[0], &received, sizeof(received)) != sizeof(received))
		wrong("the other end failed");
	if (strcmp(words[1], "rr"))
		printf("%lu %.9f\n", units, (now() - begun) / 1e9);
	if (type == SOCK_STREAM && received != units)
		wrong("not all bytes arrived");
	if (waitpid(other, &status, 0) != other || status)
		wrong("the other end failed");
	return 0;
}
