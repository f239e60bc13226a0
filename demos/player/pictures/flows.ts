import type { Flow } from '../../../agent/api.ts'
import type { Picture } from '../picture.ts'
import { clip, pad, padLeft } from '../typography.ts'

/** Flow events, a line each. */
export function flowLines(flows: readonly Flow[]): Picture {
  return ({ width, style }) => {
    const rows = flows.map((flow) => ({
      flow,
      ends: `${end(flow.source, flow.sourcePort, flow.sourcePod)} → ${end(flow.destination, flow.destinationPort, flow.destinationPod)}`,
    }))
    const endsWidth = Math.max(0, ...rows.map(({ ends }) => ends.length))
    return rows.map(({ flow, ends }) => {
      const where = `${pad(flow.node, 4)} ${pad(flow.hook, 9)} ${pad(flow.protocol, 4)}`
      const line = `${where} ${pad(ends, endsWidth)}  ${padLeft(String(flow.packets), 4)} ${pad(flow.packets === 1 ? 'packet' : 'packets', 7)}  ${flow.verdict}: ${flow.reason}`
      return paint(flow)(clip(line, width))
    })

    function paint(flow: Flow): (text: string) => string {
      if (flow.verdict === 'dropped') return style.doubtful
      if (flow.verdict === 'clear') return style.bad
      return flow.encrypted ? style.good : (text) => text
    }
  }
}

function end(address: string, port: number | undefined, pod: string | undefined): string {
  const name = pod ?? (address.includes(':') && port !== undefined ? `[${address}]` : address)
  return port === undefined ? name : `${name}:${port}`
}
