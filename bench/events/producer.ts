/** The other side of bench/events.ts, in a thread of its own: runs the program so many times a second, and says how long that took. */
import { parentPort, workerData } from 'node:worker_threads'
import { Program } from '@wireproof/libbpf'
import { Lifetime } from '../../packages/libbpf/src/lifetime.ts'

export interface Order {
  readonly program: number
  /** Events a second. */
  readonly rate: number
  readonly seconds: number
}

const { program, rate, seconds } = workerData as Order
const flood = new Program('flood', program, new Lifetime())
const data = Buffer.alloc(60)
const sleeping = new Int32Array(new SharedArrayBuffer(4))
/** Milliseconds of events at a time: far less than the ring holds, far more than a system call costs. */
const step = 1

const start = performance.now()
for (let done = 0; done < rate * seconds; ) {
  const due = Math.min(Math.floor(((performance.now() - start) / 1000) * rate), rate * seconds)
  // What was missed while others had the processor is made up for, but not all at once.
  const repeat = Math.min(due - done, (4 * rate * step) / 1000)
  if (repeat > 0) flood.testRun({ data, repeat })
  done += Math.max(repeat, 0)
  const ahead = (done / rate) * 1000 - (performance.now() - start) + step
  if (ahead > 0) Atomics.wait(sleeping, 0, 0, Math.min(ahead, step))
}
parentPort!.postMessage((performance.now() - start) / 1000)
