import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process that is a part of a whole run. */
export interface Part {
  readonly name: string
  readonly argv: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** It is not begun before. */
  readonly once?: Promise<unknown>
}

/** Makes of a part's command what is run there. */
export type Place = (argv: readonly string[]) => readonly string[]

export const asItIs: Place = (argv) => argv

export interface Ended {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
}

/**
 * Runs the parts in their order, so many at a time as there are places. What a part prints is handed over once it has ended, in one piece.
 */
export async function sideBySide(
  parts: readonly Part[],
  places: readonly Place[],
  show: (text: string) => void,
): Promise<Ended[]> {
  const ended: Ended[] = []
  const queue = [...parts]
  await Promise.all(
    places.map(async (inPlace) => {
      for (let part = queue.shift(); part; part = queue.shift()) {
        await part.once
        const { name, argv, env } = part
        const started = performance.now()
        const { code, said } = await play(inPlace(argv), env)
        const seconds = Math.round((performance.now() - started) / 1000)
        ended.push({ name, passed: code === 0, seconds })
        show(`\n> ${name}, ${seconds} s\n${said}`)
      }
    }),
  )
  return ended
}

async function play(
  [program = '', ...rest]: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: unknown; said: string }> {
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const [code] = await once(child, 'close')
  return { code, said }
}
