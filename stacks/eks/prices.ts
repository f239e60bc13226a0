import { type CostEstimate, estimate, monthly, type PriceList } from '../cloud/cost.ts'
import type { EksSettings } from './settings.ts'

export const eksPrices: PriceList = { region: 'us-east-1', asOf: '2025-01' }

const controlPlane = 0.1
const publicAddress = 0.005
const gp3Gigabyte = monthly(0.08)
/** On demand. */
const instances: Readonly<Record<string, number>> = {
  't3.medium': 0.0416,
  't3.large': 0.0832,
  't3.xlarge': 0.1664,
  'm5.large': 0.096,
  'm6i.large': 0.096,
  'm7i.large': 0.1008,
  'c6i.large': 0.085,
}

export const diskGigabytes = 20

export function eksCost({ nodes, instanceType }: Pick<EksSettings, 'nodes' | 'instanceType'>): CostEstimate {
  return estimate([
    { what: 'control plane of EKS', count: 1, hourly: controlPlane },
    { what: instanceType, count: nodes, hourly: instances[instanceType] },
    { what: 'public IPv4 address', count: nodes, hourly: publicAddress },
    { what: `disk of ${diskGigabytes} GB (gp3)`, count: nodes, hourly: diskGigabytes * gp3Gigabyte },
  ])
}
