import type { Audit } from './judge.ts'
import type { AuditedFlow } from './schema.ts'

const columns = [
  'cluster',
  'from',
  'to',
  'conclusion',
  'outcome',
  'protocol',
  'source',
  'source_port',
  'source_pod',
  'source_node',
  'source_labels',
  'destination',
  'destination_port',
  'destination_pod',
  'destination_node',
  'destination_labels',
  'verdict',
  'reason',
  'key_ids',
  'packets',
  'bytes',
  'first',
  'last',
  'told_by',
] as const

/**
 * Every flow in scope, a record each, what was in clear first (RFC 4180: CRLF, quotes where a field needs them). The
 * conclusion is in each record; where there is no flow there is one record with nothing of a flow in it.
 */
export function auditCsv({ report, flows }: Audit): string {
  const order: readonly AuditedFlow['outcome'][] = ['clear', 'held-back', 'encrypted']
  const sorted = order.flatMap((outcome) => flows.filter((flow) => flow.outcome === outcome))
  const about = [report.cluster, report.window.from, report.window.to, report.conclusion]
  const rows = sorted.map((flow) => [...about, ...fieldsOf(flow)])
  const nothing = [...about, ...columns.slice(about.length).map(() => '')]
  return [columns, ...(rows.length > 0 ? rows : [nothing])]
    .map((fields) => `${fields.map(quoted).join(',')}\r\n`)
    .join('')
}

function fieldsOf({ source, destination, ...flow }: AuditedFlow): string[] {
  return [
    flow.outcome,
    flow.protocol,
    ...endFields(source),
    ...endFields(destination),
    flow.verdict,
    flow.reason,
    flow.epochs.join(' '),
    `${flow.packets}`,
    `${flow.bytes}`,
    flow.first,
    flow.last,
    flow.toldBy.join(' '),
  ]
}

function endFields({ address, port, pod, node, labels }: AuditedFlow['source']): string[] {
  const pairs = Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`)
  return [address, `${port ?? ''}`, pod ?? '', node ?? '', pairs.sort().join(',')]
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
