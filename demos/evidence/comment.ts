import { decodeIp } from 'tcpdump-parse'
import {
  type ArmView,
  conversation,
  fullSequence,
  openFailures,
  type RunView,
  type SeenFrame,
} from '../proof/index.ts'

/** What Wireshark shows beside each frame: the verdict on it, and where its other half is. */
export function comments(run: RunView, kind: 'wire' | 'pod'): Map<number, string> {
  const found = new Map<number, string>()
  for (const arm of run.arms.values())
    if (kind === 'wire') wireComments(arm, found)
    else podComments(arm, found)
  return found
}

function wireComments(arm: ArmView, found: Map<number, string>): void {
  const clear = new Map(arm.clear().map(({ seen, why }) => [seen, why]))
  const origin = new Map(
    arm.account().sent.flatMap(({ seen, carrier }) => (carrier ? [[carrier, seen.number]] : [])),
  )
  const uncovered = new Set(
    arm.account().sent.flatMap((each) => (each.isCovered ? [] : (each.carrier ?? []))),
  )
  for (const seen of arm.wire) {
    const from = origin.get(seen)
    const sent = from === undefined ? '' : `; sent by the pod as frame ${from} of pods.pcapng`
    const why = clear.get(seen)
    if (why !== undefined) found.set(seen.number, `CLEAR: ${why}${sent}`)
    else if (seen.opened) found.set(seen.number, `${espComment(seen)}${sent}`)
    else if (uncovered.has(seen)) found.set(seen.number, `In clear, as no policy covers it${sent}`)
    else found.set(seen.number, 'No pod traffic')
  }
  for (const seen of arm.injected)
    found.set(seen.number, `INJECTED by a stranger: ${conversation(seen.frame)}`)
  for (const { seen, token, encoding } of arm.wireCanaries().sightings)
    found.set(seen.number, `${found.get(seen.number)}; CANARY ${token} as ${encoding}`)
}

function espComment({ opened, frame }: SeenFrame): string {
  const name = `${conversation(frame)}, SPI 0x${opened!.spi.toString(16)}, sequence ${fullSequence(opened!)}`
  if (!opened!.ok) return `NOT AUTHENTIC: ${name}: ${openFailures[opened!.reason]}`
  return `${name}: authentic, inner ${conversation(decodeIp(opened!.inner))}`
}

function podComments(arm: ArmView, found: Map<number, string>): void {
  for (const { seen, fromNode, toNode, fate, carrier } of arm.account().sent) {
    const where = carrier ? `, frame ${carrier.number} of wire.pcapng` : ''
    const says = {
      encrypted: 'encrypted on the wire',
      clear: 'IN CLEAR on the wire',
      missing: 'never on the wire',
    }
    found.set(seen.number, `Sent from node ${fromNode} to node ${toNode}: ${says[fate]}${where}`)
  }
}
