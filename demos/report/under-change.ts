import {
  type ArmView,
  type Course,
  changeOf,
  courseOf,
  expectedState,
  type Judgement,
  milliseconds,
  type RunView,
} from '../proof/index.ts'
import { armTitle } from './arm-words.ts'
import { type Html, html } from './html.ts'
import { passagesOf } from './passages.ts'
import { strip, swatch } from './strip.ts'

/** What changed under traffic: each packet in its place in time, with the moments of change marked. */
export function underChangeSection(run: RunView, judgement: Judgement): Html | undefined {
  const figures = [...run.arms.values()].flatMap((arm) => {
    const course = changeOf(arm.facts.name) && courseOf(arm)
    return course && arm.facts.change ? [figure(arm, course, judgement)] : []
  })
  if (figures.length === 0) return undefined
  return html`<section aria-labelledby="change"><h2 id="change">Under change</h2>
<p class="lead">Pods of every node sent to every other node all the time, each datagram with its number. Below each strip the moments of change; where they were made as they must not be, the checks had to notice.</p>
<ul class="key"><li>${swatch('encrypted')}encrypted on the wire</li><li>${swatch('clear')}in clear on the wire</li><li>${swatch('missing')}stopped before the wire</li><li>${momentSwatch}a moment of change</li></ul>
${figures}</section>`
}

const width = 240
const slots = 120

function figure(arm: ArmView, course: Course, judgement: Judgement): Html {
  const { facts } = arm
  const change = facts.change!
  const span = { start: course.begins, length: Number(course.ends - course.begins) || 1 }
  const inSpan = passagesOf(arm).filter(({ time }) => time >= course.begins && time <= course.ends)
  const surprise = judgement.checks.some(
    ({ arm: of, id, state }) => of === facts.name && state !== expectedState(facts.name, id),
  )
  return html`<figure class="change"><h3>${armTitle(facts.name)}<span class="chip ${surprise ? 'LEAK' : 'PROVEN'}">${surprise ? 'not as it must be' : 'as it must be'}</span></h3>
<p>${capitalised(change.what)}.</p>
${strip(inSpan, span, { height: 44, slots })}${moments(change.moments, span)}
<p class="axis" aria-hidden="true"><span>0 s</span><span>${seconds(course.ends - course.begins)} s</span></p>
<dl class="figures">${figuresOf(arm, course).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></figure>`
}

function figuresOf({ facts }: ArmView, course: Course): [string, string][] {
  const { begins, firstEncrypted, lastClear, gap, datagrams, lost } = course
  const at = (time: bigint | undefined) => (time === undefined ? 'none' : `${seconds(time - begins)} s`)
  const { moments, seed, guests } = facts.change!
  const longest = gap ? `${milliseconds(gap.to - gap.from)} ms` : 'none'
  return [
    ['first encrypted packet', at(firstEncrypted)],
    ['last clear packet', at(lastClear)],
    [gap ? `longest gap, ${gap.stream.fromPod} → ${gap.stream.toPod}` : 'longest gap', longest],
    ['datagrams lost', `${lost.toLocaleString('en')} of ${datagrams.toLocaleString('en')}`],
    ['moments of change', moments.length.toLocaleString('en')],
    ...(guests
      ? [
          ['nodes and pods that came and went', `${guests.nodes.length} and ${guests.pods.length}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(seed === undefined ? [] : [['seed of the instants', seed] as [string, string]]),
  ]
}

function moments(
  all: readonly { readonly at: string; readonly what: string }[],
  { start, length }: { readonly start: bigint; readonly length: number },
): Html {
  const marks = all.map(({ at, what }) => {
    const x = Math.min(width, Math.max(0, (Number(BigInt(at) - start) / length) * width))
    return html`<path d="M${x.toFixed(2)} 0V8" stroke="var(--ink)" vector-effect="non-scaling-stroke"><title>${what}</title></path>`
  })
  return html`<svg viewBox="0 0 ${width} 8" preserveAspectRatio="none" aria-hidden="true" style="height:.7rem">${marks}</svg>`
}

const momentSwatch = html`<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M6 1V11" stroke="var(--ink)" stroke-width="1.5"/></svg>`

function seconds(nanoseconds: bigint): string {
  return (Number(nanoseconds / 1_000_000n) / 1000).toFixed(3)
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
