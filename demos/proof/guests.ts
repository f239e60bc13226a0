import type { ArmFacts, Guests } from './run.ts'
import { type Datagram, type StreamAccount, underWay } from './streams.ts'

interface Arm {
  readonly facts: Pick<ArmFacts, 'change'>
}

const nobody: Guests = { nodes: [], pods: [] }

/** Nodes and pods that joined while an arm was played, and left. */
export function guestsOf({ facts }: Arm): Guests {
  return facts.change?.guests ?? nobody
}

/** When something is to be reached, in nanoseconds since the epoch. */
interface Presence {
  readonly ready: bigint
  readonly leaving: bigint
}

/**
 * Whether what is sent to a pod need not arrive: it, or its node, is there only for some of the time, and this is before
 * or after. Of an address that no pod has, the same is asked of its node.
 */
export function isUnderWay(
  arm: Arm,
  node: string | undefined,
  pod: string | undefined,
  time: bigint,
): boolean {
  const { nodes, pods } = guestsOf(arm)
  const host = nodes.find(({ name }) => name === node)
  if (!host) return false
  const guest = pods.find(({ name }) => name === pod)
  const { ready, leaving } = presenceOf([host, ...(guest ? [guest] : [])])
  return time < ready || time > leaving
}

/** Whether a datagram was sent to a pod that had not come yet or was gone, or was when the answer was under way. */
export function isForAbsentee(arm: Arm, stream: StreamAccount['stream'], datagram: Datagram): boolean {
  return absenceOf(arm, stream)(datagram)
}

function absenceOf(arm: Arm, { toPod }: StreamAccount['stream']): (datagram: Datagram) => boolean {
  const { nodes, pods } = guestsOf(arm)
  const guest = pods.find(({ name }) => name === toPod)
  if (!guest) return () => false
  const { ready, leaving } = presenceOf([guest, ...nodes.filter(({ name }) => name === guest.node)])
  return ({ sent }) => sent < ready || sent > leaving - underWay
}

/** Without the datagrams that had nobody to arrive at. */
export function whilePresent(arm: Arm, accounts: readonly StreamAccount[]): readonly StreamAccount[] {
  return accounts.map((account) => {
    const isForNobody = absenceOf(arm, account.stream)
    return { ...account, datagrams: account.datagrams.filter((each) => !isForNobody(each)) }
  })
}

/** Of all of them at once. */
function presenceOf(stays: readonly { readonly ready: string; readonly leaving: string }[]): Presence {
  return stays.reduce<Presence>(
    (common, { ready, leaving }) => ({
      ready: BigInt(ready) > common.ready ? BigInt(ready) : common.ready,
      leaving: BigInt(leaving) < common.leaving ? BigInt(leaving) : common.leaving,
    }),
    { ready: 0n, leaving: 2n ** 64n },
  )
}
