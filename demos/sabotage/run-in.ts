import { text } from 'node:stream/consumers'
import type { Lab } from '../../lab/lab.ts'
import { sabotageFailed } from './sabotage.ts'

/** Runs a command on a node or in a pod. @throws Problem when it fails. */
export async function runIn(
  lab: Pick<Lab, 'spawn'>,
  target: string,
  argv: readonly string[],
  input = '',
): Promise<void> {
  const child = lab.spawn(target, argv)
  // One that ends without reading what it is given tells why by its exit.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code, said] = await Promise.all([child.exit, text(child.stderr), text(child.stdout)])
  if (code !== 0)
    throw sabotageFailed(`\`${argv.join(' ')}\` on ${target} ended with code ${code}: ${said.trim()}`)
}
