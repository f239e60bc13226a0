import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Finding } from './messages.ts'
import { makeSeeds } from './seeds.ts'
import { subjectOf } from './subject.ts'
import type { Outcome } from './supervise.ts'

/** Where captures that led to a finding are written. */
export const FOUND = join(tmpdir(), 'tcpdump-parse-found')

export function progressLine({ cases, seconds, findings }: Outcome, total: number): string {
  const rate = Math.round(cases / seconds)
  return `${cases.toLocaleString('en')} of ${total.toLocaleString('en')} captures, ${rate}/s, ${findings.length} findings`
}

/** What happened, so that one can see that all of it was reached. */
export function summary({ cases, seconds, tally, findings, memory }: Outcome): string {
  const groups = Object.entries(tally.counts)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([group, counts]) => {
      const each = Object.entries(counts)
        .sort(([, a], [, b]) => b - a)
        .map(([what, times]) => `${what} ${times.toLocaleString('en')}`)
      return `  ${group.padEnd(14)} ${each.join(', ')}`
    })
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  const grown = memory.map(({ early, late }) => `${mebibytes(early)} to ${mebibytes(late)} MiB`)
  return [
    `${cases.toLocaleString('en')} mutated captures in ${seconds.toFixed(0)} s, ${Math.round(cases / seconds)}/s`,
    ...groups,
    `  ${'memory'.padEnd(14)} ${grown.length > 0 ? grown.join('; ') : 'too few measurements to tell'}`,
    `  ${'findings'.padEnd(14)} ${findings.length}`,
  ].join('\n')
}

/** A finding with what it takes to see it again: the capture is written to a file. */
export async function describeFinding(finding: Finding, seed: number): Promise<string> {
  const { kind, number, what } = finding
  if (number === undefined) return `${kind}: ${what}; seed ${seed}`
  const { bytes, text, how } = subjectOf(await makeSeeds(), seed, number)
  mkdirSync(FOUND, { recursive: true })
  const file = join(FOUND, `${seed}-${number}.capture`)
  writeFileSync(file, bytes)
  if (text) writeFileSync(`${file}.${text.kind}`, text.text)
  return [
    `${kind} in case ${number} of seed ${seed}: ${what}`,
    `  made of ${how.join('; ')}`,
    `  again with npm run fuzz -- --seed ${seed} --case ${number}`,
    `  or, when the mutations have changed since, with npm run fuzz -- --file ${file}`,
  ].join('\n')
}
