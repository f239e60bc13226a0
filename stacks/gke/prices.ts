import { type CostEstimate, estimate, monthly, type PriceList } from '../cloud/cost.ts'
import type { GkeSettings } from './settings.ts'

export const gkePrices: PriceList = { region: 'us-central1', asOf: '2025-01' }

const controlPlane = 0.1
const publicAddress = 0.005
const diskGigabyte = monthly(0.04)
const machines: Readonly<Record<string, number>> = {
  'e2-medium': 0.0335,
  'e2-standard-2': 0.067,
  'e2-standard-4': 0.134,
  'n2-standard-2': 0.0971,
}

export const diskGigabytes = 30

export function gkeCost({ nodes, machineType }: Pick<GkeSettings, 'nodes' | 'machineType'>): CostEstimate {
  return estimate([
    { what: 'management of GKE, which is free for one cluster', count: 1, hourly: controlPlane },
    { what: machineType, count: nodes, hourly: machines[machineType] },
    { what: 'public IPv4 address', count: nodes, hourly: publicAddress },
    { what: `disk of ${diskGigabytes} GB (pd-standard)`, count: nodes, hourly: diskGigabytes * diskGigabyte },
  ])
}
