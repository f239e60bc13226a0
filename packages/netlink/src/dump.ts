import { type Acknowledgement, readDone, readError } from './acknowledgement.ts'
import type { Message } from './reader.ts'

const NLM_F_DUMP_INTR = 0x10
const NLMSG_ERROR = 2
const NLMSG_DONE = 3

/** What a dump came to. */
export interface Dump<Item> extends Acknowledgement {
  readonly items: Item[]
  /** Something changed while it was taken: an object may be missing, or be there twice. */
  readonly interrupted: boolean
}

/**
 * Reads a dump to its end, also one that is already known to be of no use: the socket takes no other request before.
 *
 * @param receive returns the messages of one datagram.
 * @param read is given each as it comes, so that never all of them are in memory; undefined for what does not count.
 */
export function collectDump<Item>(
  receive: () => readonly Message[],
  sequence: number,
  read: (message: Message) => Item | undefined,
): Dump<Item> {
  const items: Item[] = []
  for (let interrupted = false; ; ) {
    for (const message of receive()) {
      if (message.sequence !== sequence) continue
      if (message.flags & NLM_F_DUMP_INTR) interrupted = true
      if (message.type === NLMSG_DONE)
        return { items, interrupted, ...readDone(message.payload, message.flags) }
      if (message.type === NLMSG_ERROR)
        return { items, interrupted, ...readError(message.payload, message.flags) }
      const item = read(message)
      if (item !== undefined) items.push(item)
    }
  }
}
