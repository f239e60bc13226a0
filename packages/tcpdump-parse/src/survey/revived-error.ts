import { EngineError } from '../esp/engine.ts'
import { SaError } from '../esp/sa.ts'
import { CaptureError } from '../problem.ts'

type Thrown = Error & { readonly code?: string; readonly offset?: number }

/** An error of another thread arrives with its message and its code, but as a plain Error: here it is what it was again. */
export function revivedError(error: unknown): unknown {
  const { code, message, offset = 0 } = error as Thrown
  if (code === 'ECAPTURE') return new CaptureError(message, offset)
  if (code === 'ESA') return new SaError(message)
  return code === 'EENGINE' ? new EngineError(message) : error
}
