import { once } from 'node:events'
import { createServer } from 'node:net'
import { Problem } from '../problem.ts'

/**
 * Lets one command at a time change a lab. The lock is an abstract Unix socket: it leaves no file, and the kernel
 * drops it with its holder, however that ends.
 */
export async function lock(lab: string): Promise<AsyncDisposable> {
  const server = createServer().unref()
  server.listen(`\0wireproof-lab-${lab}`)
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const remedy = 'Wait for it to end, or choose another --name.'
    throw new Problem('EBUSY', 4, `another command is changing lab ${lab} right now`, remedy)
  }
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}
