import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Finding } from './messages.ts'
import { describeFinding } from './report.ts'
import { randomSeed } from './seed.ts'
import { makeSeeds } from './seeds.ts'
import { subjectOf } from './subject.ts'
import { fuzz, type Outcome } from './supervise.ts'
import type { Planted } from './target.ts'

const SECONDS = 60
const UNTIL_THEN = 10_000_000

test(`${SECONDS} seconds of mutated captures, others each time, bring out typed errors and nothing else`, async () => {
  const seed = randomSeed()
  const outcome = await fuzz({ seed, cases: UNTIL_THEN, seconds: SECONDS, workers: 2 })
  const said = await Promise.all(outcome.findings.map((finding) => describeFinding(finding, seed)))
  assert.deepEqual(said, [], `seed ${seed}`)
  assertDepth(outcome, `seed ${seed}`)
})

/** Cases that are all refused at the door would find nothing. */
function assertDepth({ cases, tally: { counts }, memory }: Outcome, seed: string): void {
  assert.ok(cases > 2000, `${cases} cases; ${seed}`)
  assert.equal(memory.length, 2, 'each worker has measured its memory often enough to tell')
  const share = (group: string, what: string): number => (counts[group]?.[what] ?? 0) / cases
  for (const [group, what, least] of [
    ['reading', 'whole', 0.1],
    ['reading', 'with problems', 0.1],
    ['reading', 'refused', 0.01],
    ['reading', 'packets', 1],
    ['esp', 'opened', 0.1],
    ['esp', 'bad-icv', 0.1],
    ['fragments', 'put together', 0.005],
    ['stream', 'with segments that disagree', 0.005],
    ['canary', 'raw', 0.01],
    ['survey', 'made', 0.05],
  ] as const)
    assert.ok(share(group, what) >= least, `${group}, ${what}: ${counts[group]?.[what]} of ${cases}; ${seed}`)
  const headers = Object.keys(counts.header ?? {})
  for (const header of [
    'arp',
    'vlans',
    'ipv4',
    'ipv6',
    'ah',
    'tcp',
    'udp',
    'icmp',
    'overlay',
    'wireGuard',
    'tls',
  ])
    assert.ok(headers.includes(header), `no ${header}; ${seed}`)
}

test('a case is the same each time, and another is another', async () => {
  const [seeds, again] = await Promise.all([makeSeeds(), makeSeeds()])
  for (let number = 0; number < 200; number++)
    assert.deepEqual(subjectOf(seeds, 5, number), subjectOf(again, 5, number))
  const distinct = (seed: number): Set<string> =>
    new Set(Array.from({ length: 200 }, (_, number) => subjectOf(seeds, seed, number).bytes.toString('hex')))
  assert.ok(distinct(5).size > 190)
  const first = distinct(5)
  assert.ok([...distinct(6)].filter((bytes) => first.has(bytes)).length < 10)
})

describe('control: the fuzzer notices a bug that is planted', () => {
  const control = { seed: 1, workers: 1, mostFindings: 1 }
  async function found(planted: Planted, options: Partial<Parameters<typeof fuzz>[0]>): Promise<Finding> {
    const { findings } = await fuzz({ ...control, cases: UNTIL_THEN, seconds: 60, planted, ...options })
    assert.equal(findings.length, 1, `nothing was found of what ${planted}`)
    return findings[0]!
  }

  test('that throws, names the case, and leaves what it takes to see it again', async () => {
    const finding = await found('throws', {})
    assert.equal(finding.kind, 'thrown')
    assert.match(finding.what, /^TypeError: Cannot read properties of undefined/)
    const said = await describeFinding(finding, control.seed)
    const [, again] = /again with npm run fuzz -- (--seed 1 --case \d+)$/m.exec(said)!
    const [, file] = /--file (.+)$/m.exec(said)!
    try {
      assert.ok(existsSync(file!))
      for (const words of [again!.split(' '), ['--file', file!]]) {
        const { status, stderr } = replay(...words, '--plant', 'throws')
        assert.equal(status, 1)
        assert.match(stderr, /TypeError: Cannot read properties of undefined/)
        const sound = replay(...words)
        assert.deepEqual([sound.status, sound.stderr], [0, ''])
        assert.match(sound.stdout, /nothing was found/)
      }
    } finally {
      rmSync(file!, { force: true })
    }
  })

  test('that never ends, names the case, and goes on with the next', async () => {
    const { findings, cases } = await fuzz({
      ...control,
      mostFindings: 2,
      patience: 2,
      cases: UNTIL_THEN,
      planted: 'loops',
    })
    assert.deepEqual(
      findings.map(({ kind, what }) => [kind, what]),
      Array(2).fill(['hang', 'not done after 2 s']),
    )
    assert.ok(findings[1]!.number! > findings[0]!.number!)
    assert.ok(cases > 0)
  })

  test('that keeps what nobody needs', async () => {
    const finding = await found('leaks', { cases: 2000, measureEvery: 100 })
    assert.equal(finding.kind, 'memory')
    assert.match(finding.what, /^what is in use has grown from [\d.]+ MiB to [\d.]+ MiB$/)
  })
})

function replay(...words: string[]) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  return spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' })
}
