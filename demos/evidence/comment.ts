import {
  type ArmView,
  conversation,
  fullSequence,
  isInOverlay,
  openedPacket,
  openFailures,
  type RunView,
  type SeenFrame,
  type SentPacket,
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
  const origin = new Map(arm.account().sent.flatMap((sent) => (sent.carrier ? [[sent.carrier, sent]] : [])))
  const uncovered = new Set(
    arm.account().sent.flatMap((each) => (each.isCovered ? [] : (each.carrier ?? []))),
  )
  for (const seen of arm.wire) {
    const from = origin.get(seen)
    const sent = from === undefined ? '' : `; ${originOf(from)}`
    const why = clear.get(seen)
    if (why !== undefined) found.set(seen.number, `CLEAR: ${why}${sent}`)
    else if (seen.opened) found.set(seen.number, `${espComment(seen, arm.book)}${sent}`)
    else if (uncovered.has(seen)) found.set(seen.number, `In clear, as no policy covers it${sent}`)
    else found.set(seen.number, 'No pod traffic')
  }
  for (const seen of arm.injected)
    found.set(seen.number, `INJECTED by a stranger: ${conversation(seen.frame)}`)
  for (const { seen, token, encoding } of arm.wireCanaries().sightings)
    found.set(seen.number, `${found.get(seen.number)}; CANARY ${token} as ${encoding}`)
}

function originOf({ sender, seen, routers }: SentPacket): string {
  const frame = `frame ${seen.number} of pods.pcapng`
  return routers === 0
    ? `sent by node ${sender.name} itself, and arrived as ${frame}`
    : `sent by the pod as ${frame}`
}

function espComment({ opened, frame, time }: SeenFrame, book: ArmView['book']): string {
  const name = `${conversation(frame)}, SPI 0x${opened!.spi.toString(16)}, sequence ${fullSequence(opened!)}`
  if (!opened!.ok) return `NOT AUTHENTIC: ${name}: ${openFailures[opened!.reason]}`
  const holders = book.at(time)
  return `${name}: authentic, inner ${conversation(openedPacket(opened, holders)!)}${isInOverlay(opened, holders) ? ' in VXLAN' : ''}`
}

function podComments(arm: ArmView, found: Map<number, string>): void {
  for (const { seen, sender, fromNode, toNode, routers, fate, carrier } of arm.account().sent) {
    const where = carrier ? `, frame ${carrier.number} of wire.pcapng` : ''
    const says = {
      encrypted: 'encrypted on the wire',
      clear: 'IN CLEAR on the wire',
      missing: 'never on the wire',
    }
    const who = routers === 0 ? `by node ${sender.name} itself` : `from node ${fromNode}`
    found.set(seen.number, `Sent ${who} to node ${toNode}: ${says[fate]}${where}`)
  }
}
