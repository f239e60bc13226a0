import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Problem } from '../problem.ts'
import type { EspSa } from './sa.ts'
import { addTally, type EspTally, type Share, tallyShare } from './tally-share.ts'

/** Below this, in bytes, starting a thread costs more than it saves. */
const WORTH_THREADS = 16 << 20
const MOST_THREADS = 4

export interface TallyOptions {
  /** 1 keeps all on this thread; by default as many as the file is worth, up to 4. */
  threads?: number
  onProblem?: (problem: Problem) => void
}

/**
 * Reads a whole capture and opens every ESP packet in it, on several threads where that pays.
 *
 * @throws CaptureError, SaError, and what `fs` throws when the file cannot be read.
 */
export async function tallyEsp(
  path: string,
  sas: readonly EspSa[],
  options: TallyOptions = {},
): Promise<EspTally> {
  const { size } = await stat(path)
  const worth = size < WORTH_THREADS ? 1 : Math.min(availableParallelism(), MOST_THREADS)
  const of = options.threads ?? worth
  const others = Array.from({ length: of - 1 }, (_, i) => inThread({ path, sas: [...sas], index: i + 1, of }))
  const own = tallyShare({ path, sas: [...sas], index: 0, of }, options.onProblem)
  const [first, ...rest] = await Promise.all([own, ...others])
  for (const tally of rest) addTally(first, tally)
  return first
}

function inThread(share: Share): Promise<EspTally> {
  return new Promise((resolve, reject) => {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./tally-thread.${extension}`, import.meta.url), { workerData: share })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the thread reading ${share.path} ended with ${code}`)))
  })
}
