import { isIP } from 'node:net'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/**
 * Reads `<address>:<port>`, `[<IPv6 address>]:<port>` or a port alone, which is one of loopback.
 *
 * @returns undefined for anything else.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, host = '127.0.0.1', digits = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? []
  const bare = /^\[(.*)\]$/.exec(host)?.[1] ?? (isIP(host) === 6 ? '' : host)
  const port = Number(digits)
  return digits !== '' && port <= 65_535 && isIP(bare) !== 0 ? { host: bare, port } : undefined
}
