import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Counters, SecurityAssociation } from '../agent/api.ts'
import type { CapturePoint, EncryptionSettings, Lab, LabNode } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'
import type { Stage, Task } from './player/index.ts'
import type { ArmName, ArmRecord } from './proof/run.ts'
import type { SentCanary, Workload } from './workload/traffic.ts'

/** What an arm needs to be played. */
export interface ArmCast {
  readonly lab: Lab
  readonly workload: Workload
  /** Where its captures go. */
  readonly directory: string
}

export interface ArmPlan {
  readonly name: ArmName
  readonly settings: EncryptionSettings
  /** Whose agent hangs while its outbound IPsec policies are deleted: nothing tells the kernel to encrypt any more. */
  readonly sabotage?: { readonly node: string }
  /** Milliseconds until a canary counts as lost. */
  readonly deadlineMs: number
}

type CountersByNode = Record<string, Counters>

export interface PlayedArm {
  readonly record: ArmRecord
  readonly points: readonly CapturePoint[]
  readonly canaries: readonly SentCanary[]
}

/** Plays one arm: settings, sabotage, traffic between instruments that listen, and what the nodes counted meanwhile. */
export async function playArm(stage: Stage, cast: ArmCast, plan: ArmPlan): Promise<PlayedArm> {
  const { lab, workload, directory } = cast
  const { name, settings, sabotage } = plan

  const before = await stage.do(settingsTitle(settings), async (task) => {
    await lab.configure(settings)
    return task.measure('counters', () => readCounters(lab))
  })
  const repair = sabotage && (await breakNode(stage, lab, sabotage.node))

  const started = nowInNanoseconds()
  const { canaries, points, sasBefore, sasAfter, ...counted } = await stage.do(
    'Canaries go from every pod to every pod on another node',
    async (task) => {
      const [capture, sasBefore] = await Promise.all([
        task.measure('start instruments', () => lab.capture(join(directory, name), stage.signal)),
        task.measure('security associations', () => readAssociations(lab)),
      ])
      const canaries = await task.measure('traffic', () =>
        workload.sendCanaries(name, {
          deadlineMs: plan.deadlineMs,
          signal: stage.signal,
          onProgress: (done, of) => task.progress(`${done} of ${of} answered or given up`),
        }),
      )
      const points = await task.measure('stop instruments', () => capture.stop())
      const sasAfter = await task.measure('security associations', () => readAssociations(lab))
      summarise(task, canaries, points)
      // The agent of a broken node cannot answer before it is repaired.
      const countersAfter = repair === undefined ? await readCounters(lab) : undefined
      return { canaries, points, sasBefore, sasAfter, countersAfter }
    },
  )
  const ended = nowInNanoseconds()

  const countersAfter = counted.countersAfter ?? (await repair!())
  const record: ArmRecord = {
    name,
    settings,
    ...(sabotage && {
      sabotage: { node: sabotage.node, what: 'agent frozen, outbound IPsec policies deleted' },
    }),
    started,
    ended,
    canaries: canaries.map(({ id, token, fromPod, toPod, protocol, delivered, unchanged }) => ({
      id,
      token,
      fromPod,
      toPod,
      protocol,
      delivered,
      unchanged,
    })),
    points,
    sasBefore,
    sasAfter,
    countersBefore: before,
    countersAfter,
  }
  return { record, points, canaries }
}

function settingsTitle({ encryptL3, strict }: EncryptionSettings): string {
  if (!encryptL3) return 'Encryption is off on every node'
  return `Encryption is on, strict mode ${strict ? 'on' : 'off'}, on every node`
}

/** @returns what wakes the agent up again, which then repairs its node by itself, and reads what all agents counted. */
async function breakNode(stage: Stage, lab: Lab, node: string): Promise<() => Promise<CountersByNode>> {
  let frozen = false
  stage.afterwards(`Wake the agent of ${node}`, async () => {
    if (frozen) await lab.resumeAgent(node)
  })
  await stage.do(`On ${node} the agent hangs, and its outbound IPsec policies are gone`, async () => {
    frozen = true
    await lab.pauseAgent(node)
    await runIn(lab, node, ['ip', 'xfrm', 'policy', 'deleteall', 'dir', 'out'])
  })
  return () =>
    stage.do(`The agent of ${node} wakes up and repairs its node`, async () => {
      await lab.resumeAgent(node)
      frozen = false
      await lab.settled(stage.signal)
      return readCounters(lab)
    })
}

async function runIn(lab: Lab, target: string, argv: readonly string[]): Promise<void> {
  const child = lab.spawn(target, argv)
  const [code, said] = await Promise.all([child.exit, text(child.stderr)])
  if (code !== 0)
    throw new Problem(
      'ESABOTAGE',
      4,
      `\`${argv.join(' ')}\` on ${target} ended with code ${code}: ${said.trim()}`,
    )
}

async function readCounters(lab: Lab): Promise<CountersByNode> {
  const nodes = await lab.nodes()
  const read = async ({ name }: LabNode) => [name, (await lab.status(name)).counters] as const
  return Object.fromEntries(await Promise.all(nodes.map(read)))
}

async function readAssociations(lab: Lab): Promise<SecurityAssociation[]> {
  const nodes = await lab.nodes()
  return (await Promise.all(nodes.map(({ name }) => lab.securityAssociations(name)))).flat()
}

function summarise(task: Task, canaries: readonly SentCanary[], points: readonly CapturePoint[]): void {
  const arrived = canaries.filter(({ delivered, unchanged }) => delivered && unchanged).length
  const frames = points
    .filter(({ name }) => name.startsWith('wire/'))
    .reduce((sum, { captured }) => sum + captured, 0)
  task.detail(`${arrived} of ${canaries.length} arrived; ${frames} frames`)
}

function nowInNanoseconds(): string {
  return String(BigInt(Date.now()) * 1_000_000n)
}
