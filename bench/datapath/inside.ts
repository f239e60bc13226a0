/** The part of bench/datapath.ts that runs in a kernel with ESP: `inside.ts <program> <rounds> <seconds>`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectAgent } from '../../agent/client.ts'
import { processorTime } from '../processor-time.ts'
import { median, table } from '../timing.ts'
import { type Arm, bareEsp, noEncryption, onTheWire, ourAgents } from './arms.ts'
import { type Kind, kinds, type Measured, send } from './traffic.ts'

const [program = '', rounds = '21', seconds = '0.2'] = process.argv.slice(2)
const peer = 'bare ip xfrm'
const unmonitored = 'our agents'

interface Contender {
  readonly arm: Arm
  /** Processes. */
  readonly agents: readonly number[]
  readonly monitored: boolean
  readonly beside: Beside
}

/** By contender and kind, a value for each round. */
type Results = Map<string, Map<string, number[]>>

/** What the processes beside the traffic had of the processors while it went on, in milliseconds. */
interface Beside {
  processors: number
  passed: number
}

/** Runs once, and checks what crossed the wire meanwhile. */
async function turn({ arm, agents, monitored, beside }: Contender, kind: Kind): Promise<Measured> {
  const monitor = monitored ? await listen(arm) : undefined
  const processes = monitor ? [...agents, monitor.pid!] : agents
  const busy = () => processes.reduce((sum, pid) => sum + processorTime(pid), 0)
  const [before, busyBefore, from] = [onTheWire(arm), busy(), performance.now()]
  const measured = send(program, kind, Number(seconds), arm)
  const after = onTheWire(arm)
  beside.passed += performance.now() - from
  // What was read only now was written then.
  await delay(100)
  beside.processors += busy() - busyBefore
  if (monitor) await stop(monitor)
  const frames = after.frames - before.frames
  const encrypted = after.encrypted - before.encrypted
  if (frames === 0 || encrypted !== (arm.encrypted ? frames : 0))
    throw new Error(`of ${frames} frames ${encrypted} were ESP`)
  return measured
}

function agentSockets({ cluster }: Arm): string[] {
  return [1, 2].map((id) => `${cluster.directory}/n${id}.sock`)
}

async function listen(arm: Arm): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./monitor.ts', import.meta.url))
  const child = spawn(process.execPath, [script, ...agentSockets(arm)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  for (let connected = 0; connected < 2; ) {
    const [text] = (await once(child.stdout!, 'data')) as [Buffer]
    connected += `${text}`.split('connected').length - 1
  }
  // Listening is what is measured, not a process that has just begun.
  await delay(500)
  return child
}

/** @throws Error when the monitor heard nothing: then it cost nothing either. */
async function stop(child: ChildProcess): Promise<void> {
  const heard = once(child.stdout!, 'data') as Promise<[Buffer]>
  child.stdin!.end()
  const [[text]] = await Promise.all([heard, once(child, 'exit')])
  if (!(Number(`${text}`) > 0)) throw new Error('the monitor heard of no flow')
}

/** Frames on the wire of one short exchange, as tcpdump names them: the counters are not taken on trust. */
async function look(name: string, arm: Arm): Promise<string> {
  const frames = await arm.cluster.onWire(async () => {
    send(program, 'rr', 0.02, arm)
  })
  const esp = frames.filter((frame) => frame.includes('ESP(')).length
  if (frames.length === 0 || esp !== (arm.encrypted ? frames.length : 0))
    throw new Error(`${name}: of ${frames.length} frames tcpdump calls ${esp} ESP`)
  return `${name}: ${esp} of ${frames.length}`
}

function record(results: Results, name: string, what: string, value: number): void {
  const ofName = results.get(name) ?? new Map<string, number[]>()
  results.set(name, ofName)
  ofName.set(what, [...(ofName.get(what) ?? []), value])
}

/** The median of the rounds' ratios to the peer's turn of the same round, with the middle half of them. */
function against(reference: readonly number[], values: readonly number[]): string {
  const ratios = values.map((value, round) => value / reference[round]!).sort((a, b) => a - b)
  const quarter = (share: number) => ratios[Math.round((ratios.length - 1) * share)]!.toFixed(3)
  return `${median(ratios).toFixed(3)} (${quarter(0.25)} to ${quarter(0.75)})`
}

const units: Readonly<Record<string, (value: number) => string>> = {
  tcp: (value) => `${((value * 8) / 1e6).toFixed(0)} Mbit/s`,
  udp: (value) => `${Math.round(value).toLocaleString('en')} packets/s`,
  rr: (value) => `${(1e6 / value).toFixed(1)} µs`,
  'rr p99': (value) => `${(1e6 / value).toFixed(1)} µs`,
}
const titles: Readonly<Record<string, string>> = {
  tcp: 'TCP bulk',
  udp: 'UDP, 64 bytes',
  rr: 'request and reply, median',
  'rr p99': 'request and reply, 99th percentile',
}

function report(results: Results): string {
  const reference = results.get(peer)!
  return Object.keys(titles)
    .map((what) => {
      const rows = [...results].map(([name, values]) => [
        name,
        units[what]!(median(values.get(what)!)),
        against(reference.get(what)!, values.get(what)!),
      ])
      return table([titles[what]!, 'median', `times ${peer}`], rows)
    })
    .join('\n\n')
}

/** What listening costs: the monitored turns against those of the same agents in the same round without a monitor. */
function costOfMonitor(results: Results): string {
  const [alone, monitored] = [results.get(unmonitored)!, results.get(`${unmonitored}, monitored`)!]
  return kinds.map((kind) => `${kind} ${against(alone.get(kind)!, monitored.get(kind)!)}`).join(', ')
}

/** Of a second of traffic, what goes to those who listen to it: the rest of what traffic does not get is the datapath's. */
function shareOfMonitor(): string {
  const [alone, monitored] = [contenders[unmonitored]!, contenders[`${unmonitored}, monitored`]!]
  const share = ({ beside }: Contender) => (beside.processors / beside.passed) * 100
  return `${share(monitored).toFixed(1)} % of a processor, without a monitor ${share(alone).toFixed(1)} %`
}

async function contender(arm: Arm, { monitored = false } = {}): Promise<Contender> {
  const sockets = arm.hasAgents ? agentSockets(arm) : []
  const agents = await Promise.all(sockets.map(async (socket) => (await connectAgent(socket).status()).pid))
  return { arm, agents, monitored, beside: { processors: 0, passed: 0 } }
}

const ours = await ourAgents()
const contenders: Readonly<Record<string, Contender>> = {
  [unmonitored]: await contender(ours),
  [peer]: await contender(bareEsp()),
  'no encryption': await contender(noEncryption()),
  [`${unmonitored}, monitored`]: await contender(ours, { monitored: true }),
}
try {
  const seen: string[] = []
  for (const [name, { arm, monitored }] of Object.entries(contenders))
    if (!monitored) seen.push(await look(name, arm))
  const results: Results = new Map()
  for (let round = 0; round < Number(rounds); round++)
    for (const kind of kinds)
      for (const [name, each] of Object.entries(contenders)) {
        const { rate, p99 } = await turn(each, kind)
        record(results, name, kind, rate)
        if (p99 !== undefined) record(results, name, 'rr p99', p99)
      }
  console.log(report(results))
  console.log(`\nWith a monitor, times the same agents without: ${costOfMonitor(results)}.`)
  console.log(`\nAgents and monitor had ${shareOfMonitor()}.`)
  console.log(
    `\n${rounds} rounds in turn, ${seconds} s each; larger is better, of times too. In brackets the middle half of the ` +
      'rounds. Everything arrived as it was sent, and in every turn as many frames crossed the wire as associations ' +
      `had encrypted packets, without encryption none of them. ESP as tcpdump saw it: ${seen.join('; ')} frames.`,
  )
} finally {
  for (const { arm, monitored } of Object.values(contenders)) if (!monitored) await arm.cluster.close()
}
