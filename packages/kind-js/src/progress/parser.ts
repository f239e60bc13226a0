import type { Progress, Step } from './events.ts'

/** How kind's titles begin. */
const titles: readonly (readonly [string, Step])[] = [
  ['Ensuring node image', 'image'],
  ['Preparing nodes', 'nodes'],
  ['Configuring the external load balancer', 'load-balancer'],
  ['Writing configuration', 'configuration'],
  ['Starting control-plane', 'control-plane'],
  ['Installing CNI', 'cni'],
  ['Installing StorageClass', 'storage'],
  ['Joining more control-plane nodes', 'more-control-planes'],
  ['Joining worker nodes', 'workers'],
  ['Waiting ', 'ready'],
]

/** Colours, and the cursor movements of a spinner. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out.
const escapes = /\x1b\[[0-9;?]*[A-Za-z]/g

/** What kind says because of how this library calls it. */
const expected = /^using \S+ due to KIND_EXPERIMENTAL_PROVIDER$|^enabling experimental \S+ provider$/

/**
 * Turns what kind prints, line by line, into events. It understands kind as it talks to a pipe and as it talks to a
 * terminal, and passes on as `output` what it does not know.
 */
export class ProgressParser {
  #running: { readonly step: Step; readonly title: string; readonly since: number } | undefined
  readonly #now: () => number

  /** @param now in milliseconds, from any moment on. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @returns nothing for a line that says nothing. */
  parse(line: string): Progress | undefined {
    const text = withoutEscapes(line)
    if (text === '' || expected.test(text)) return undefined
    return this.#step(text) ?? parseSentence(text) ?? { type: 'output', line: text }
  }

  #step(text: string): Progress | undefined {
    const [, mark, rest = ''] = /^([•✓✗]) (.*)$/u.exec(text) ?? []
    if (!mark) return undefined
    if (mark === '•') {
      if (/^Ready after /.test(rest)) return { type: 'ready' }
      if (/^WARNING: Timed out waiting for Ready/.test(rest)) return { type: 'not-ready' }
      if (!rest.endsWith('...')) return undefined
      const title = rest.slice(0, -'...'.length).trim()
      this.#running = { step: stepOf(title), title, since: this.#now() }
      return { type: 'step-started', step: this.#running.step, title }
    }
    const title = rest.trim()
    const milliseconds =
      this.#running?.title === title ? Math.round(this.#now() - this.#running.since) : undefined
    this.#running = undefined
    return { type: mark === '✓' ? 'step-succeeded' : 'step-failed', step: stepOf(title), title, milliseconds }
  }
}

function parseSentence(text: string): Progress | undefined {
  const [, creating] = /^Creating cluster ("(?:[^"\\]|\\.)*") \.\.\.$/.exec(text) ?? []
  if (creating) return { type: 'creating', cluster: JSON.parse(creating) as string }
  const [, deleting] = /^Deleting cluster ("(?:[^"\\]|\\.)*") \.\.\.$/.exec(text) ?? []
  if (deleting) return { type: 'deleting', cluster: JSON.parse(deleting) as string }
  const [, deleted] = /^Deleted nodes: \[(.*)\]$/.exec(text) ?? []
  if (deleted !== undefined)
    return { type: 'deleted', nodes: [...deleted.matchAll(/"([^"]*)"/g)].map(([, name]) => name!) }
  const [, message] = /^ERROR: (.*)$/.exec(text) ?? []
  return message === undefined ? undefined : { type: 'error', message }
}

/** What is seen of a line in the end: a spinner writes the same one again and again. */
function withoutEscapes(line: string): string {
  const plain = line.replace(escapes, '')
  const frames = plain.split('\r').filter((frame) => frame.trim() !== '')
  return (frames.at(-1) ?? '').trim()
}

function stepOf(title: string): Step {
  return titles.find(([beginning]) => title.startsWith(beginning))?.[1] ?? 'other'
}
