import { noEsp, type Outcome, offendersShown, plural } from './check.ts'
import { type ArmView, offender, type RunView, type SeenFrame } from './observe.ts'
import { fullSequence } from './sequence.ts'

/**
 * Holds when no security association used a sequence number twice, and no key a nonce (RFC 4106 section 2: repeating one
 * under AES-GCM gives the plaintext away). Nonces are compared with those of the run's earlier arms, too.
 */
export function unique(arm: ArmView, run: Pick<RunView, 'arms'>): Outcome {
  const earlier = new Set<string>()
  for (const [name, other] of run.arms) {
    if (name === arm.facts.name) break
    for (const seen of other.wire) for (const nonce of nonces(seen)) earlier.add(nonce)
  }
  const sequences = new Set<string>()
  const used = new Set<string>()
  const associations = new Set<string>()
  const again: { seen: SeenFrame; why: string }[] = []
  let packets = 0
  for (const seen of arm.wire) {
    const { opened, frame } = seen
    if (!opened) continue
    packets++
    // An SPI comes back after some rotations, under another key.
    const key = opened.ok ? ` ${opened.sa.key.toString('latin1')}` : ''
    const sa = `${frame.source} ${frame.destination} ${opened.spi}${key}`
    associations.add(sa)
    const sequence = `${sa} ${fullSequence(opened)}`
    const spi = `0x${opened.spi.toString(16)}`
    if (sequences.has(sequence))
      again.push({ seen, why: `SPI ${spi} used sequence number ${fullSequence(opened)} again` })
    sequences.add(sequence)
    for (const nonce of nonces(seen)) {
      if (used.has(nonce) || earlier.has(nonce))
        again.push({
          seen,
          why: `SPI ${spi} sequence ${fullSequence(opened)} used a nonce again under its key`,
        })
      used.add(nonce)
    }
  }
  const numbers = {
    packets,
    associations: associations.size,
    sequences: sequences.size,
    nonces: used.size,
    repeated: again.length,
  }
  if (again[0])
    return {
      state: 'fails',
      says: `${plural(again.length, 'repetition')} in ${plural(packets, 'ESP packet')}, the first: ${again[0].why}.`,
      numbers,
      offenders: again.slice(0, offendersShown).map(({ seen, why }) => offender(seen, why)),
    }
  if (packets === 0) return noEsp(numbers)
  return {
    state: 'holds',
    says: `${plural(packets, 'ESP packet')} on ${plural(associations.size, 'SA')} used ${plural(sequences.size, 'sequence number')} and ${plural(used.size, 'nonce')}: none twice.`,
    numbers,
    offenders: [],
  }
}

/** The nonce is the salt, which belongs to the key, and the IV of the packet. */
function nonces({ opened }: SeenFrame): string[] {
  return opened?.ok ? [`${opened.sa.key.toString('latin1')}${opened.iv.toString('latin1')}`] : []
}
