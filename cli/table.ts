import { stripVTControlCharacters } from 'node:util'

/** Lines up rows under their headings, whose number the cells follow. Cells may be coloured. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => widthOf(row[column] ?? ''))),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => padded(cell, widths[column] ?? 0)).join('  ')
  return `${[headings.map((heading) => heading.toUpperCase()), ...rows].map((row) => line(row).trimEnd()).join('\n')}\n`
}

/** As padEnd, of what is seen. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}
