import koffi from 'koffi'
import { load } from './library.ts'

const NAME_LENGTH = 16

// struct ifreq with ifr_data: 40 bytes, the pointer first in its union of 24.
koffi.struct('wireproof_ifreq', {
  name: koffi.array('uint8_t', NAME_LENGTH),
  data: 'uint8_t *',
  rest: koffi.array('uint8_t', 16),
})
const { ioctl } = load('libc.so.6', {
  ioctl: 'int ioctl(int fd, unsigned long request, wireproof_ifreq *argument)',
})

/**
 * An ioctl about a network device whose argument is a struct ifreq that points to `data`, such as SIOCETHTOOL. The
 * kernel reads and writes `data` in place; its length must be what the request (and any command within) defines.
 *
 * @returns what ioctl returns: negative with errno set on failure.
 */
export function deviceControl(fd: number, request: number, device: string, data: Buffer): number {
  const name = Buffer.alloc(NAME_LENGTH)
  if (name.write(device) !== Buffer.byteLength(device) || name[NAME_LENGTH - 1] !== 0)
    throw new TypeError(
      `${JSON.stringify(device)} cannot name a network device: at most ${NAME_LENGTH - 1} bytes`,
    )
  return ioctl(fd, request, { name, data, rest: [] })
}
