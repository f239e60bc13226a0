import koffi from 'koffi'
import { load } from './library.ts'

const { memmove } = load('libc.so.6', {
  memmove: 'void *memmove(const uint8_t *to, const uint8_t *from, size_t length)',
})

/**
 * The address of a buffer's first byte, for structs that hold pointers. It holds as long as the buffer is referenced:
 * keep the buffer until the call that is given the struct has returned.
 */
export function addressOf(buffer: Uint8Array): bigint {
  return BigInt(koffi.address(memmove(buffer, buffer, 0)))
}
