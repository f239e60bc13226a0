/** ESP in tunnel mode with AES-GCM costs at most 20 + 8 + 8 + 5 + 16 bytes (RFC 4303 section 2); rounded up. */
export const encryptionOverhead = 64
