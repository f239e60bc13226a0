import { arch, release } from 'node:os'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openXfrm } from '@wireproof/netlink'
import type { KernelDescription } from '../kernel.ts'

/** This machine's own kernel. */
export function hostKernel(): KernelDescription {
  return { kind: 'host', release: release(), machine: `this machine (${arch()})` }
}

/**
 * Why this process cannot have ESP from the kernel it runs on; undefined when it can. Asked by adding a security
 * association, in a network namespace that is gone afterwards: a version or a configuration file proves nothing.
 */
export function whyNoEsp(): string | undefined {
  if (process.geteuid!() !== 0) return 'only root may ask it for ESP'
  try {
    using xfrm = inNetworkNamespace('new', openXfrm)
    xfrm.addStates([
      {
        source: '192.0.2.1',
        destination: '192.0.2.2',
        spi: 0x100,
        reqid: 1,
        mode: 'tunnel',
        // Of no use to anyone: the association protects nothing and is gone with its namespace.
        aead: { name: 'rfc4106(gcm(aes))', key: Buffer.alloc(20, 1), icvBits: 128 },
      },
    ])
    return undefined
  } catch (error) {
    const { code, message, extended } = error as NodeJS.ErrnoException & { extended?: string }
    if (code === 'EPERM') return 'this root may not make network namespaces (is it in a container?)'
    return `it has no ESP with AES-GCM (${extended ?? message})`
  }
}
