import type { Renderer, StageEvent } from './event.ts'
import { colour, plain, type Style } from './style.ts'
import { clip, columns, duration, padLeft, wrap } from './typography.ts'

/** What a terminal, a pipe or a recording has in common. */
export interface Surface {
  write(text: string): void
  /** Asked for each event: a terminal can be resized while the demo plays. */
  readonly columns: number
  /** Whether lines can be taken back: a terminal, not a pipe. */
  readonly live: boolean
  readonly style: Style
}

/** Lines of text; a picture may be wider. */
const widest = 100
const widestPicture = 118
const margin = '  '
/** Milliseconds of silence after which even a log wants to know what a step is waiting for. */
const patience = 2000

/** Prints what happens, a line for each step as it ends; on a terminal also the step that is running. */
export function terminalRenderer(surface: Surface, notes: boolean): Renderer {
  const { style } = surface
  const running = new Map<number, { title: string; text?: string; told: number }>()
  let transient = false

  const width = () => Math.max(20, Math.min(widest, surface.columns - 1))

  const pictureWidth = () => Math.max(20, Math.min(widestPicture, surface.columns - 1)) - margin.length

  function takeBack(): void {
    if (transient) surface.write('\r\x1b[K')
    transient = false
  }

  function printTransient(line: string): void {
    if (!surface.live) return
    takeBack()
    surface.write(line)
    transient = true
  }

  function print(lines: readonly string[]): void {
    takeBack()
    if (lines.length > 0) surface.write(`${lines.join('\n')}\n`)
    const latest = [...running.values()].at(-1)
    if (latest !== undefined) printRunning(latest)
  }

  function printRunning({ title, text }: { title: string; text?: string }): void {
    const line = clip(`${title}${text === undefined ? '' : ` · ${text}`}`, width() - 4)
    printTransient(`${margin}${style.quiet(`… ${line}`)}`)
  }

  function titleAndTime(
    mark: string,
    title: string,
    detail: string | undefined,
    milliseconds: number,
  ): string[] {
    const time = duration(milliseconds)
    const lines = wrap(title, width() - 4)
    if (detail !== undefined) {
      const room = width() - 4 - columns(lines.at(-1)!) - time.length - 4
      if (columns(detail) <= room) lines[lines.length - 1] += `  ${style.quiet(detail)}`
      else lines.push(...wrap(detail, width() - 4).map((line) => style.quiet(line)))
    }
    if (columns(lines.at(-1)!) + time.length + 6 > width()) lines.push('')
    const last = lines.pop()!
    lines.push(last + style.quiet(padLeft(time, width() - 4 - columns(last))))
    return lines.map((line, index) => `${margin}${index === 0 ? mark : ' '} ${line}`)
  }

  function explain(label: string, text: string | undefined): string[] {
    if (text === undefined) return []
    return wrap(text, width() - 15).map(
      (line, index) => `${margin}    ${style.quiet((index === 0 ? label : '').padEnd(9))}${line}`,
    )
  }

  return {
    handle: (event: StageEvent) => {
      switch (event.type) {
        case 'opened':
          print([
            '',
            ...wrap(event.title, width() - 2).map((line) => margin + style.heading(line)),
            ...(event.subtitle === undefined
              ? []
              : wrap(event.subtitle, width() - 2).map((line) => margin + style.quiet(line))),
          ])
          return
        case 'said':
          print([
            '',
            ...(event.heading === undefined ? [] : [margin + style.heading(event.heading)]),
            ...wrap(event.text, Math.min(84, width() - 2)).map((line) => margin + line),
            ...(notes && event.notes !== undefined
              ? wrap(event.notes, Math.min(80, width() - 6)).map(
                  (line) => margin + style.doubtful(`│ ${line}`),
                )
              : []),
          ])
          return
        case 'started': {
          const step = { title: event.title, told: 0 }
          running.set(event.step, step)
          printRunning(step)
          return
        }
        case 'progressed': {
          const step = running.get(event.step)
          if (step === undefined || step.text === event.text) return
          step.text = event.text
          if (surface.live) printRunning(step)
          else if (event.milliseconds >= step.told + patience) {
            step.told = event.milliseconds
            print([`${margin}… ${step.title}: ${event.text}`])
          }
          return
        }
        case 'done':
          running.delete(event.step)
          print(titleAndTime(style.good('✓'), event.title, event.detail, event.milliseconds))
          return
        case 'failed':
          running.delete(event.step)
          print([
            ...titleAndTime(style.bad('✗'), style.bad(event.title), undefined, event.milliseconds),
            ...(event.expected === undefined ? explain('because', event.message) : []),
            ...explain('expected', event.expected),
            ...explain('saw', event.seen),
            ...explain('remedy', event.remedy),
          ])
          return
        case 'shown':
          print([
            '',
            ...event
              .picture({ width: pictureWidth(), style })
              .map((line) => (line === '' ? '' : margin + line)),
          ])
          return
        case 'interrupted':
          running.clear()
          print([`${margin}${style.doubtful('■')} ${event.reason}`])
          return
        case 'waiting':
          printTransient(
            `${margin}${style.quiet(clip(`▸ space: next${event.canGoBack ? ' · b: back' : ''} · s: to the next chapter · q: quit`, width() - 2))}`,
          )
          return
        case 'resumed':
          takeBack()
          return
        case 'repeated':
          print(['', `${margin}${style.quiet(`◂ again: step ${event.position} of ${event.of}`)}`])
      }
    },
  }
}

/** The part of an output stream that decides how it is written to; `process.stdout` is one. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * Colour and lines taken back only on a terminal; NO_COLOR is respected (no-color.org: any value but the empty one).
 * FORCE_COLOR and COLUMNS speak for a terminal that is further away, as when the demo runs in a guest kernel.
 */
export function surfaceOf(
  output: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): Surface {
  const live = output.isTTY === true && environment.TERM !== 'dumb'
  const forced = (environment.FORCE_COLOR ?? '0') !== '0'
  return {
    write: (text) => {
      output.write(text)
    },
    get columns() {
      return output.columns || Number(environment.COLUMNS) || 100
    },
    live,
    style: (live || forced) && !environment.NO_COLOR ? colour : plain,
  }
}
