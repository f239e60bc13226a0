import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compressionOf } from '../../src/capture/compression.ts'
import { CaptureError, surveyCapture } from '../../src/index.ts'
import { tokens } from './edge-captures.ts'
import type { Subject } from './subject.ts'
import type { Tally } from './tally.ts'

const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-survey-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

/** Another thread costs a hundred times as much. */
const THREADS_EVERY = 945

/** What reading a capture came to: a survey must come to the same. */
export interface Found {
  refused: boolean
  packets: number
  bytes: number
  esp: number
  opened: number
  problems: number
}

export async function survey({ bytes, sas, number }: Subject, found: Found, tally: Tally): Promise<void> {
  const path = join(directory, 'capture')
  writeFileSync(path, bytes)
  tally.add('survey', 'made')
  // How much zstd gives before damage depends on the pieces that it comes in.
  const isVague = compressionOf(bytes) === 'zstd'
  try {
    const threads = number % THREADS_EVERY === 0 ? 2 : 1
    const surveyed = await surveyCapture(path, { sas, tokens, threads })
    if (isVague) return
    const { packets, bytes: length, esp, opened, problems } = surveyed
    assert.deepEqual(
      { refused: false, packets, bytes: length, esp, opened, problems: problems.length },
      { ...found, problems: Math.min(found.problems, 100) },
      'a survey finds what reading finds',
    )
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    assert.ok(found.refused || isVague, `a survey refuses what can be read: ${error.message}`)
    tally.add('survey', 'refused')
  }
}
