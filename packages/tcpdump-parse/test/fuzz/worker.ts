/** One process of the fuzzer: works through its cases, and tells its parent what came of them. */
import { openSync, writeSync } from 'node:fs'
import { setImmediate as otherEvents } from 'node:timers/promises'
import { describeError } from './describe-error.ts'
import type { Finding, Told, Work } from './messages.ts'
import { makeSeeds, type Seeds } from './seeds.ts'
import { subjectOf } from './subject.ts'
import { Tally } from './tally.ts'
import { targetOf } from './target.ts'

const work = JSON.parse(process.argv[2]!) as Work
const target = await targetOf(work.planted)
const seeds = await makeSeeds()
const notebook = openSync(work.notebook, 'r+')
const note = Buffer.alloc(8)

let tally = new Tally()
let cases = 0
let memory: number[] = []
let told = performance.now()
let measured = told

for (let number = work.first; number < work.limit; number += work.step) {
  note.writeBigInt64LE(BigInt(number))
  // Read by the parent when this process does not answer any more; a message would wait for the case to end.
  writeSync(notebook, note, 0, note.length, 0)
  await tryCase(seeds, number)
  cases++
  const now = performance.now()
  if (now - measured >= work.measureEvery) {
    memory.push(await memoryInUse())
    measured = now
  }
  if (now - told >= work.tellEvery) await tell()
}
await tell()
process.disconnect?.()

async function tryCase(all: Seeds, number: number): Promise<void> {
  try {
    await target(subjectOf(all, work.seed, number), tally)
  } catch (error) {
    send({ finding: { kind: 'thrown', number, ...describeError(error) } })
  }
}

async function tell(): Promise<void> {
  send({ cases, counts: tally.counts, memory })
  cases = 0
  memory = []
  tally = new Tally()
  // Messages go out, and what was collected is given back to native libraries, only between two turns.
  await otherEvents()
  told = performance.now()
}

function send(message: Told | { finding: Finding }): void {
  process.send!(message)
}

/** Of JavaScript's heap and what hangs on it outside, in bytes, when all that is not needed is gone. */
async function memoryInUse(): Promise<number> {
  // What a finalizer lets go of goes in the next round.
  for (let round = 0; round < 2; round++) {
    globalThis.gc!()
    await otherEvents()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
