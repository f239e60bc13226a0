import { styleText } from 'node:util'
import type { AgentStatus, PeerStatus } from '../../agent/api.ts'
import { spoken } from '../../agent/duration.ts'
import { table } from '../table.ts'
import { dropsByReason, type Finding, findingsOf, isHealthy, type NodeAnswer } from './findings.ts'

/** Turns text into coloured text, or leaves it where there is no terminal. */
export type Paint = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string) => string

export const plain: Paint = (_style, text) => text
export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false })

const unknown = '-'

/** A line for each node, and below what is wrong and what was dropped. @param now milliseconds since the epoch. */
export function clusterOverview(
  lab: string,
  answers: readonly NodeAnswer[],
  now: number,
  paint: Paint,
): string {
  const healthy = answers.filter(isHealthy).length
  const title = `lab ${lab}: ${verdict(healthy, answers.length)}`
  const headings = ['node', 'state', 'encryption', 'strict', 'key', 'age', 'peers', 'heard', 'pods']
  const rows = answers.map((answer) => nodeRow(answer, now, paint))
  const all = [...headings, 'sequence', 'refused', 'dropped', 'lost']
  const isWhole = healthy === answers.length
  return [
    `${paint(isWhole ? 'green' : 'red', title)}\n`,
    table(all, rows),
    findingLines(answers.flatMap(findingsOf), paint),
  ].join('')
}

function verdict(healthy: number, all: number): string {
  if (healthy === all) return `all ${all} nodes encrypt, strictly, and are settled`
  return `${all - healthy} of ${all} nodes need attention`
}

function nodeRow(answer: NodeAnswer, now: number, paint: Paint): string[] {
  const { node, status } = answer
  if (!status) return [node, paint('red', 'no answer')]
  const { encryptL3, strict, settled, key, peers, pods, sequence, refused, counters, events } = status
  return [
    node,
    settled ? paint('green', 'settled') : paint('red', 'waiting'),
    encryptL3 ? paint('green', 'on') : paint('red', 'OFF'),
    strict ? paint('green', 'yes') : paint('red', 'NO'),
    `${key.id}`,
    ageOf(key.since, now),
    `${peers.filter(({ sends, receives }) => sends && receives).length}/${peers.length}`,
    ageOf(latest(peers), now, ' ago'),
    `${pods.length}`,
    share(sequence),
    counted(sum(refused), paint),
    counted(sum(dropsByReason(counters)), paint),
    counted(events.lost, paint),
  ]
}

/** All about one node. */
export function nodeOverview(answer: NodeAnswer, now: number, paint: Paint): string {
  const { node, status } = answer
  const findings = findingLines(findingsOf(answer), paint)
  if (!status) return `${paint('red', `node ${node}: no answer`)}\n${findings}`
  const title = isHealthy(answer)
    ? paint('green', `node ${node}: healthy`)
    : paint('red', `node ${node}: needs attention`)
  return `${title}\n${facts(status, now)}\n${peerTable(status, now, paint)}${findings}`
}

function facts(status: AgentStatus, now: number): string {
  const { highest, limit } = status.sequence
  const rows = [
    ['encryption', status.encryptL3 ? 'on' : 'OFF'],
    ['strict', status.strict ? 'yes: what cannot be encrypted is dropped' : 'NO: it leaves in clear'],
    ['suite', status.suite ?? 'no SA yet'],
    ...(status.routing === 'vxlan' ? [['routing', 'in VXLAN']] : []),
    ['key', `id ${status.key.id}, in use for ${ageOf(status.key.since, now)}`],
    ['sequence', `${highest} of ${limit} used by the SA that has sent most (${share(status.sequence)})`],
    ['pods', status.pods.join(', ') || 'none'],
    ['agent', `process ${status.pid}, for ${ageOf(status.started, now)}`],
    [
      'events',
      `${status.events.told} told, ${status.events.remembered} remembered, ${status.events.lost} lost`,
    ],
  ]
  return `${rows.map(([name = '', value]) => `  ${name.padEnd(12)}${value}`).join('\n')}\n`
}

function peerTable({ peers }: AgentStatus, now: number, paint: Paint): string {
  if (peers.length === 0) return 'no other node\n'
  const hex = (spi: number | undefined) =>
    spi === undefined ? unknown : `0x${spi.toString(16).padStart(8, '0')}`
  const yes = (is: boolean) => (is ? paint('green', 'yes') : paint('red', 'NO'))
  const rows = peers.map((peer) => [
    peer.node,
    yes(peer.sends),
    yes(peer.receives),
    hex(peer.outboundSpi),
    hex(peer.inboundSpi),
    `${peer.outboundEpoch ?? unknown}/${peer.inboundEpoch ?? unknown}`,
    ageOf(peer.lastDecrypted, now, ' ago'),
    peer.waiting ?? '',
  ])
  return table(['peer', 'sends', 'receives', 'spi out', 'spi in', 'keys', 'heard', 'waits for'], rows)
}

/** What is broken as it is, what has happened below; the same thing on several nodes once. */
function findingLines(findings: readonly Finding[], paint: Paint): string {
  const byText = Map.groupBy(findings, ({ severity, says, remedy }) =>
    JSON.stringify([severity, says, remedy]),
  )
  const lines = [...byText.values()].map((same) => {
    const { severity, says, remedy } = same[0]!
    const nodes = same.map(({ node }) => node).join(', ')
    const [style, mark] = severity === 'broken' ? (['red', '✗'] as const) : (['yellow', '!'] as const)
    return { severity, text: `${paint(style, `${mark} ${nodes}: ${says}`)}\n    ${remedy}\n` }
  })
  lines.sort((a, b) => Number(b.severity === 'broken') - Number(a.severity === 'broken'))
  return lines.length === 0 ? '' : `\n${lines.map(({ text }) => text).join('')}`
}

function latest(peers: readonly PeerStatus[]): string | undefined {
  return peers
    .flatMap(({ lastDecrypted }) => lastDecrypted ?? [])
    .sort()
    .at(-1)
}

function ageOf(time: string | undefined, now: number, ending = ''): string {
  return time === undefined ? unknown : `${spoken(now - Date.parse(time))}${ending}`
}

function share({ highest, limit }: AgentStatus['sequence']): string {
  const percent = (highest / limit) * 100
  if (percent === 0) return '0 %'
  return percent < 0.01 ? '<0.01 %' : `${percent.toFixed(percent < 1 ? 2 : 0)} %`
}

function sum(counts: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0)
}

function counted(count: number, paint: Paint): string {
  return count === 0 ? '0' : paint('yellow', `${count}`)
}
