/**
 * `npm run fuzz -- [--cases N] [--seconds S] [--seed N] [--workers N] [--plant throws|loops|leaks]`: mutated captures, a
 * million by default. `--seed N --case M` runs one of them again, `--file path` what an earlier finding left.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { corpus } from '../corpus.ts'
import type { Finding } from './messages.ts'
import { describeFinding, progressLine, summary } from './report.ts'
import { randomSeed } from './seed.ts'
import { makeSeeds } from './seeds.ts'
import { type Subject, subjectOf } from './subject.ts'
import { fuzz } from './supervise.ts'
import { Tally } from './tally.ts'
import { type Planted, plantable, targetOf } from './target.ts'

const CASES = 1_000_000
const WORKERS = 2
const PROGRESS_EVERY = 10_000

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    workers: { type: 'string' },
    case: { type: 'string' },
    file: { type: 'string' },
    plant: { type: 'string' },
  },
})

function numberOf(name: 'cases' | 'seconds' | 'seed' | 'workers' | 'case'): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  process.stderr.write(`--${name} takes a number, and ${JSON.stringify(text)} is none\n`)
  return process.exit(2)
}

function isPlantable(name: string): name is Planted {
  return (plantable as readonly string[]).includes(name)
}

const planted = values.plant
if (planted !== undefined && !isPlantable(planted)) {
  process.stderr.write(`--plant takes one of ${plantable.join(', ')}\n`)
  process.exit(2)
}

const seed = numberOf('seed') ?? randomSeed()
const number = numberOf('case')
if (values.file !== undefined) await runOne(fromFile(values.file))
else if (number !== undefined) await runOne(subjectOf(await makeSeeds(), seed, number))
else await runMany()

/** Here, in this process, where a debugger can stop it. */
async function runOne(subject: Subject): Promise<void> {
  process.stdout.write(`${subject.how.join('\n')}\n${subject.bytes.length} bytes\n`)
  const tally = new Tally()
  const target = await targetOf(planted as Planted | undefined)
  await target(subject, tally)
  process.stdout.write(`${JSON.stringify(tally.counts, null, 2)}\nnothing was found\n`)
}

function fromFile(path: string): Subject {
  const bytes = readFileSync(path)
  const sas = corpus.flatMap((capture) => capture.sas ?? [])
  return { number: 0, bytes, sas, pieces: [bytes.length], how: [path] }
}

async function runMany(): Promise<void> {
  const cases = numberOf('cases') ?? CASES
  const seconds = numberOf('seconds')
  process.stderr.write(`seed ${seed}\n`)
  const findings: Finding[] = []
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  let told = 0
  const outcome = await fuzz({
    seed,
    cases,
    workers: numberOf('workers') ?? WORKERS,
    signal: interruption.signal,
    ...(seconds !== undefined && { seconds }),
    ...(planted !== undefined && { planted: planted as Planted }),
    onProgress(outcome) {
      if (outcome.cases - told < PROGRESS_EVERY) return
      told = outcome.cases
      process.stderr.write(`${progressLine(outcome, cases)}\n`)
    },
    onFinding(finding) {
      findings.push(finding)
      process.stderr.write(`${finding.kind} in case ${finding.number}: ${finding.what}\n`)
    },
  })
  process.stdout.write(`seed ${seed}: ${summary(outcome)}\n`)
  for (const finding of findings) process.stdout.write(`${await describeFinding(finding, seed)}\n`)
  process.exitCode = findings.length > 0 ? 1 : 0
}
