import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { isCompressed } from '../capture/compression.ts'
import type { EspSa } from '../esp/sa.ts'
import { revivedError } from './revived-error.ts'
import type { Share, Survey } from './share.ts'
import { isTooManyContexts, newSharedState } from './shared-state.ts'

export type { Sighting, Survey } from './share.ts'

/** Below this, in bytes, starting another thread costs more than it saves. */
const WORTH_THREADS = 256 << 20
const MOST_THREADS = 4

/** What to look for in a capture, and with how much of the machine. */
export interface SurveyOptions {
  /** What to open ESP with. */
  sas?: readonly EspSa[]
  /** Tokens to look for in frames and in what is decrypted, as `CanaryFinder` does, but not in compressed data. */
  tokens?: readonly string[]
  /**
   * 1 keeps all on this thread; by default as many as the file is worth, up to 4. What is compressed, or no file, takes one
   * thread whatever is asked for.
   */
  threads?: number
  /** `portable` leaves the fast engine alone, also where it is installed. */
  engine?: 'auto' | 'portable'
  /** When it aborts, the survey ends with its reason. */
  signal?: AbortSignal
}

/**
 * Goes through a whole capture once, opens every ESP packet in it and looks for tokens, on several threads where that
 * pays. What the fast engine does, where it is installed, is checked against `node:crypto`: every packet that does not open
 * and a sample of those that do.
 *
 * @throws CaptureError, SaError, EngineError, and what `fs` throws when the file cannot be read.
 */
export async function surveyCapture(path: string, options: SurveyOptions = {}): Promise<Survey> {
  const { signal } = options
  signal?.throwIfAborted()
  const { isPlain, size } = await examine(path)
  const worth = size < WORTH_THREADS ? 1 : Math.min(availableParallelism(), MOST_THREADS)
  const threads = isPlain ? (options.threads ?? worth) : 1
  const share: Share = {
    path,
    sas: options.sas ?? [],
    tokens: options.tokens ?? [],
    fast: options.engine !== 'portable',
  }
  try {
    return await surveyOn(threads, isPlain ? { ...share, state: newSharedState() } : share, signal)
  } catch (error) {
    if (!isTooManyContexts(error)) throw error
    return surveyOn(1, share, signal)
  }
}

async function surveyOn(threads: number, share: Share, signal: AbortSignal | undefined): Promise<Survey> {
  const ended = new AbortController()
  const until = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal
  try {
    // The others first: they load what they need while this thread does.
    const others = Array.from({ length: threads - 1 }, () => inThread(share, until))
    const { addSurvey, surveyShare } = await import('./share.ts')
    const [first, ...rest] = await Promise.all([surveyShare(share, until), ...others])
    for (const survey of rest) addSurvey(first, survey)
    return first
  } finally {
    ended.abort()
  }
}

/** Whether a path is a file from which any part can be read at any time and understood. */
async function examine(path: string): Promise<{ isPlain: boolean; size: number }> {
  const file = await open(path, 'r')
  try {
    const status = await file.stat()
    if (!status.isFile()) return { isPlain: false, size: 0 }
    const head = Buffer.alloc(4)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    return { isPlain: !isCompressed(head.subarray(0, bytesRead)), size: status.size }
  } finally {
    await file.close()
  }
}

function inThread(share: Share, signal: AbortSignal): Promise<Survey> {
  return new Promise((resolve, reject) => {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./thread.${extension}`, import.meta.url), { workerData: share })
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason)
        void worker.terminate()
      },
      { once: true },
    )
    worker.once('message', resolve)
    worker.once('error', (error) => reject(revivedError(error)))
    worker.once('exit', (code) => reject(new Error(`the thread reading ${share.path} ended with ${code}`)))
  })
}
