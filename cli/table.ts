/** Lines up rows under their headings; numbers of columns follow the headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return `${[headings.map((heading) => heading.toUpperCase()), ...rows].map((row) => line(row).trimEnd()).join('\n')}\n`
}
