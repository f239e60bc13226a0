import type { ArmPlan } from './arm.ts'
import type { ArmName } from './proof/run.ts'

/** Nothing is expected to be lost; a slow kernel may take its time. */
const patientMs = 5000
/** Most is expected to be lost, and every loss is waited for. Under the second after which TCP would repeat itself. */
const briefMs = 800

/** The arms a verdict needs: what is switched on in each, and what is broken. */
export function armPlans(nodeToBreak: string): Readonly<Record<ArmName, ArmPlan>> {
  const sabotage = { node: nodeToBreak }
  const strict = { encryptL3: true, strict: true }
  return {
    control: { name: 'control', settings: { encryptL3: false, strict: true }, deadlineMs: patientMs },
    encrypted: { name: 'encrypted', settings: strict, deadlineMs: patientMs },
    'sabotage-permissive': {
      name: 'sabotage-permissive',
      settings: { encryptL3: true, strict: false },
      sabotage,
      deadlineMs: patientMs,
    },
    'sabotage-strict': { name: 'sabotage-strict', settings: strict, sabotage, deadlineMs: briefMs },
  }
}
