/** One way a token can appear in bytes. */
export interface Pattern {
  readonly token: string
  readonly encoding: string
  readonly bytes: Buffer
}

/** Every form in which a token is looked for; forms that come out the same are listed once. */
export function encodings(token: string): Pattern[] {
  const raw = Buffer.from(token, 'utf8')
  const hex = raw.toString('hex')
  const forms: [string, Buffer][] = [
    ['raw', raw],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['utf-16le', Buffer.from(token, 'utf16le')],
    ['utf-16be', Buffer.from(token, 'utf16le').swap16()],
    // Every byte escaped: where only some are, letters and digits stand as they are, which is raw.
    ['percent', Buffer.from(percentEncoded(hex.toUpperCase()))],
    ['percent-lower', Buffer.from(percentEncoded(hex))],
    ['reversed', Buffer.from(raw).reverse()],
  ]
  for (const alignment of [0, 1, 2]) {
    const text = base64Core(raw, alignment)
    forms.push([`base64+${alignment}`, Buffer.from(text)])
    forms.push([`base64url+${alignment}`, Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_'))])
  }
  const seen = new Set<string>()
  return forms
    .filter(([, bytes]) => {
      const key = bytes.toString('latin1')
      return !seen.has(key) && seen.add(key)
    })
    .map(([encoding, bytes]) => ({ token, encoding, bytes }))
}

/** RFC 3986 section 2.1. */
function percentEncoded(hex: string): string {
  return hex.replace(/../g, '%$&')
}

/**
 * The base64 digits that a token fixes when `alignment` bytes of something else come before it: those which its
 * neighbours have a part in are left out.
 */
function base64Core(raw: Buffer, alignment: number): string {
  const text = Buffer.concat([Buffer.alloc(alignment), raw]).toString('base64')
  const first = Math.ceil((alignment * 8) / 6)
  const last = Math.floor(((alignment + raw.length) * 8) / 6)
  return text.slice(first, last)
}
