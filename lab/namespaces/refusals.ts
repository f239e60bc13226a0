import { readFileSync } from 'node:fs'
import { inNetworkNamespace } from '@wireproof/ffi'
import { Problem } from '../problem.ts'

/**
 * What IPsec refused in a network namespace, by reason (net/xfrm/xfrm_proc.c).
 *
 * @throws Problem where the kernel does not count it.
 */
export function readRefusals(node: string, namespace: string): Readonly<Record<string, number>> {
  const table = inNetworkNamespace(namespace, () => {
    try {
      return readFileSync('/proc/thread-self/net/xfrm_stat', 'utf8')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new Problem(
        'EXFRMSTAT',
        3,
        `this kernel does not say what IPsec refuses on ${node}: ${code}`,
        'It needs CONFIG_XFRM_STATISTICS; choose another --kernel.',
      )
    }
  })
  const rows = table.trim().split('\n')
  return Object.fromEntries(
    rows.map((row) => {
      const [reason = '', count] = row.trim().split(/\s+/)
      return [reason, Number(count)]
    }),
  )
}
