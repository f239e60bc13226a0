/**
 * How long it takes to authenticate, decrypt and count 200,000 ESP packets: this project against tshark, both as whole
 * processes on the same file, taking turns, each with its answer checked.
 *
 *     node bench/capture.ts [rounds]
 */
import { execFile } from 'node:child_process'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { EspTally } from 'tcpdump-parse'
import { benchmarkCapture, PACKETS, SAS } from './capture-file.ts'
import { median, table } from './timing.ts'

const run = promisify(execFile)
const MOST_OUTPUT = 256 << 20

interface Contender {
  readonly name: string
  /** Reads the capture once and returns how many packets it found authentic. */
  count(path: string): Promise<number>
}

const ours = (threads: number): Contender => ({
  name: `tcpdump-parse, ${threads} thread${threads === 1 ? '' : 's'}`,
  async count(path) {
    const script = fileURLToPath(new URL('./capture-ours.ts', import.meta.url))
    // Keeps the types from being stripped again in each run: in an installed package there are none.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'wireproof-bench-compiled') }
    const { stdout } = await run(process.execPath, [script, path, String(threads)], { env })
    return (JSON.parse(stdout) as EspTally).innerIp
  },
})

/** With TCP's dissector off, which is its fastest: on, it takes half as long again. */
const tshark: Contender = {
  name: 'tshark',
  async count(path) {
    const keys = SAS.flatMap(({ source, destination, spi, key }) => [
      '-o',
      `uat:esp_sa:"IPv4","${source}","${destination}","0x${spi.toString(16)}",` +
        `"AES-GCM with 16 octet ICV [RFC4106]","0x${key.toString('hex')}","NULL",""`,
    ])
    const preferences = ['encryption_decode', 'authentication_check'].flatMap((name) => [
      '-o',
      `esp.enable_${name}:TRUE`,
    ])
    const { stdout } = await run(
      'tshark',
      [
        '-n',
        '-r',
        path,
        '--disable-protocol',
        'tcp',
        ...preferences,
        ...keys,
        '-T',
        'fields',
        '-e',
        'esp.icv_good',
      ],
      { maxBuffer: MOST_OUTPUT },
    )
    // A packet that is not bad is not yet good: only an explicit 1 counts.
    return stdout.split('\n').filter((line) => line === '1').length
  },
}

async function timed(contender: Contender, path: string): Promise<number> {
  const start = performance.now()
  const good = await contender.count(path)
  const seconds = (performance.now() - start) / 1000
  if (good !== PACKETS) throw new Error(`${contender.name} found ${good} authentic packets of ${PACKETS}`)
  return seconds
}

async function main(rounds: number): Promise<void> {
  const path = await benchmarkCapture()
  const contenders = [ours(1), ours(Math.min(2, availableParallelism())), tshark]
  const times = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round++)
    for (const contender of contenders) times.get(contender)!.push(await timed(contender, path))
  const reference = median(times.get(tshark)!)
  console.log(
    table(
      ['', 'median s', 'from', 'to', 'packets/s', 'against tshark'],
      contenders.map((contender) => {
        const seconds = times.get(contender)!
        return [
          contender.name,
          median(seconds).toFixed(2),
          Math.min(...seconds).toFixed(2),
          Math.max(...seconds).toFixed(2),
          Math.round(PACKETS / median(seconds)).toLocaleString('en'),
          `${(reference / median(seconds)).toFixed(1)}x`,
        ]
      }),
    ),
  )
  console.log(
    `${rounds} rounds in turn; each run found ${PACKETS.toLocaleString('en')} of as many packets authentic`,
  )
}

try {
  await main(Number(process.argv[2] ?? 5))
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  console.error(`${(error as Error).message}: this benchmark needs tshark (Debian package tshark)`)
  process.exitCode = 3
}
