import { log, type Output, runtime } from '@pulumi/pulumi'
import { type CostEstimate, type PriceList, textOf } from './cost.ts'
import { warningAfter } from './lifetime.ts'

/** Tells what a stack costs, in a preview, and that its end has come, whenever it has. */
export function announce(
  cost: CostEstimate,
  prices: PriceList,
  lifetime: number,
  end: Output<string>,
  now = Date.now(),
): void {
  if (runtime.isDryRun()) void log.info(textOf(cost, prices, lifetime))
  end.apply((moment) => {
    const warning = warningAfter(moment, now)
    if (warning) void log.warn(warning)
  })
}
