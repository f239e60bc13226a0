import type { MarkRule, Route } from '@wireproof/netlink'
import { unsettledKinds } from '../plan/marks.ts'
import { settlingTable } from '../plan/ownership.ts'

/** By which what is unsettled finds the routes with the program that settles it. All others go by those that have none. */
const wanted: readonly MarkRule[] = ([4, 6] as const).map((family) => ({
  family,
  // Behind the kernel's own addresses, before the main table.
  priority: settlingTable,
  table: settlingTable,
  mark: unsettledKinds,
}))

export function bringSettlingRules(route: Route): void {
  const present = new Set(ownRules(route).map(({ family }) => family))
  for (const rule of wanted) if (!present.has(rule.family)) whereThereIsTheFamily(() => route.addRule(rule))
}

export function removeSettlingRules(route: Route): void {
  for (const rule of ownRules(route)) route.removeRule(rule)
}

function ownRules(route: Route): MarkRule[] {
  return route
    .rules()
    .filter(({ priority, table, mark }) =>
      wanted.some(
        (each) =>
          each.priority === priority &&
          each.table === table &&
          each.mark?.value === mark?.value &&
          each.mark?.mask === mark?.mask,
      ),
    )
}

function whereThereIsTheFamily(act: () => void): void {
  try {
    act()
  } catch (error) {
    const { code = '' } = error as { code?: string }
    if (!['EAFNOSUPPORT', 'EOPNOTSUPP', 'EEXIST'].includes(code)) throw error
  }
}
