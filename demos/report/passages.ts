import type { AddressBook, ArmView, SeenFrame } from '../proof/index.ts'

/** `uncovered`: in clear, as no policy has it encrypted. */
export type Fate = 'encrypted' | 'clear' | 'uncovered' | 'missing'

/** A packet from one pod, or node in scope itself, to one on another node, and what became of it. */
export interface Passage {
  readonly fromPod: string
  readonly toPod: string
  readonly time: bigint
  readonly fate: Fate
}

/** Every packet that was sent to another node in an arm, also those that left by a way that no pod's capture shows. */
export function passagesOf(arm: ArmView): Passage[] {
  const { sent } = arm.account()
  const carriers = new Set(sent.map(({ carrier }) => carrier))
  const known = sent.flatMap(({ seen, fate, isCovered }) =>
    passage(arm.book, seen, fate === 'clear' && !isCovered ? 'uncovered' : fate),
  )
  const strays = arm
    .clear()
    .filter(({ seen }) => !carriers.has(seen))
    .flatMap(({ seen }) => passage(arm.book, seen, 'clear'))
  return [...known, ...strays].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
}

function passage(book: AddressBook, { frame, time }: SeenFrame, fate: Fate): Passage[] {
  const { source, destination } = frame
  const holders = book.at(time)
  const from = source === undefined ? undefined : holders.senderAt(source)
  const to = destination === undefined ? undefined : holders.senderAt(destination)
  return from && to ? [{ fromPod: from.name, toPod: to.name, time, fate }] : []
}
