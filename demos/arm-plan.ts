import type { ArmPlan } from './arm.ts'
import { type ArmName, sabotageOf } from './proof/arms.ts'
import { sabotages } from './sabotage/index.ts'

/** What is switched on in an arm, and what is broken. */
export function armPlan(name: ArmName): ArmPlan {
  if (name === 'control') return { name, settings: { encryptL3: false, strict: true } }
  const plan = sabotageOf(name)
  const settings = { encryptL3: true, strict: plan?.mode !== 'permissive' }
  return plan ? { name, settings, sabotage: sabotages[plan.kind] } : { name, settings }
}
