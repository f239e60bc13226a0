import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab, LabNode } from '../../lab/lab.ts'
import { behindItsBack } from '../sabotage/behind-its-back.ts'
import { algorithmWords, beyond, idOf, outboundOf, runIp } from '../sabotage/outbound.ts'
import { sabotageFailed } from '../sabotage/sabotage.ts'
import type { Change, ChangeHands } from './change.ts'
import { inRounds, times } from './rounds.ts'

/** How long everything is repeated in a round. */
const repeatedMs = 800

/** Somebody on the wire sends each frame to a node a second time. */
export const replay: Change = {
  kind: 'replay',
  title: 'Everything sent twice on the wire, and taken once',
  rounds: 3,
  everyMs: 20,
  rightly: {
    text:
      'Somebody on the wire repeats each frame to one node: perfect copies, with the right SPI, the right key and the right ' +
      'integrity check. What was taken once must not be taken again.',
    notes:
      'The replay window of IPsec knows a sequence number that it has seen. The kernel counts what it refuses.',
    what: (rounds) => `each frame to a node was repeated on the wire, ${times(rounds)}`,
    async change(hands) {
      const nodes = await hands.lab.nodes()
      await inRounds(hands, 'repetition', () => repeat(hands, nodes[hands.instants.next(nodes.length)]!.name))
    },
    isRandom: true,
  },
  botched: {
    heading: 'Without a replay window',
    text: 'The same, to a node whose SAs have no replay window. The copies have to be seen to arrive.',
    notes: 'Encrypted and authentic, and yet every order is executed twice.',
    what: (rounds) =>
      `each frame to a node without a replay window was repeated on the wire, ${times(rounds)}`,
    async change(hands) {
      const { lab } = hands
      const [node, ...others] = await lab.nodes()
      const wakes: (() => Promise<void>)[] = []
      const wake = async () => {
        await Promise.all(wakes.splice(0).map((each) => each()))
      }
      hands.afterwards('Wake the agents', wake)
      try {
        // A window belongs to extended sequence numbers, so those go first.
        for (const { name } of others)
          wakes.push(await behindItsBack(lab, name, () => takeExtension(lab, name, node!)))
        wakes.push(await behindItsBack(lab, node!.name, () => takeWindows(lab, node!)))
        await inRounds(hands, 'repetition', () => repeat(hands, node!.name))
      } finally {
        await wake()
      }
    },
  },
}

async function repeat({ lab, mark, task, afterwards }: ChangeHands, node: string): Promise<void> {
  const repetition = await lab.repeatFrames(node)
  afterwards(`Repeat nothing more to ${node}`, () => repetition.restore())
  try {
    mark(`each frame to ${node} was repeated`)
    await sleep(repeatedMs, undefined, { signal: task.signal })
  } finally {
    await repetition.restore()
  }
  mark(`nothing was repeated to ${node} any more`)
}

/** Puts what a node seals with for another there anew, with the same key, which goes on in 32-bit numbers. */
async function takeExtension(lab: Lab, name: string, to: LabNode): Promise<void> {
  const outbound = await outboundOf(lab, name)
  await runIp(
    lab,
    name,
    outbound
      .filter(({ sa }) => sa.destination === to.underlay)
      .flatMap(({ sa, id }) => [
        `xfrm state delete ${id}`,
        `xfrm state add ${id} reqid ${sa.reqid} mode ${sa.mode} replay-oseq ${beyond(sa)} ${algorithmWords(sa)}`,
      ]),
  )
}

/** Puts each inbound SA there anew, with the same key and mark and with no replay window. */
async function takeWindows(lab: Lab, { name, underlay }: LabNode): Promise<void> {
  const marks = await outputMarks(lab, name)
  const inbound = (await lab.securityAssociations(name)).filter(({ destination }) => destination === underlay)
  await runIp(
    lab,
    name,
    inbound.flatMap((sa) => {
      const id = idOf(sa)
      const mark = marks.get(sa.spi)
      if (mark === undefined) throw sabotageFailed(`an inbound SA of ${name} has no output mark`)
      return [
        `xfrm state delete ${id}`,
        `xfrm state add ${id} reqid ${sa.reqid} mode ${sa.mode} replay-window 0 output-mark ${mark} ${algorithmWords(sa)}`,
      ]
    }),
  )
}

/** By SPI, as `ip` wants them: what tells the datapath who sealed a packet. */
async function outputMarks(lab: Lab, node: string): Promise<ReadonlyMap<number, string>> {
  const child = lab.spawn(node, ['ip', 'xfrm', 'state', 'list', 'nokeys'])
  const [code, said] = await Promise.all([child.exit, text(child.stdout), text(child.stderr)])
  if (code !== 0) throw sabotageFailed(`\`ip xfrm state\` on ${node} ended with code ${code}`)
  const marks = new Map<number, string>()
  let spi = 0
  for (const line of said.split('\n')) {
    spi = Number(/spi (0x[0-9a-f]+)/.exec(line)?.[1] ?? spi)
    const [, value, mask] = /output-mark (0x[0-9a-f]+)\/(0x[0-9a-f]+)/.exec(line) ?? []
    if (value) marks.set(spi, `${value} mask ${mask}`)
  }
  return marks
}
