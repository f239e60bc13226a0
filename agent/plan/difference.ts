/** What to do so that what is present becomes what is desired. */
export interface Difference<Desired, Present> {
  readonly add: readonly Desired[]
  readonly change: readonly { readonly from: Present; readonly to: Desired }[]
  readonly remove: readonly Present[]
}

/**
 * Compares by identity, then by content.
 *
 * @param identify names an object: two with the same name cannot both be in the kernel.
 * @param same whether what is present will do as it is.
 */
export function difference<Desired, Present>(
  desired: Iterable<Desired>,
  present: Iterable<Present>,
  identify: (object: Desired | Present) => string,
  same: (desired: Desired, present: Present) => boolean,
): Difference<Desired, Present> {
  const found = [...present]
  // As with all thousands of peers when a node starts: there is nothing to be found by name.
  if (found.length === 0) return { add: [...desired], change: [], remove: [] }
  const remaining = new Map<string, Present>()
  for (const object of found) remaining.set(identify(object), object)
  const add: Desired[] = []
  const change: { from: Present; to: Desired }[] = []
  for (const to of desired) {
    const name = identify(to)
    const from = remaining.get(name)
    if (from === undefined) add.push(to)
    else if (!same(to, from)) change.push({ from, to })
    remaining.delete(name)
  }
  return { add, change, remove: [...remaining.values()] }
}

export function joinDifferences<Desired, Present>(
  differences: readonly Difference<Desired, Present>[],
): Difference<Desired, Present> {
  return {
    add: differences.flatMap(({ add }) => add),
    change: differences.flatMap(({ change }) => change),
    remove: differences.flatMap(({ remove }) => remove),
  }
}

export function isEmpty({ add, change, remove }: Difference<unknown, unknown>): boolean {
  return add.length + change.length + remove.length === 0
}
