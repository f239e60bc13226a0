import { isUnderWay } from './guests.ts'
import type { ArmView, SeenFrame } from './observe.ts'
import type { Denial } from './run.ts'

/** From one pod to another, as streams and sessions are. */
interface Route {
  readonly fromPod: string
  readonly toPod: string
}

export function denialsOf({ facts }: Pick<ArmView, 'facts'>): readonly Denial[] {
  return facts.change?.denials ?? []
}

/** Whether a session that begins in this direction is denied while the denial is in force. */
export function concerns({ pod, direction }: Denial, { fromPod, toPod }: Route): boolean {
  return pod === (direction === 'egress' ? toPod : fromPod)
}

/** While it was in force on every node, by the word of all agents. */
export function isInForce({ inForce, lifting }: Denial, time: bigint): boolean {
  return time > BigInt(inForce) && time < BigInt(lifting)
}

/** While it came, was in force, or went. */
export function mayDeny({ asked, lifted }: Denial, time: bigint): boolean {
  return time >= BigInt(asked) && time <= BigInt(lifted)
}

/**
 * Whether a packet that its pod sent need not be on the wire: what leaves for a pod that is cut off, answers in sessions that
 * the pod began included, or for one that is not there yet or no more.
 */
export function isHeldBack(arm: ArmView, { frame, time }: SeenFrame): boolean {
  const { destination = '' } = frame
  const holders = arm.book.at(time)
  const pod = holders.podAt(destination)
  return (
    denialsOf(arm).some((denial) => mayDeny(denial, time) && pod?.name === denial.pod) ||
    isUnderWay(arm, holders.homeOf(destination)?.name, pod?.name, time)
  )
}
