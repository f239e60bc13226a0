/**
 * How long it takes to authenticate and decrypt 200,000 ESP packets and to check what is inside, without and with a search
 * of frames and plaintext for 517 patterns: this project against tshark, as whole processes on the same file, taking turns,
 * each with its answer checked.
 *
 *     node bench/survey.ts [rounds]
 */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { benchmarkCapture, CANARIES, PACKETS, SAS } from './capture-file.ts'
import { requirePrograms } from './requirements.ts'
import { SurveyProcess } from './survey-process.ts'
import { reportAgainst, takeTurns } from './timing.ts'

const run = promisify(execFile)
const MOST_OUTPUT = 256 << 20

/** With TCP's dissector off, which is its fastest: on, it takes half as long again. @returns seconds. */
async function tshark(path: string): Promise<number> {
  const keys = SAS.flatMap(({ source, destination, spi, key }) => [
    '-o',
    `uat:esp_sa:"IPv4","${source}","${destination}","0x${spi.toString(16)}",` +
      `"AES-GCM with 16 octet ICV [RFC4106]","0x${key.toString('hex')}","NULL",""`,
  ])
  const preferences = ['encryption_decode', 'authentication_check'].flatMap((name) => [
    '-o',
    `esp.enable_${name}:TRUE`,
  ])
  const fields = ['-T', 'fields', '-e', 'esp.icv_good']
  const start = performance.now()
  const { stdout } = await run(
    'tshark',
    ['-n', '-r', path, '--disable-protocol', 'tcp', ...preferences, ...keys, ...fields],
    { maxBuffer: MOST_OUTPUT },
  )
  const seconds = (performance.now() - start) / 1000
  // A packet that is not bad is not yet good: only an explicit 1 counts.
  const good = stdout.split('\n').filter((line) => line === '1').length
  if (good !== PACKETS) throw new Error(`tshark found ${good} authentic packets of ${PACKETS}`)
  return seconds
}

async function ours(processes: SurveyProcess, path: string, threads: number, scan: boolean): Promise<number> {
  const { seconds, innerIp, failed, sightings } = await processes.survey(path, threads, scan)
  const found = scan ? CANARIES : 0
  if (innerIp !== PACKETS || sightings.plaintext !== found || sightings.frame !== 0)
    throw new Error(`a wrong answer: ${JSON.stringify({ innerIp, failed, sightings })}`)
  return seconds
}

requirePrograms(['tshark'])
using processes = new SurveyProcess()
const path = await benchmarkCapture()
const threads = Math.min(2, availableParallelism())
const rounds = Number(process.argv[2] ?? 7)
const times = await takeTurns(rounds, {
  'ours, 1 thread': () => ours(processes, path, 1, false),
  [`ours, ${threads} threads`]: () => ours(processes, path, threads, false),
  'ours with the search, 1 thread': () => ours(processes, path, 1, true),
  [`ours with the search, ${threads} threads`]: () => ours(processes, path, threads, true),
  'tshark, without a search': () => tshark(path),
})
console.log(reportAgainst('tshark, without a search', times, { packets: PACKETS }))
console.log(
  `${rounds} rounds in turn. Each run found all ${PACKETS.toLocaleString('en')} packets authentic, and each search ` +
    `all ${CANARIES} tokens in their plaintext and none in a frame.`,
)
