import { spoken } from '../../agent/duration.ts'
import { endOf } from '../monitor/flow-table.ts'
import type { Paint } from '../status/overview.ts'
import { table } from '../table.ts'
import type { AuditedFlow, AuditedNode, AuditReport } from './schema.ts'

/** Of a list of flows no more than so many are shown to a person; JSON and CSV have all. */
const longestList = 20

const conclusions = {
  encrypted: ['green', 'ENCRYPTED', 'Every flow between nodes that was seen was encrypted.'],
  'not-encrypted': ['red', 'NOT ENCRYPTED', 'Something between nodes was in clear.'],
  inconclusive: ['yellow', 'INCONCLUSIVE', 'Nothing was seen in clear, but too little was seen to say more.'],
} as const

export function auditText(report: AuditReport, paint: Paint): string {
  const { cluster, window, nodes, flows, violations, heldBack, because } = report
  const [style, word, sentence] = conclusions[report.conclusion]
  const length = spoken(Date.parse(window.to) - Date.parse(window.from))
  const answered = nodes.filter((node) => node.answered).length
  return [
    `Encryption of lab ${cluster} from ${window.from} to ${window.to} (${length})\n`,
    `${answered} of ${nodes.length} agents answered\n\n`,
    table(
      ['node', 'encryption', 'strict', 'key', 'key since', 'suite', 'lost'],
      nodes.map((node) => nodeRow(node, paint)),
    ),
    `\nflows between nodes: ${flows.encrypted} encrypted, ${flows.clear} in clear, ${flows.heldBack} held back\n`,
    list('In clear', violations, (text) => paint('red', text)),
    list('Held back (dropped, not sent in clear)', heldBack, (text) => paint('yellow', text)),
    `\n${paint(style, word)}  ${sentence}\n`,
    ...because.map((reason) => `  because ${reason}\n`),
  ].join('')
}

function nodeRow(node: AuditedNode, paint: Paint): string[] {
  if (!node.answered) return [node.node, paint('red', 'no answer')]
  return [
    node.node,
    node.encryptL3 ? paint('green', 'on') : paint('red', 'OFF'),
    node.strict ? paint('green', 'yes') : paint('red', 'NO'),
    `${node.keyId}`,
    node.keySince ?? '-',
    node.suite ?? '-',
    `${node.eventsLost}`,
  ]
}

function list(title: string, flows: readonly AuditedFlow[], paint: (text: string) => string): string {
  if (flows.length === 0) return ''
  const rows = flows
    .slice(0, longestList)
    .map((flow) => [
      flow.protocol,
      nameOf(flow.source),
      nameOf(flow.destination),
      labelsOf(flow.source),
      labelsOf(flow.destination),
      flow.verdict,
      flow.reason,
      `${flow.packets}`,
      `${flow.bytes}`,
      flow.toldBy.join(' '),
    ])
  const headings = ['proto', 'source', 'destination', 'from labels', 'to labels', 'verdict', 'reason']
  const more = flows.length - rows.length
  const rest = more > 0 ? `… and ${more} more; --format json or csv has them all\n` : ''
  return `\n${paint(title)}\n${table([...headings, 'packets', 'bytes', 'told by'], rows)}${rest}`
}

function nameOf({ address, pod, node, port }: AuditedFlow['source']): string {
  return endOf(address, pod, node, port)
}

function labelsOf({ labels = {} }: AuditedFlow['source']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
}
