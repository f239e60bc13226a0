/**
 * Whether a capture of 10 GB takes no more memory and no more time for each byte than one of 0.2 GB: the same capture
 * again and again in one file, with authentication, decryption and the search for 517 patterns.
 *
 *     node bench/large.ts [gigabytes]
 */
import { rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchmarkCapture, CANARIES, PACKETS, repeatedCapture } from './capture-file.ts'
import { type Run, SurveyProcess } from './survey-process.ts'
import { table } from './timing.ts'

const gigabytes = Number(process.argv[2] ?? 10)
const THREADS = 2

using processes = new SurveyProcess()
const small = await benchmarkCapture()
const large = join(tmpdir(), `wireproof-bench-large-${process.pid}.pcapng`)
const needed = (gigabytes + 1) * 1e9
const { bavail, bsize } = statfsSync(tmpdir())
if (bavail * bsize < needed) {
  process.stderr.write(
    `this benchmark needs ${gigabytes + 1} GB in ${tmpdir()}\n  Make room there, or point TMPDIR elsewhere.\n`,
  )
  process.exit(3)
}
try {
  const copies = repeatedCapture(small, large, gigabytes * 1e9)
  const runs: [string, string, number, Run][] = []
  for (let round = 0; round < 2; round++)
    for (const [name, path, times] of [
      ['0.2 GB', small, 1],
      [`${gigabytes} GB`, large, copies],
    ] as const) {
      const run = await processes.survey(path, THREADS, true)
      if (run.innerIp !== PACKETS * times || run.sightings.plaintext !== CANARIES * times)
        throw new Error(
          `a wrong answer for ${name}: ${run.innerIp} packets, ${run.sightings.plaintext} tokens`,
        )
      runs.push([name, path, times, run])
    }
  const rate = (path: string, { seconds }: Run) => statSync(path).size / 1e6 / seconds
  const rows = runs.map(([name, path, , run]) => [
    name,
    run.seconds.toFixed(2),
    Math.round(rate(path, run)).toLocaleString('en'),
    Math.round(run.peakKiB / 1024).toLocaleString('en'),
  ])
  console.log(table(['', 'seconds', 'MB/s', 'peak MiB'], rows))
  const best = (of: string) =>
    Math.max(...runs.filter(([, path]) => path === of).map(([, path, , run]) => rate(path, run)))
  console.log(
    `The large one is read at ${(best(large) / best(small)).toFixed(2)} times the rate of the small one, whose time has ` +
      `Node's start in it. ${THREADS} threads; all answers were right.`,
  )
} finally {
  rmSync(large, { force: true })
}
