type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** The column with room for that many rows, and for some more where it had to be made longer; new rows are 0. */
export function withRoom<Type extends Column>(column: Type, rows: number): Type {
  if (column.length >= rows) return column
  const longer = new (column.constructor as new (length: number) => Type)(Math.ceil(rows * 1.25) + 16)
  longer.set(column)
  return longer
}
