/**
 * What iproute2 6.1 sends to the kernel after the message header, as `strace -e write=all` shows it: an independent
 * reading of include/uapi/linux/xfrm.h.
 */

/**
 * `ip xfrm policy add src 10.0.0.0/24 dst 10.0.1.0/24 dir out priority 5 mark 0xe00 mask 0xffff0f00 tmpl src
 *  192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel`
 */
export const policyOut = join(
  '0a0001',
  '00'.repeat(13),
  '0a',
  '00'.repeat(23),
  '02001818',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(64),
  '0500000000000000010000000000000044000500c0000202',
  '00'.repeat(16),
  '3200000002000000c0000201',
  '00'.repeat(12),
  '0100000001000000ffffffffffffffffffffffff0c001500000e0000000fffff',
)

/**
 * `ip xfrm policy add src fd00:1::/64 dst fd00:2::/64 dir fwd priority 7 tmpl src 2001:db8::1 dst
 *  2001:db8::2 proto esp spi 0x1234 reqid 9 mode transport level use`
 */
export const policyForwardIPv6 = join(
  'fd000002',
  '00'.repeat(12),
  'fd000001',
  '00'.repeat(20),
  '0a004040',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(64),
  '070000000000000002000000000000004400050020010db800000000000000000000000200001234320000000a00000020010db80000000000000000000000010900000000000100ffffffffffffffffffffffff',
)

/** `ip xfrm policy add src 0.0.0.0/0 dst 10.0.1.7/32 dir in action block priority 100` */
export const policyInBlock = join(
  '0a000107',
  '00'.repeat(36),
  '020020',
  '00'.repeat(13),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(64),
  '64000000000000000001000000000000',
)

/** `ip xfrm policy delete src 10.0.0.0/24 dst 10.0.1.0/24 dir out mark 0xe00 mask 0xffff0f00` */
export const policyDelete = join(
  '0a0001',
  '00'.repeat(13),
  '0a',
  '00'.repeat(23),
  '02001818',
  '00'.repeat(16),
  '010000000c001500000e0000000fffff',
)

/**
 * `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x10 reqid 1 mode tunnel aead
 *  rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128 replay-window 128 flag af-unspec mark 1
 *  mask 0xff output-mark 2 mask 0xff`
 */
export const stateTunnelMarked = join(
  '00'.repeat(56),
  'c0000202',
  '00'.repeat(15),
  '1032000000c0000201',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '0100000002000100200000000000000060001200726663343130362867636d286165732929',
  '00'.repeat(47),
  'a000000080000000000102030405060708090a0b0c0d0e0f101112131c00170004',
  '00'.repeat(19),
  '800000000c00150001000000ff00000008001d000200000008001e00ff000000',
)

/**
 * `ip xfrm state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 0xfffffffe reqid 3 mode transport aead
 *  rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 64 replay-window 32`
 */
export const stateTransportIPv6 = join(
  '00'.repeat(56),
  '20010db8000000000000000000000002fffffffe3200000020010db8000000000000000000000001ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '030000000a000020000000000000000060001200726663343130362867636d286165732929',
  '00'.repeat(47),
  'a000000040000000000102030405060708090a0b0c0d0e0f10111213',
)

/**
 * `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x11 reqid 1 mode tunnel aead
 *  rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128 replay-window 64 flag af-unspec flag esn`
 */
export const stateExtendedSequence = join(
  '00'.repeat(56),
  'c0000202',
  '00'.repeat(15),
  '1132000000c0000201',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '0100000002000100a00000000000000060001200726663343130362867636d286165732929',
  '00'.repeat(47),
  'a000000080000000000102030405060708090a0b0c0d0e0f101112131c00170002',
  '00'.repeat(19),
  '40000000',
)

/**
 * `ip xfrm state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 0x12 reqid 1 mode tunnel aead rfc4106(gcm(aes))
 *  0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223 128 replay-window 1024 flag af-unspec
 *  flag esn`
 */
export const stateAes256IPv6 = join(
  '00'.repeat(56),
  '20010db8000000000000000000000002000000123200000020010db8000000000000000000000001ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '010000000a000100a00000000000000070001200726663343130362867636d286165732929',
  '00'.repeat(47),
  '2001000080000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122231c00170020',
  '00'.repeat(20),
  '040000',
)

/**
 * `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x13 reqid 1 mode tunnel aead
 *  rfc7539esp(chacha20,poly1305) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223 128
 *  replay-window 1024 flag af-unspec flag esn`
 */
export const stateChacha20 = join(
  '00'.repeat(56),
  'c0000202',
  '00'.repeat(15),
  '1332000000c0000201',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '0100000002000100a00000000000000070001200726663373533396573702863686163686132302c706f6c793133303529',
  '00'.repeat(35),
  '2001000080000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122231c00170020',
  '00'.repeat(20),
  '040000',
)

/**
 * `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x14 reqid 1 mode tunnel auth-trunc hmac(sha256)
 *  0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 128 enc cbc(aes)
 *  0x000102030405060708090a0b0c0d0e0f replay-window 1024 flag af-unspec flag esn`
 */
export const stateEncryptionAndAuthentication = join(
  '00'.repeat(56),
  'c0000202',
  '00'.repeat(15),
  '1432000000c0000201',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '0100000002000100a0000000000000006c001400686d61632873686132353629',
  '00'.repeat(53),
  '01000080000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f580002006362632861657329',
  '00'.repeat(56),
  '80000000000102030405060708090a0b0c0d0e0f1c00170020',
  '00'.repeat(20),
  '040000',
)

/**
 * `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x15 reqid 1 mode tunnel aead rfc4106(gcm(aes))
 *  0x000102030405060708090a0b0c0d0e0f10111213 128 replay-window 1024 replay-oseq 5 replay-oseq-hi 1 replay-seq 7
 *  replay-seq-hi 2 flag af-unspec flag esn`
 */
export const stateGoingOn = join(
  '00'.repeat(56),
  'c0000202',
  '00'.repeat(15),
  '1532000000c0000201',
  '00'.repeat(12),
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '00'.repeat(80),
  '0100000002000100a00000000000000060001200726663343130362867636d286165732929',
  '00'.repeat(47),
  'a000000080000000000102030405060708090a0b0c0d0e0f101112131c001700200000000500000007000000010000000200000000040000',
)

/** `ip xfrm state delete src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x10 mark 1 mask 0xff` */
export const stateDelete = join(
  'c0000202',
  '00'.repeat(15),
  '100200320014000d00c0000201',
  '00'.repeat(12),
  '0c00150001000000ff000000',
)

function join(...parts: string[]): Buffer {
  return Buffer.from(parts.join(''), 'hex')
}
