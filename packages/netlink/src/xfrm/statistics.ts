/** Reads /proc/net/xfrm_stat: a counter and its value on each line (Documentation/networking/xfrm_proc.rst). */
export function parseStatistics(text: string): Record<string, number> {
  const statistics: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const match = /^(\w+)\s+(\d+)$/.exec(line.trim())
    if (match) statistics[match[1]!] = Number(match[2])
  }
  return statistics
}
