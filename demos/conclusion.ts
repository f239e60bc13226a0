import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { KernelDescription } from '../lab/kernel.ts'
import type { Lab } from '../lab/lab.ts'
import { attemptsPicture } from './change/attempts-picture.ts'
import { coursePicture } from './change/course-picture.ts'
import { bundleDirectory, bundleFile, keptKeys, loadRun, writeBundle } from './evidence/index.ts'
import type { CastRecorder, Picture, Stage } from './player/index.ts'
import { checkTable, verdictBanner, whereabouts } from './player/pictures/index.ts'
import {
  type ArmRecord,
  judge,
  observe,
  type RunRecord,
  type Verdict,
  verdictExitCode,
} from './proof/index.ts'
import { tellingChecks } from './telling-checks.ts'

export interface Concluding {
  readonly demo: string
  readonly lab: Lab
  readonly kernel: KernelDescription
  readonly arms: readonly ArmRecord[]
  /** Where the bundle's own directory is made. */
  readonly directory: string
  readonly cast: CastRecorder
  /** Whether keys are left out of the evidence; and kept beside it. */
  readonly sealedOnly: boolean
  readonly keepKeys: boolean
}

export interface Conclusion {
  readonly verdict: Verdict
  readonly exitCode: number
  /** The evidence bundle. */
  readonly bundle: string
}

/** The last chapter of every demo: judges what was recorded, leaves the evidence, and gives the verdict. */
export async function conclude(stage: Stage, concluding: Concluding): Promise<Conclusion> {
  const { demo, directory, cast, lab, sealedOnly, keepKeys } = concluding
  await stage.say(
    'Every byte of every capture is gone through. Nobody’s word counts, the agents’ least of all.',
    {
      heading: 'Verdict',
      notes:
        'The verdict can be recomputed from the evidence alone, without this lab and without root: try it.',
    },
  )
  const record = await runRecord(concluding)
  const { run, judgement } = await stage.do('The captures are read and judged', async (task) => {
    const run = observe(await task.measure('read', () => loadRun(record, stage.signal)))
    const judgement = await task.measure('judge', () => judge(run))
    const frames = run.material.recordings.reduce((sum, recording) => sum + recording.frames.length, 0)
    task.detail(`${judgement.checks.length} checks on ${frames.toLocaleString('en')} frames`)
    return { run, judgement }
  })
  await stage.show(checkTable(tellingChecks(judgement.checks)))
  const course = coursePicture(run)
  if (course) await stage.show(course)
  const attempts = attemptsPicture(run)
  if (attempts) await stage.show(attempts)

  const created = new Date()
  const bundle = bundleDirectory(directory, demo, created)
  await stage.do('The evidence is written', () =>
    writeBundle(bundle, run, judgement, { created, sealedOnly, keepKeys }),
  )
  if (sealedOnly && keepKeys)
    await stage.show(({ style }) => [style.quiet(`The keys are beside it: ${fromHere(keptKeys(bundle))}`)])
  if (!sealedOnly && !lab.isDisposable) await stage.show(keysInUse(lab.name))
  await stage.show(({ width, style }) => [
    ...verdictBanner(judgement.verdict, judgement.says)({ width, style }),
    '',
    ...whereabouts({
      report: join(fromHere(bundle), bundleFile.report),
      recheck: `npx wireproof verify ${fromHere(bundle)}`,
    })({ width, style }),
  ])
  await cast.save(join(bundle, bundleFile.cast))
  return { verdict: judgement.verdict, exitCode: verdictExitCode[judgement.verdict], bundle }
}

/** Whoever has the keys of a cluster that is in use can read what it sent under them. */
function keysInUse(cluster: string): Picture {
  return ({ style }) => [
    style.bad(`The evidence holds keys of ${cluster}, which is not a lab: do not hand it on.`),
    'Play with --sealed-only to leave them out, or change the keys now.',
  ]
}

/** All that a verdict is computed from. */
export async function runRecord({
  demo,
  kernel,
  lab,
  arms,
}: Pick<Concluding, 'demo' | 'kernel' | 'lab' | 'arms'>): Promise<RunRecord> {
  const [nodes, pods] = await Promise.all([lab.nodes(), lab.pods()])
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return {
    demo,
    cluster: { name: lab.name, isDisposable: lab.isDisposable },
    kernel,
    versions: { wireproof: version, node: process.versions.node },
    nodes: nodes.map(({ name, id, underlay, podCidrs }) => ({ name, id, underlay, podCidrs: [...podCidrs] })),
    pods: pods.map(({ name, node, addresses }) => ({ name, node, addresses: [...addresses] })),
    arms,
  }
}

/** As the one who asked would type it. */
function fromHere(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}
