/** Our side of `survey` and `large` as a process of its own: `node survey-ours.mjs <package> <file> <threads> <job.json>`. */
import { readFileSync } from 'node:fs'

const [entry, path, threads, job] = process.argv.slice(2)
const { surveyCapture } = await import(entry)
const { sas, tokens } = JSON.parse(readFileSync(job, 'utf8'))
const survey = await surveyCapture(path, {
  sas: sas.map((sa) => ({ ...sa, key: Buffer.from(sa.key, 'hex') })),
  tokens,
  threads: Number(threads),
})
// Not getrusage(2)'s figure, which begins with what the process that started this one had.
const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
console.log(JSON.stringify({ ...survey, peakKiB }))
