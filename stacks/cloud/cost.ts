/** Of what a cluster costs, one thing. */
export interface CostItem {
  readonly what: string
  readonly count: number
  /** US dollars an hour for each; undefined where the list of prices has none. */
  readonly hourly: number | undefined
}

export interface CostEstimate {
  readonly items: readonly CostItem[]
  /** Of what has a price. */
  readonly hourly: number
  readonly isComplete: boolean
}

/** Where and when prices are from. They are list prices, without tax, traffic, discounts or free tiers. */
export interface PriceList {
  readonly region: string
  readonly asOf: string
}

const hoursInMonth = 730

/** From a price for a month, as disks have it. */
export const monthly = (price: number) => price / hoursInMonth

export function estimate(items: readonly CostItem[]): CostEstimate {
  return {
    items,
    hourly: items.reduce((sum, { count, hourly = 0 }) => sum + count * hourly, 0),
    isComplete: items.every(({ hourly }) => hourly !== undefined),
  }
}

/** As a preview tells it. @param lifetime milliseconds until the cluster ends by itself. */
export function textOf(
  { items, hourly, isComplete }: CostEstimate,
  prices: PriceList,
  lifetime: number,
): string {
  const hours = lifetime / 3_600_000
  const lines = items.map(({ what, count, hourly: each }) =>
    each === undefined
      ? `  ${count} × ${what}: no price in the list`
      : `  ${count} × ${what}: ${dollars(count * each)} an hour`,
  )
  const more = isComplete ? '' : ' and what has no price'
  return [
    `about ${dollars(hourly)} an hour${more}, ${dollars(hourly * hours)} until it ends by itself after ${hours} h:`,
    ...lines,
    `  list prices of ${prices.region} as of ${prices.asOf}, without traffic, tax and free tiers`,
  ].join('\n')
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 0.1 ? 4 : 2)}`
}
