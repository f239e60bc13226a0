import type { KeyObject } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { changeDemoNames, type DemoName, demoNames } from '../demos/names.ts'
import type { KernelDescription, RunOptions } from '../lab/kernel.ts'
import type { Lab } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'
import type { SuiteName } from '../lab/suites.ts'
import { evidenceDirectory } from './evidence-directory.ts'
import { type ClusterImages, clusterOf } from './kubernetes.ts'
import {
  checkedTopologyOption,
  kernelOption,
  labOrClusterName,
  roundsArgument,
  seedArgument,
  suiteOption,
  type TopologyOptions,
  topologyOf,
} from './options.ts'
import { enclosingKernel, findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'
import { report } from './report.ts'

interface DemoOptions extends TopologyOptions {
  readonly lab?: string
  readonly kernel: string
  readonly evidence: string
  readonly present?: boolean
  readonly timings?: boolean
  readonly pulumi?: boolean
  readonly kubernetes?: boolean
  /** From the outer command to the same command in a kernel it has booted, as JSON. */
  readonly clusterImages?: string
  readonly sealedOnly?: boolean
  readonly keepKeys?: boolean
  readonly signingKey?: string
  readonly suite?: SuiteName
  readonly rounds?: number
  readonly seed?: string
}

/** The lab a demo stands up for itself. */
const demoLab = 'demo'

export const demo = new Command('demo')
  .description('play a demo with real traffic, capture its wire, and prove what crossed it')
  .addArgument(new Argument('[name]', 'which demo').choices(demoNames).default(demoNames[0]))
  .addOption(
    new Option(
      '-l, --lab <name>',
      'a running lab, or kind:<cluster>; without it the demo stands up its own',
    ).argParser(labOrClusterName),
  )
  .addOption(
    new Option('--kubernetes', 'on a cluster of kind that it makes and removes: takes Docker').conflicts([
      'lab',
      'topology',
      'pulumi',
    ]),
  )
  .addOption(new Option('--cluster-images <json>').hideHelp())
  .addOption(checkedTopologyOption())
  .addOption(kernelOption())
  .addOption(suiteOption('the first, unless the lab is there already').conflicts('lab'))
  .option('-e, --evidence <directory>', 'where the evidence goes', 'evidence')
  .option('-t, --topology <file>', 'the demo’s own lab; else 3 nodes with 2 pods')
  .option('-p, --present', 'on a stage: wait for a key between steps, show the speaker’s notes')
  .option('--sealed-only', 'leave keys out of the evidence: what is encrypted in it stays so')
  .option(
    '--keep-keys',
    'with --sealed-only: leave them beside the evidence, so that you can show them later',
  )
  .option('--signing-key <file>', 'an Ed25519 private key in PEM, in place of your own of wireproof')
  .addOption(
    new Option('--rounds <number>', `how often it changes, of ${changeDemoNames.join(', ')}`).argParser(
      roundsArgument,
    ),
  )
  .addOption(
    new Option(
      '--seed <text>',
      'the random instants of an earlier run again; its evidence names the seed',
    ).argParser(seedArgument),
  )
  .option('--timings', 'show where the time goes')
  .option('--pulumi', 'stand the lab up with Pulumi where a CLI is there or can be had quickly')
  .action(async (name: DemoName, options: DemoOptions) => {
    requireChange(name, options)
    const { chosenSigningKey } = await import('../demos/evidence/signing-key.ts')
    const key = options.signingKey === undefined ? undefined : chosenSigningKey(options.signingKey)
    const evidence = evidenceDirectory(options.evidence)
    const signal = interruptSignal()
    const earlier = new Set(readdirSync(evidence))
    process.exitCode = await play(name, { ...options, evidence }, signal)
    if (!enclosingKernel()) await signBundles(evidence, earlier, key)
  })

/** @throws Problem for what only means something where something changes. */
function requireChange(name: DemoName, { rounds, seed }: DemoOptions): void {
  if ((rounds === undefined && seed === undefined) || (changeDemoNames as readonly string[]).includes(name))
    return
  throw new Problem(
    'EUSAGE',
    2,
    `nothing changes in the ${name} demo, so it has no rounds and no seed`,
    `Those that have: ${changeDemoNames.join(', ')}.`,
  )
}

function play(name: DemoName, options: DemoOptions, signal: AbortSignal): Promise<number> {
  if (enclosingKernel()) return playHere(name, options, signal)
  if (options.kubernetes) return playOnOwnCluster(name, options, signal)
  if (options.lab && clusterOf(options.lab) !== undefined) return playHere(name, options, signal)
  if (options.lab) return playInLab(name, options.lab, options, signal)
  if (options.pulumi && options.suite)
    process.stderr.write('pulumi: its stack does not know --suite; standing the same lab up directly\n')
  else if (options.pulumi) return playThroughPulumi(name, options, signal)
  return playInOwnLab(name, options, signal)
}

/**
 * Signs what the demo left, with a key that no kernel we boot ever sees. The recording comes last in a bundle: one without
 * it was cut short, by a full disk for example, and is not vouched for.
 */
async function signBundles(
  evidence: string,
  earlier: ReadonlySet<string>,
  key: KeyObject | undefined,
): Promise<void> {
  const { attestBundle, bundleFile, signingKey } = await import('../demos/evidence/index.ts')
  for (const name of readdirSync(evidence)) {
    const bundle = join(evidence, name)
    const isWhole =
      existsSync(join(bundle, bundleFile.cast)) && !existsSync(join(bundle, bundleFile.attestation))
    if (!earlier.has(name) && isWhole) attestBundle(bundle, key ?? signingKey())
  }
}

/** Pulumi stands the lab up and takes it down; where it cannot be had, the same lab comes up directly. */
async function playThroughPulumi(name: DemoName, options: DemoOptions, signal: AbortSignal): Promise<number> {
  const { pulumiSession } = await import('../stacks/session.ts')
  const session = await pulumiSession({ lab: demoLab, kernel: options.kernel, signal })
  if (!session.available) {
    process.stderr.write(`pulumi: ${session.why}; standing the same lab up directly\n`)
    return playInOwnLab(name, options, signal)
  }
  try {
    await session.up()
    return await playInLab(name, demoLab, options, signal)
  } finally {
    await session.destroy()
  }
}

async function playInOwnLab(name: DemoName, options: DemoOptions, signal: AbortSignal): Promise<number> {
  const { chooseKernel } = await import('../lab/vm/choose-kernel.ts')
  const choice = await chooseKernel(options.kernel)
  process.stderr.write(`kernel: ${choice.why}\n`)
  if (choice.kind === 'host') return playHere(name, options, signal, choice.description)
  const { bootGuest } = await import('../lab/vm/boot.ts')
  const topology = await topologyOf(options)
  const guest = await bootGuest(choice, { signal, progress: report })
  try {
    const inside = insideOptions(guest.description, { results: options.evidence, signal })
    const arguments_ = [...demoArguments(name, options), '--checked-topology', JSON.stringify(topology)]
    return await guest.run(insideCommand(arguments_), withTerminal(inside, options))
  } finally {
    await guest.stop()
  }
}

/** A cluster of kind in this machine's kernel where that can encrypt, or in one under QEMU. */
async function playOnOwnCluster(name: DemoName, options: DemoOptions, signal: AbortSignal): Promise<number> {
  const { bootClusterKernel, chooseClusterKernel } = await import('./kubernetes.ts')
  const choice = await chooseClusterKernel(options.kernel)
  process.stderr.write(`kernel: ${choice.why}\n`)
  if (choice.kind === 'host') return playHere(name, options, signal, choice.description)
  const { guest, images } = await bootClusterKernel(choice.version, signal)
  try {
    const inside = insideOptions(guest.description, { results: options.evidence, signal })
    const arguments_ = [
      ...demoArguments(name, options),
      '--kubernetes',
      '--cluster-images',
      JSON.stringify(images),
    ]
    return await guest.run(insideCommand(arguments_), withTerminal(inside, options))
  } finally {
    await guest.stop()
  }
}

async function playInLab(
  name: DemoName,
  lab: string,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<number> {
  const found = await findLab(lab)
  if (!found.keeper) return playHere(name, { ...options, lab }, signal)
  const inside = insideOptions(found.keeper.description, { results: options.evidence, signal })
  const command = insideCommand([...demoArguments(name, options), '--lab', lab])
  return found.keeper.run(command, withTerminal(inside, options))
}

function demoArguments(name: DemoName, options: DemoOptions): string[] {
  const arguments_ = ['demo', name, '--evidence', options.evidence]
  if (options.present) arguments_.push('--present')
  if (options.timings) arguments_.push('--timings')
  if (options.sealedOnly) arguments_.push('--sealed-only')
  if (options.keepKeys) arguments_.push('--keep-keys')
  if (options.suite) arguments_.push('--suite', options.suite)
  if (options.rounds !== undefined) arguments_.push('--rounds', `${options.rounds}`)
  if (options.seed !== undefined) arguments_.push('--seed', options.seed)
  return arguments_
}

/** A presenter's keys reach the demo through a terminal of its own. */
function withTerminal(options: RunOptions, { present }: DemoOptions): RunOptions {
  if (!present || !process.stdin.isTTY) return options
  const { columns, rows } = process.stdout
  return { ...options, stdin: process.stdin, terminal: { columns, rows } }
}

async function playHere(
  name: DemoName,
  options: DemoOptions,
  signal: AbortSignal,
  kernel: KernelDescription | undefined = enclosingKernel(),
): Promise<number> {
  const { openLab } = await import('../lab/netns/netns-lab.ts')
  const { hostKernel } = await import('../lab/vm/host-kernel.ts')
  const { playDemo } = await import('../demos/play.ts')
  const play = {
    directory: options.evidence,
    kernel: kernel ?? hostKernel(),
    present: options.present ?? false,
    timings: options.timings ?? false,
    sealedOnly: options.sealedOnly ?? false,
    keepKeys: options.keepKeys ?? false,
    ...(options.rounds !== undefined && { rounds: options.rounds }),
    ...(options.seed !== undefined && { seed: options.seed }),
    output: process.stdout,
    signal,
  }
  const playIn = (lab: Lab) => playDemo(name, { ...play, lab })
  if (options.kubernetes) {
    const { clusterImages, withCluster } = await import('./kubernetes.ts')
    const images = options.clusterImages
      ? (JSON.parse(options.clusterImages) as ClusterImages)
      : await clusterImages(signal)
    const isOwnKernel = enclosingKernel() !== undefined
    return withCluster(images, options.suite, isOwnKernel, signal, (lab) => playAndRestore(lab, playIn))
  }
  if (options.lab) {
    const cluster = clusterOf(options.lab)
    if (cluster !== undefined) {
      const { playInCluster } = await import('./kubernetes.ts')
      return playInCluster(cluster, (lab) => playAndRestore(lab, playIn))
    }
    return playAndRestore(openLab(options.lab), playIn)
  }
  const { standUp, takeDown } = await import('../lab/netns/lifecycle.ts')
  const topology = await topologyOf(options)
  await takeDown(demoLab)
  try {
    const off = { encryptL3: false, strict: true }
    const lab = await standUp(demoLab, topology, off, report, signal, options.suite)
    return await playIn(lab)
  } finally {
    await takeDown(demoLab)
  }
}

/**
 * A lab that somebody uses goes on with the settings and policies it had. What a demo says is about all traffic, unless it has
 * a policy of its own: none of the lab's is in force meanwhile.
 */
async function playAndRestore(lab: Lab, play: (lab: Lab) => Promise<number>): Promise<number> {
  const restore = await lab.setAside()
  try {
    return await play(lab)
  } finally {
    await restore()
  }
}
