import { setTimeout as sleep } from 'node:timers/promises'
import type { LabNode, LabPod } from '../../lab/lab.ts'
import { runIn } from '../sabotage/run-in.ts'
import type { Pair } from '../workload/canary.ts'
import type { Change, ChangeHands } from './change.ts'
import type { Conversation } from './guests.ts'
import { inRounds, times } from './rounds.ts'

/** Of a round; each has as many pods as there are letters. */
const nodesPerRound = 2
/** The last comes when the first has gone, and has its address. */
const [first, second, third, heir] = ['a', 'b', 'c', 'd'] as const
/** How long the last to come talk, besides their canaries. */
const talkMs = 300
/** How long pods talk that nobody guards, and guarded afterwards. */
const unguardedMs = 500

/** Nodes and pods join while everybody sends, leave again, and others get their addresses. */
export const churn: Change = {
  kind: 'churn',
  title: 'Nodes and pods come and go, and inherit addresses',
  rounds: 2,
  everyMs: 200,
  rightly: {
    text:
      'Two nodes join with three pods each, and talk to everybody. One pod of each leaves, and another gets its address. Then all ' +
      'leave, and the next two nodes inherit: each the wire address of the one and the pods’ addresses of the other.',
    notes:
      'Somebody goes on sending to an address while nobody has it, and while its heir comes: held back, not sent. Every port of ' +
      'the wire and every pod is captured from before its first packet.',
    what: (rounds) =>
      `${rounds * nodesPerRound} nodes and ${rounds * nodesPerRound * 4} pods joined and left, in ${rounds === 1 ? 'one round' : `${rounds} rounds`}`,
    async change(hands) {
      const names = await freshNames(hands)
      let before: readonly Party[] = []
      await inRounds(hands, 'round', async () => {
        before = await comeAndGo(
          hands,
          Array.from({ length: nodesPerRound }, () => names.next().value),
          before,
        )
      })
    },
  },
  botched: {
    heading: 'Come before they are guarded',
    text:
      'A node and pods join as before, but nothing guards the pods as they send their first packets: the agent hangs, and what it ' +
      'had put at their ports is gone. Strict mode is off. The captures have to show what leaves in clear until the agent wakes.',
    notes:
      'What happens where pods do not wait to be guarded. The leak ends by itself: whoever looks later sees nothing.',
    strict: false,
    rounds: 1,
    what: (rounds) => `pods that joined sent before anything guarded them, ${times(rounds)}`,
    async change(hands) {
      const names = await freshNames(hands)
      await inRounds(hands, 'round', () => comeUnguarded(hands, names.next().value))
    },
  },
}

/** A node that joined, and its pods by their letters. */
interface Party {
  readonly node: LabNode
  readonly pods: Map<string, LabPod>
}

async function comeAndGo(
  hands: ChangeHands,
  names: readonly string[],
  before: readonly Party[],
): Promise<Party[]> {
  const { guests, workload, task } = hands
  const legacies = before.toReversed()
  // To whom has not come yet, at the address of whom has left.
  const expected = names.flatMap((name, index): Pair[] => {
    const address = legacies[index]?.pods.get(second)
    const to = address && { ...address, name: `${name}${second}`, node: name }
    return to ? [{ from: hostOf(workload.pods, index), to }] : []
  })
  const callers = guests.stream(expected)
  const came: Party[] = []
  for (const [index, name] of names.entries()) {
    const node = await guests.addNode(name, legacies[index]?.node.podCidrs)
    const pods = await guests.addPods(
      [first, second, third].map((letter) => `${name}${letter}`),
      name,
    )
    came.push({ node, pods: new Map(pods.map((pod) => [pod.name.slice(name.length), pod])) })
  }
  const early = guests.stream(callsOf(workload.pods, came, [first]))
  const lasting = guests.stream([
    ...callsOf(workload.pods, came, [second, third]),
    ...(before.length > 0 ? [] : callsTo(workload.pods, came)),
  ])
  await guests.sendCanaries(acquaintances(workload.pods, came, [first, second, third]))
  await early.end()
  await guests.removePods(came.map(({ node }) => `${node.name}${first}`))
  for (const { node, pods } of came)
    for (const pod of await guests.addPods([`${node.name}${heir}`], node.name)) pods.set(heir, pod)
  const late = guests.stream(callsOf(workload.pods, came, [heir]))
  await guests.sendCanaries(acquaintances(workload.pods, came, [heir]))
  await sleep(talkMs, undefined, { signal: task.signal })
  await late.end()
  await lasting.end()
  for (const { node } of came) await guests.removeNode(node.name)
  await callers.end()
  return came
}

/** From each guest to somebody who stays, who answers. */
function callsOf(hosts: readonly LabPod[], came: readonly Party[], letters: readonly string[]): Pair[] {
  return letters.flatMap((letter, at) =>
    came.map(({ pods }, index) => ({ from: pods.get(letter)!, to: hostOf(hosts, index + at) })),
  )
}

/** From somebody who stays to one guest of each node. */
function callsTo(hosts: readonly LabPod[], came: readonly Party[]): Pair[] {
  return came.map(({ pods }, index) => ({ from: hostOf(hosts, index), to: pods.get(second)! }))
}

/** Each guest and somebody who stays, both ways, and guests on different nodes. */
function acquaintances(hosts: readonly LabPod[], came: readonly Party[], letters: readonly string[]): Pair[] {
  return callsOf(hosts, came, letters).flatMap(({ from, to }) => {
    const other = came.find(({ node }) => node.name !== from.node)?.pods.get(from.name.at(-1)!)
    return [{ from, to }, { from: to, to: from }, ...(other ? [{ from, to: other }] : [])]
  })
}

async function comeUnguarded(hands: ChangeHands, name: string): Promise<void> {
  const { guests, lab, mark, task, afterwards } = hands
  const node = await guests.addNode(name)
  const pods = await guests.addPods(
    [first, second].map((letter) => `${name}${letter}`),
    node.name,
  )
  await lab.pauseAgent(name)
  const wake = () => lab.resumeAgent(name)
  afterwards(`Wake the agent of ${name}`, async () => {
    if ((await lab.nodes()).some((each) => each.name === name)) await wake()
  })
  const talk = await whileUnguarded(hands, pods).finally(wake)
  await lab.settled()
  mark(`the pods of ${name} were guarded`)
  await sleep(unguardedMs, undefined, { signal: task.signal })
  await talk.end()
  await guests.removeNode(name)
}

/** Takes off what guards pods that have sent nothing yet, and has them talk. */
async function whileUnguarded(hands: ChangeHands, pods: readonly LabPod[]): Promise<Conversation> {
  const { guests, lab, workload, mark, task } = hands
  for (const { name, node } of pods)
    for (const direction of ['ingress', 'egress'])
      await runIn(lab, node, ['tc', 'filter', 'delete', 'dev', await lab.podPort(name), direction])
  mark(`nothing guarded ${pods.map(({ name }) => name).join(' and ')}`)
  const talk = guests.stream(pods.map((from, index) => ({ from, to: hostOf(workload.pods, index) })))
  await sleep(unguardedMs, undefined, { signal: task.signal })
  return talk
}

/** One of those that stay, each in turn. */
function hostOf(hosts: readonly LabPod[], turn: number): LabPod {
  return hosts[turn % hosts.length]!
}

/** Names that nobody in the lab has, nor can a pod made from one. */
async function freshNames({ lab }: ChangeHands): Promise<Iterator<string, never>> {
  const taken = [...(await lab.nodes()), ...(await lab.pods())].map(({ name }) => name)
  return (function* (): Generator<string, never> {
    for (let number = 1; ; number++) {
      const name = `j${number}`
      if (!taken.some((each) => each.startsWith(name))) yield name
    }
  })()
}
