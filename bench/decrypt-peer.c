/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer of bench/decrypt.ts: authenticates and decrypts ESP packets (RFC 4106, AES-128, ICV of 16 bytes) with libcrypto,
 * a context for each SA that is used again for each of its packets. Prints how many were authentic and the seconds it took.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAS	  2
#define KEY	  20 /* the cipher's key and the salt */
#define HEADER	  8
#define IV	  8
#define TAG	  16
#define LONGEST	  65536

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static uint8_t *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;

	if (!file)
		exit(1);
	fseek(file, 0, SEEK_END);
	*length = ftell(file);
	rewind(file);
	bytes = malloc(*length);
	if (!bytes || fread(bytes, 1, *length, file) != *length)
		exit(1);
	fclose(file);
	return bytes;
}

static int open_packet(EVP_CIPHER_CTX *context, const uint8_t *salt, const uint8_t *packet, uint32_t length)
{
	static uint8_t plaintext[LONGEST];
	const uint8_t *tag = packet + length - TAG;
	uint8_t nonce[12];
	int size;

	memcpy(nonce, salt, 4);
	memcpy(nonce + 4, packet + HEADER, IV);
	EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce);
	EVP_DecryptUpdate(context, NULL, &size, packet, HEADER);
	EVP_DecryptUpdate(context, plaintext, &size, packet + HEADER + IV, length - HEADER - IV - TAG);
	EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)tag);
	return EVP_DecryptFinal_ex(context, plaintext + size, &size) > 0;
}

int main(int argc, char **argv)
{
	EVP_CIPHER_CTX *contexts[SAS];
	uint8_t *bytes, *at, *end;
	size_t length;
	double start;
	long good = 0;

	if (argc != 2)
		return 2;
	bytes = read_file(argv[1], &length);
	for (int i = 0; i < SAS; i++) {
		contexts[i] = EVP_CIPHER_CTX_new();
		EVP_DecryptInit_ex(contexts[i], EVP_aes_128_gcm(), NULL, bytes + i * KEY, NULL);
	}
	end = bytes + length;
	start = now();
	for (at = bytes + SAS * KEY; at < end;) {
		uint32_t sa, size;

		memcpy(&sa, at, 4);
		memcpy(&size, at + 4, 4);
		at += 8;
		good += open_packet(contexts[sa], bytes + sa * KEY + 16, at, size);
		at += size;
	}
	printf("%ld %.6f\n", good, now() - start);
	return 0;
}
