import { check, deviceControl, libc } from '@wireproof/ffi'

/** What a device does for the stack, or the stack puts off until it reaches the device. */
export interface Offloads {
  /** TCP segmentation. */
  readonly tso?: boolean
  readonly gso?: boolean
  readonly gro?: boolean
  readonly txChecksum?: boolean
  readonly rxChecksum?: boolean
}

const AF_INET = 2
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const SIOCETHTOOL = 0x8946

/** ETHTOOL_G* and ETHTOOL_S* of include/uapi/linux/ethtool.h. */
const commands: Readonly<Record<keyof Offloads, { get: number; set: number }>> = {
  rxChecksum: { get: 0x14, set: 0x15 },
  txChecksum: { get: 0x16, set: 0x17 },
  tso: { get: 0x1e, set: 0x1f },
  gso: { get: 0x23, set: 0x24 },
  gro: { get: 0x2b, set: 0x2c },
}

/** struct ethtool_value. */
export function ethtoolValue(command: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(command, 0)
  bytes.writeUInt32LE(value, 4)
  return bytes
}

/**
 * Switches offloads of a device in the namespace that the calling thread is in. What is not named stays as it is.
 *
 * @throws SystemError `ENODEV`, or `EOPNOTSUPP` where the device cannot change one of them.
 */
export function setOffloads(device: string, offloads: Offloads): void {
  withSocket((socket) => {
    for (const name of Object.keys(commands) as (keyof Offloads)[]) {
      const wanted = offloads[name]
      if (wanted === undefined) continue
      control(socket, device, name, ethtoolValue(commands[name].set, Number(wanted)))
    }
  })
}

export function offloads(device: string): Required<Offloads> {
  return withSocket((socket) => {
    const read = (name: keyof Offloads) =>
      control(socket, device, name, ethtoolValue(commands[name].get, 0)).readUInt32LE(4) !== 0
    return {
      tso: read('tso'),
      gso: read('gso'),
      gro: read('gro'),
      txChecksum: read('txChecksum'),
      rxChecksum: read('rxChecksum'),
    }
  })
}

function control(socket: number, device: string, offload: string, data: Buffer): Buffer {
  check('ioctl', deviceControl(socket, SIOCETHTOOL, device, data), `${offload} of ${device}`)
  return data
}

function withSocket<Result>(action: (socket: number) => Result): Result {
  const socket = check('socket', libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0), 'AF_INET')
  try {
    return action(socket)
  } finally {
    libc.close(socket)
  }
}
