import { statSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import type { Story } from '../demos/explain/story.ts'
import { Problem } from '../lab/problem.ts'
import { exitCode } from './exit-codes.ts'

interface ExplainOptions {
  readonly json?: boolean
  readonly keys?: string
}

interface FramePlace {
  readonly file: 'wire.pcapng' | 'pods.pcapng'
  readonly number: number
}

export const explain = new Command('explain')
  .description(
    'tell one packet’s story in words: its SA, whether its ICV verifies, what is inside, who sent it',
  )
  .argument('<bundle>', 'a directory under evidence/, or any capture file')
  .argument(
    '<frame>',
    'its number in wire.pcapng as Wireshark shows it; pods:<number> for pods.pcapng',
    framePlace,
  )
  .option(
    '--keys <file>',
    'security associations: sas.json, what `ip xfrm state` prints, or Wireshark’s esp_sa',
  )
  .option('--json', 'as JSON')
  .action(async (path: string, place: FramePlace, { json, keys }: ExplainOptions) => {
    const story = isBundle(path) ? await inBundle(path, place, keys) : await inCapture(path, place, keys)
    const { tell } = await import('../demos/explain/story.ts')
    const width = Math.min(process.stdout.columns ?? 100, 110)
    process.stdout.write(`${json ? JSON.stringify(story, null, 2) : tell(story, width)}\n`)
    if (story.doubts.length > 0) process.exitCode = exitCode.inconclusive
  })

function framePlace(value: string): FramePlace {
  const [, pods, number] = /^(pods:)?([1-9]\d{0,9})$/.exec(value) ?? []
  if (number === undefined) throw new InvalidArgumentError('Give a number from 1, or pods:<number>.')
  return { file: pods ? 'pods.pcapng' : 'wire.pcapng', number: Number(number) }
}

function isBundle(path: string): boolean {
  return statSync(`${path}/evidence.json`, { throwIfNoEntry: false }) !== undefined
}

async function inBundle(path: string, { file, number }: FramePlace, keys?: string): Promise<Story> {
  const { readBundle } = await import('../demos/evidence/read-bundle.ts')
  const { explainInBundle } = await import('../demos/explain/bundle-story.ts')
  const { judge, observe } = await import('../demos/proof/index.ts')
  const { material } = await readBundle(path, keys === undefined ? {} : { keys })
  const run = observe(material)
  const story = explainInBundle(run, judge(run), file, number)
  if (story) return story
  throw new Problem('EFRAME', exitCode.usage, `${file} of ${path} has no frame ${number}`)
}

async function inCapture(path: string, { file, number }: FramePlace, keys?: string): Promise<Story> {
  if (file === 'pods.pcapng')
    throw new Problem('EFRAME', exitCode.usage, `${path} is no bundle, so it has no pods.pcapng`)
  const { explainInCapture } = await import('../demos/explain/capture-story.ts')
  const { readKeys } = await import('../demos/explain/keys-file.ts')
  return explainInCapture(path, number, keys === undefined ? [] : readKeys(keys))
}
