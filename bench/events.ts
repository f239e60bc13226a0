/**
 * Whether one agent reads a million flow events a second without loss, and what an event costs it: the datapath's own
 * report() tells a new flow on every run of a BPF program (BPF_PROG_TEST_RUN), a thread runs it a million times a second,
 * and the agent's way of reading takes the events out of the ring. Every event has a number, which must come in order;
 * what was read and what the kernel counted as lost must be what was produced. Needs root.
 *
 *     node bench/events.ts [--rate <events a second>] [--seconds <seconds>]
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type BpfObject, openObject, openRingInBatches } from '@wireproof/libbpf'
import { readLost, verdicts } from '../agent/kernel/datapath-layout.ts'
import { FlowBatch } from '../agent/kernel/flow-batch.ts'
import { epochOffset, FlowNarrator } from '../agent/monitor/flow.ts'
import type { Order } from './events/producer.ts'
import { requirePrograms } from './requirements.ts'
import { table } from './timing.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '5' },
  },
})
const [rate, seconds] = [Number(values.rate), Number(values.seconds)]

const narrator = new FlowNarrator('n1', epochOffset(), {
  ownerOf: () => undefined,
  epochsOf: () => undefined,
  ruleName: () => undefined,
})
const dropped = verdicts.indexOf('dropped')
let [found, told] = [0, 0]

/** What an agent does with a batch, by who listens. */
const listeners: Readonly<Record<string, (batch: FlowBatch) => void>> = {
  'nobody listens': () => {},
  'one who asks for drops': (batch) => {
    for (let i = 0; i < batch.count; i++)
      if (batch.verdict(i) === dropped) {
        found++
        if (narrator.tell(batch.event(i)).verdict !== 'dropped') throw new Error('another event was told')
      }
  },
  'one who has every event decoded': (batch) => {
    for (let i = 0; i < batch.count; i++) told += batch.event(i).source.length > 0 ? 1 : 0
  },
  'one who is told everything': (batch) => {
    for (let i = 0; i < batch.count; i++) told += narrator.tell(batch.event(i)).source.length > 0 ? 1 : 0
  },
}

interface Outcome {
  readonly produced: number
  readonly read: number
  readonly lost: number
  readonly seconds: number
  /** Of the reading thread, in nanoseconds for each event it read. */
  readonly cpu: number
}

async function run(object: BpfObject, listen: (batch: FlowBatch) => void): Promise<Outcome> {
  let [read, next, disorder] = [0, 0, 0]
  const batch = new FlowBatch()
  const fail = (error: Error) => {
    throw error
  }
  using ring = openRingInBatches(
    object.map('events'),
    (raw) => {
      batch.take(raw)
      read += batch.count
      for (let i = 0; i < raw.count; i++) {
        const number = numberOf(batch, raw, i)
        // A gap is a loss, which is counted elsewhere; what comes twice or late is not allowed.
        if (number < next) disorder++
        next = number + 1
      }
      listen(batch)
    },
    fail,
  )
  const order: Order = { program: object.program('flood').fd, rate, seconds }
  const cpu = process.threadCpuUsage()
  const worker = new Worker(new URL('./events/producer.ts', import.meta.url), { workerData: order })
  const [[took]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[number], unknown]
  ring.consume()
  const used = process.threadCpuUsage(cpu)
  if (disorder > 0) throw new Error(`${disorder} events came twice or late`)
  return {
    produced: Number(object.map('produced').get(Buffer.alloc(4))!.readBigUInt64LE()),
    read,
    lost: readLost(object.map('lost')),
    seconds: took,
    cpu: ((used.user + used.system) * 1000) / read,
  }
}

/** See flood.bpf.c. */
function numberOf(
  batch: FlowBatch,
  { bytes, offsets }: { bytes: Buffer; offsets: Uint32Array },
  index: number,
): number {
  const address = offsets[index]! + 8 + 12
  return (
    ((bytes[address + 1]! << 16) | (bytes[address + 2]! << 8) | bytes[address + 3]!) * 65_536 +
    batch.sourcePort(index)
  )
}

requirePrograms(['clang'])
if (process.geteuid?.() !== 0) {
  process.stderr.write('this benchmark loads a BPF program\n  Run it as root.\n')
  process.exit(3)
}
const directory = mkdtempSync(join(tmpdir(), 'wireproof-bench-'))
try {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()
  execFileSync('clang', [
    ...['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I${here}../bpf/include`],
    ...['-idirafter', `/usr/include/${machine}-linux-gnu`],
    ...['-c', `${here}events/flood.bpf.c`, '-o', join(directory, 'flood.o')],
  ])
  const rows: string[][] = []
  for (const [name, listen] of Object.entries(listeners)) {
    using object = openObject(join(directory, 'flood.o')).load()
    found = told = 0
    const outcome = await run(object, listen)
    const { produced, read, lost, cpu } = outcome
    if (read + lost !== produced || produced !== rate * seconds)
      throw new Error(`of ${produced} events ${read} were read and ${lost} lost`)
    if (name === 'one who asks for drops' && lost === 0 && found !== Math.floor(produced / 1000))
      throw new Error(`${found} drops were found`)
    rows.push([
      name,
      Math.round(produced / outcome.seconds).toLocaleString('en'),
      read.toLocaleString('en'),
      lost.toLocaleString('en'),
      cpu.toFixed(0),
      Math.round(1e9 / cpu).toLocaleString('en'),
    ])
  }
  console.log(table(['', 'produced/s', 'read', 'lost', 'CPU ns/event', 'events/s of one CPU'], rows))
  console.log(
    'Every event that was read came once and in order; read and lost were together what was produced.',
  )
} finally {
  rmSync(directory, { recursive: true })
}
