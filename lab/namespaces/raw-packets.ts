import { text } from 'node:stream/consumers'
import { check, inNetworkNamespace, libc } from '@wireproof/ffi'
import { readCapture } from 'tcpdump-parse'
import { Problem } from '../problem.ts'
import { exitOf, spawnIn } from './process.ts'

const AF_INET = 2
const AF_INET6 = 10
const AF_PACKET = 17
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const IPPROTO_RAW = 255
const SOL_SOCKET = 1
const SO_MARK = 36
const overheardWithinMs = 5000

/** Puts an Ethernet frame on a device's wire as it is. */
export function sendFrame(namespace: string, device: string, frame: Uint8Array): void {
  withSocket(namespace, AF_PACKET, 0, (fd) => {
    // struct sockaddr_ll: only the device counts.
    const address = Buffer.alloc(20)
    address.writeUInt16LE(AF_PACKET)
    address.writeInt32LE(check('if_nametoindex', libc.if_nametoindex(device), device), 4)
    send(fd, frame, address)
  })
}

/** Sends an IP packet with the header it has, by the routes of the namespace. */
export function sendPacket(namespace: string, packet: Uint8Array, mark?: number): void {
  const isIpv6 = packet[0]! >> 4 === 6
  withSocket(namespace, isIpv6 ? AF_INET6 : AF_INET, IPPROTO_RAW, (fd) => {
    if (mark !== undefined) {
      const value = Buffer.alloc(4)
      value.writeUInt32LE(mark)
      check('setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_MARK, value, value.length), 'SO_MARK')
    }
    send(fd, packet, isIpv6 ? ipv6Destination(packet) : ipv4Destination(packet))
  })
}

/** The next ESP frames for an address that come in at a device. */
export async function overhear(
  namespace: string,
  device: string,
  to: string,
  count: number,
): Promise<Buffer[]> {
  const argv = [
    'tcpdump',
    '-i',
    device,
    '-Q',
    'in',
    '-c',
    `${count}`,
    '-n',
    '-U',
    '--immediate-mode',
    '-Z',
    'root',
  ]
  const child = spawnIn(namespace, [...argv, '-w', '-', `esp and dst host ${to}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const late = setTimeout(() => child.kill('SIGKILL'), overheardWithinMs)
  try {
    const exit = exitOf(child)
    const said = text(child.stderr!)
    const frames: Buffer[] = []
    for await (const { data } of readCapture(child.stdout!)) frames.push(Buffer.from(data))
    await exit
    if (frames.length === count) return frames
    const why = (await said).trim().split('\n').at(-1)
    throw new Problem('ECAPTURE', 4, `too little was overheard at ${device}: ${why}`)
  } finally {
    clearTimeout(late)
  }
}

/** As struct sockaddr_in has it. */
function ipv4Destination(packet: Uint8Array): Buffer {
  const address = Buffer.alloc(16)
  address.writeUInt16LE(AF_INET)
  address.set(packet.subarray(16, 20), 4)
  return address
}

/** As struct sockaddr_in6 has it. */
function ipv6Destination(packet: Uint8Array): Buffer {
  const address = Buffer.alloc(28)
  address.writeUInt16LE(AF_INET6)
  address.set(packet.subarray(24, 40), 8)
  return address
}

function withSocket(namespace: string, family: number, protocol: number, action: (fd: number) => void): void {
  inNetworkNamespace(namespace, () => {
    const fd = check('socket', libc.socket(family, SOCK_RAW_CLOEXEC, protocol))
    try {
      action(fd)
    } finally {
      libc.close(fd)
    }
  })
}

function send(fd: number, data: Uint8Array, address: Buffer): void {
  const bytes = Buffer.from(data)
  check('sendto', Number(libc.sendto(fd, bytes, bytes.length, 0, address, address.length)))
}
