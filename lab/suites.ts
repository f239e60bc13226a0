import { randomBytes } from 'node:crypto'

/** What a lab's cluster key can be for, as `--suite` has it; the first is what a new lab gets. */
export const suiteNames = ['aes-gcm-128', 'aes-gcm-256', 'chacha20-poly1305', 'aes-cbc-hmac-sha256'] as const
export type SuiteName = (typeof suiteNames)[number]

const hex = (bytes: number) => randomBytes(bytes).toString('hex')

/** What follows the id in a cluster key: names, and keys nobody has seen. */
const secrets: Readonly<Record<SuiteName, () => string>> = {
  'aes-gcm-128': () => `rfc4106(gcm(aes)) ${hex(20)} 128`,
  'aes-gcm-256': () => `rfc4106(gcm(aes)) ${hex(36)} 128`,
  'chacha20-poly1305': () => `rfc7539esp(chacha20,poly1305) ${hex(36)} 128`,
  'aes-cbc-hmac-sha256': () => `hmac(sha256) ${hex(32)} cbc(aes) ${hex(16)}`,
}

/** A fresh cluster key in the form that agents read. */
export function newClusterKey(id: number, suite: SuiteName): string {
  return `${id}+ ${secrets[suite]()}\n`
}

/** What a key that {@link newClusterKey} made is for. */
export function suiteOfClusterKey(text: string): SuiteName | undefined {
  const form = (key: string) => key.trim().split(/\s+/).slice(1).map(formOfPart).join(' ')
  return suiteNames.find((name) => form(newClusterKey(1, name)) === form(text))
}

/** A part of a key, without telling it: its length where it is hexadecimal. */
function formOfPart(part: string): string {
  return /^[0-9a-f]{32,}$/.test(part) ? `${part.length} hex digits` : part
}

/** Ids of cluster keys are 1 to 15; the one after the last is the first. */
export function nextKeyId(text: string): number {
  return (Number.parseInt(text, 10) % 15) + 1
}
