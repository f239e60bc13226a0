import { join } from 'node:path'
import type { Counters, SecurityAssociation } from '../agent/api.ts'
import type { CapturePoint, EncryptionSettings, Lab, LabNode } from '../lab/lab.ts'
import type { Stage, Task } from './player/index.ts'
import { type ArmName, sabotageOf } from './proof/arms.ts'
import type { ArmFacts, ArmRecord, Scope } from './proof/run.ts'
import { consequenceOf } from './proof/sabotage.ts'
import type { Sabotage, Target } from './sabotage/index.ts'
import type { CanaryPlan } from './workload/canary.ts'
import type { SentCanary, Workload } from './workload/traffic.ts'

/** What an arm needs to be played. */
export interface ArmCast {
  readonly lab: Lab
  readonly workload: Workload
  /** Where its captures go. */
  readonly directory: string
  /** Where something is broken, in the arms in which something is. */
  readonly target: Target
}

export interface ArmPlan {
  readonly name: ArmName
  readonly settings: EncryptionSettings
  readonly sabotage?: Sabotage
  /** What the encryption policy in force was meant to cover, where that is not everything. */
  readonly scope?: Scope
}

export interface PlayedArm {
  readonly record: ArmRecord
  readonly points: readonly CapturePoint[]
  readonly canaries: readonly SentCanary[]
}

/** Nothing is expected to be lost; a slow kernel on a busy machine may take its time. */
const patientMs = 15_000
/** Every loss is waited for. Under the second after which TCP would repeat itself. */
const briefMs = 800

/** Plays one arm: settings, sabotage, traffic between instruments that listen, and what the nodes counted meanwhile. */
export async function playArm(stage: Stage, cast: ArmCast, plan: ArmPlan): Promise<PlayedArm> {
  const { lab, workload, directory } = cast
  const { name, settings } = plan

  const countersBefore = await stage.do(settingsTitle(settings), async (task) => {
    await lab.configure(settings)
    return task.measure('counters', () => readCounters(lab))
  })
  const sabotage = plan.sabotage && (await commit(stage, cast, plan.sabotage, plan.scope))

  const started = nowInNanoseconds()
  const { canaries, points, ...read } = await stage.do(
    `Canaries go from every ${plan.scope?.nodes ? 'pod and every node' : 'pod'} to every one on another node`,
    async (task) => {
      const capture = await task.measure('start instruments', () =>
        lab.capture(join(directory, name.replaceAll('/', '-')), endingWith(stage), {
          nodes: plan.scope?.nodes !== undefined,
        }),
      )
      const before = await task.measure('security associations', () => readAssociations(lab))
      const refusalsBefore = await readRefusals(lab)
      const canaries = await task.measure('traffic', () =>
        workload.sendCanaries(name, {
          deadlineMs: (canary) => (isLossExpected(canary, name, sabotage) ? briefMs : patientMs),
          signal: stage.signal,
          onProgress: (done, of) => task.progress(`${done} of ${of} answered or given up`),
        }),
      )
      await task.measure('stop instruments', () => capture.quiet())
      const refusalsAfter = await readRefusals(lab)
      const after = await task.measure('security associations', () => readAssociations(lab))
      const points = await task.measure('stop instruments', () => capture.stop())
      summarise(task, canaries, points)
      // The agent of a broken node cannot answer before it is repaired.
      const countersAfter = sabotage === undefined ? await readCounters(lab) : undefined
      return { canaries, points, before, after, refusalsBefore, refusalsAfter, countersAfter }
    },
  )
  const ended = nowInNanoseconds()

  const countersAfter = read.countersAfter ?? (await sabotage!.repair())
  const record: ArmRecord = {
    name,
    settings,
    ...(sabotage && { sabotage: sabotage.facts }),
    ...(plan.scope && { scope: plan.scope }),
    started,
    ended,
    canaries: recordedCanaries(canaries),
    points,
    sasBefore: read.before.associations,
    sasAfter: read.after.associations,
    readings: { before: read.before.reading, after: read.after.reading },
    countersBefore,
    countersAfter,
    refusalsBefore: read.refusalsBefore,
    refusalsAfter: read.refusalsAfter,
  }
  return { record, points, canaries }
}

/** What a verdict needs of them. */
export function recordedCanaries(canaries: readonly SentCanary[]): ArmFacts['canaries'] {
  return canaries.map(({ id, token, fromPod, toPod, protocol, delivered, unchanged }) => ({
    id,
    token,
    fromPod,
    toPod,
    protocol,
    delivered,
    unchanged,
  }))
}

export function settingsTitle({ encryptL3, strict }: EncryptionSettings): string {
  if (!encryptL3) return 'Encryption is off on every node'
  return `Encryption is on, strict mode ${strict ? 'on' : 'off'}, on every node`
}

interface Committed {
  readonly facts: NonNullable<ArmFacts['sabotage']>
  /** @returns what the agents counted, that of the broken node included. */
  repair(): Promise<ArmFacts['countersAfter']>
}

async function commit(
  stage: Stage,
  { lab, workload, target }: ArmCast,
  sabotage: Sabotage,
  scope?: Scope,
): Promise<Committed> {
  const pods = sabotage.concerns === 'pod' ? target.pods.slice(0, 1) : target.pods
  const aim = { ...target, pods }
  const itself =
    sabotage.concerns === 'node' && scope?.nodes?.includes(target.node.name) ? [target.node.name] : []
  const what = sabotage.title(aim)
  let committing: Promise<() => Promise<void>> | undefined
  const repair = async () => {
    // Of an interrupted demo the sabotage may still be under way; one that fails has undone what it did.
    const undo = await committing?.catch(() => undefined)
    committing = undefined
    await undo?.()
  }
  stage.afterwards(`Repair ${target.node.name}`, repair)
  await stage.do(what, async () => {
    committing = sabotage.commit({ lab, workload, target: aim })
    await committing
  })
  return {
    facts: { what, node: target.node.name, pods: [...pods.map(({ name }) => name), ...itself] },
    repair: () =>
      stage.do(`${target.node.name} is made whole again`, async () => {
        await repair()
        return readCounters(lab)
      }),
  }
}

/** Whether what is broken stops a canary, or the answer to it. */
function isLossExpected({ from, to }: CanaryPlan, arm: ArmName, sabotage: Committed | undefined): boolean {
  // In clear, strict mode lets nothing through between a pod and a node elsewhere.
  if (arm === 'nodes/misspelt') return true
  const plan = sabotageOf(arm)
  if (!plan || !sabotage || consequenceOf(plan) === 'leak') return false
  const { pods } = sabotage.facts
  return pods.includes(from.name) || pods.includes(to.name)
}

export async function readCounters(lab: Lab): Promise<Record<string, Counters>> {
  const read = async ({ name }: LabNode) => [name, (await lab.status(name)).counters] as const
  return Object.fromEntries(await Promise.all((await lab.nodes()).map(read)))
}

interface ReadAssociations {
  readonly associations: SecurityAssociation[]
  readonly reading: ArmFacts['readings']['before']
}

/** What every node's kernel holds and has counted, and when it was asked. */
export async function readAssociations(lab: Lab): Promise<ReadAssociations> {
  const nodes = await lab.nodes()
  const from = nowInNanoseconds()
  const associations = (await Promise.all(nodes.map(({ name }) => lab.securityAssociations(name)))).flat()
  return { associations, reading: { from, to: nowInNanoseconds(1n) } }
}

export async function readRefusals(lab: Lab): Promise<ArmFacts['refusalsAfter']> {
  const read = async ({ name }: LabNode) => [name, await lab.refusals(name)] as const
  return Object.fromEntries(await Promise.all((await lab.nodes()).map(read)))
}

function summarise(task: Task, canaries: readonly SentCanary[], points: readonly CapturePoint[]): void {
  const arrived = canaries.filter(({ delivered, unchanged }) => delivered && unchanged).length
  const frames = points
    .filter(({ name }) => name.startsWith('wire/'))
    .reduce((sum, { captured }) => sum + captured, 0)
  task.detail(`${arrived} of ${canaries.length} arrived; ${frames} frames`)
}

/** Aborts when the demo is over, also where it broke off: what listens must not go on without anybody to stop it. */
export function endingWith(stage: Stage): AbortSignal {
  const over = new AbortController()
  stage.afterwards('Stop the instruments', async () => over.abort())
  return AbortSignal.any([stage.signal, over.signal])
}

/** @param later milliseconds: of the one that has begun, its end. */
export function nowInNanoseconds(later = 0n): string {
  return String((BigInt(Date.now()) + later) * 1_000_000n)
}
