import { Command, Option } from 'commander'
import type { KernelDescription } from '../lab/kernel.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import { Problem } from '../lab/problem.ts'
import type { SuiteName } from '../lab/suites.ts'
import type { Topology } from '../lab/topology.ts'
import {
  booleanArgument,
  checkedTopologyOption,
  kernelOption,
  labName,
  suiteOption,
  type TopologyOptions,
  topologyOf,
} from './options.ts'
import { enclosingKernel, insideCommand, insideOptions, interruptSignal } from './placement.ts'
import { report } from './report.ts'
import { table } from './table.ts'

interface UpOptions extends TopologyOptions {
  readonly name: string
  readonly kernel: string
  readonly enableEncryptL3?: boolean
  readonly strict?: boolean
  readonly suite?: SuiteName
  readonly json?: boolean
}

export const up = new Command('up')
  .description('stand up a lab, or bring a running one to another topology in place')
  .addOption(new Option('-n, --name <name>', 'name of the lab').argParser(labName).default('lab'))
  .option(
    '-t, --topology <file>',
    'YAML (lab/topology.schema.json), - for standard input; else 3 nodes with 2 pods',
  )
  .addOption(checkedTopologyOption())
  .addOption(kernelOption())
  .addOption(
    new Option(
      '--enable-encrypt-l3 [boolean]',
      'encrypt pod traffic between nodes; a new lab does',
    ).argParser(booleanArgument),
  )
  .addOption(
    new Option(
      '--strict [boolean]',
      'drop protected traffic that is still in clear; a new lab does',
    ).argParser(booleanArgument),
  )
  .addOption(suiteOption('a new lab takes the first, a running one goes over to it'))
  .option('--json', 'print the lab as JSON')
  .action(async (options: UpOptions) => {
    const topology = await topologyOf(options)
    const signal = interruptSignal()
    process.exitCode = await place(options, topology, signal)
  })

/** Stands the lab up in the kernel that is to hold it, booting that first where need be. */
async function place(options: UpOptions, topology: Topology, signal: AbortSignal): Promise<number> {
  const enclosing = enclosingKernel()
  if (enclosing) return standUpHere(options, topology, enclosing, signal)
  const { connectKeeper, listKeepers, startKeeper } = await import('../lab/vm/keepers.ts')
  const running = (await listKeepers()).some((keeper) => keeper.lab === options.name)
  if (running) {
    const keeper = await connectKeeper(options.name)
    refuseOtherKernel(options, keeper.description)
    return standUpInside(keeper, options, topology, signal)
  }
  const { chooseKernel } = await import('../lab/vm/choose-kernel.ts')
  const choice = await chooseKernel(options.kernel)
  if (choice.kind === 'host') return standUpHere(options, topology, choice.description, signal)
  report(`kernel: ${choice.why}`)
  const keeper = await startKeeper(options.name, choice, { signal, progress: report })
  try {
    const code = await standUpInside(keeper, options, topology, signal)
    // A lab that never came up has no use for its kernel; one that was running before is not touched.
    if (code !== 0) await keeper.stop()
    return code
  } catch (error) {
    await keeper.stop()
    throw error
  }
}

/** A running lab stays in the kernel it is in: to be asked for it in another is a mistake, not a wish to lose it. */
function refuseOtherKernel({ name, kernel }: UpOptions, { kind, release }: KernelDescription): void {
  const [wantedKind, wantedVersion] = kernel.split(':')
  if (kernel === 'auto' || (wantedKind === kind && release.startsWith(`${wantedVersion ?? ''}`))) return
  const remedy = `Take it down first (wireproof down ${name}), or choose another --name.`
  throw new Problem('EKERNEL', 2, `lab ${name} is running on ${kind} ${release}, not on ${kernel}`, remedy)
}

async function standUpInside(
  guest: { description: KernelDescription; run: import('../lab/kernel.ts').Guest['run'] },
  options: UpOptions,
  topology: Topology,
  signal: AbortSignal,
): Promise<number> {
  const arguments_ = ['up', '--name', options.name, '--checked-topology', JSON.stringify(topology)]
  if (options.enableEncryptL3 !== undefined) arguments_.push(`--enable-encrypt-l3=${options.enableEncryptL3}`)
  if (options.strict !== undefined) arguments_.push(`--strict=${options.strict}`)
  if (options.suite !== undefined) arguments_.push('--suite', options.suite)
  if (options.json) arguments_.push('--json')
  return guest.run(insideCommand(arguments_), insideOptions(guest.description, { signal }))
}

async function standUpHere(
  options: UpOptions,
  topology: Topology,
  kernel: KernelDescription,
  signal: AbortSignal,
): Promise<number> {
  const { labsHere } = await import('../lab/netns/reap.ts')
  const { standUp, takeDown } = await import('../lab/netns/lifecycle.ts')
  const fresh = !labsHere().includes(options.name)
  const settings = {
    ...(options.enableEncryptL3 === undefined ? {} : { encryptL3: options.enableEncryptL3 }),
    ...(options.strict === undefined ? {} : { strict: options.strict }),
  }
  try {
    const lab = await standUp(options.name, topology, settings, report, signal, options.suite)
    process.stdout.write(options.json ? await asJson(lab, kernel) : await asTables(lab, kernel))
    return 0
  } catch (error) {
    if (fresh) await takeDown(options.name)
    throw error
  }
}

async function asJson(lab: NetnsLab, kernel: KernelDescription): Promise<string> {
  const [nodes, pods] = [await lab.nodes(), await lab.pods()]
  return `${JSON.stringify({ name: lab.name, kernel, nodes, pods, services: lab.store.services() })}\n`
}

async function asTables(lab: NetnsLab, kernel: KernelDescription): Promise<string> {
  const pods = await lab.pods()
  const rows = (await lab.nodes()).map((node) => {
    const own = pods
      .filter((pod) => pod.node === node.name)
      .map((pod) => `${pod.name} ${pod.addresses.join(' ')}`)
    return [node.name, node.underlay, node.podCidrs.join(' '), own.join(', ')]
  })
  const [pod] = pods
  const hint = pod
    ? `\nGo on: wireproof exec ${pod.name} -- ip addr · wireproof capture wire · wireproof monitor\n`
    : ''
  const title = `lab ${lab.name} on ${kernel.kind} ${kernel.release}\n`
  return `${title}${table(['node', 'wire', 'pods in', 'pods'], rows)}${hint}`
}
