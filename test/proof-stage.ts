import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PlayedArm, playArm } from '../demos/arm.ts'
import { armPlan } from '../demos/arm-plan.ts'
import { runRecord } from '../demos/conclusion.ts'
import { loadRun } from '../demos/evidence/index.ts'
import { plain, play, systemClock } from '../demos/player/index.ts'
import { type ArmName, type ArmRecord, judge, observe, type Verdict } from '../demos/proof/index.ts'
import { targetOf } from '../demos/scenes.ts'
import { startWorkload, type Workload } from '../demos/workload/traffic.ts'
import type { Lab } from '../lab/lab.ts'

export const kernel = { kind: 'host', release: release(), machine: 'under test' } as const

/** The node that the demo breaks. */
export const brokenNode = 'n1'
/** The arms of the shortest run that can be proven. */
export const armNames = [
  'control',
  'encrypted',
  'policies-deleted/permissive',
  'policies-deleted/strict',
] as const

/**
 * A run of the demo's arms in a lab that stays up. A test plays one arm again with something wrong, or changes what was
 * recorded of one, and asks for the verdict with that arm in the place of the sound one.
 */
export class ProofStage {
  readonly lab: Lab
  readonly workload: Workload
  readonly #directory = mkdtempSync(join(tmpdir(), 'wireproof-safeguards-'))
  readonly #sound = new Map<ArmName, ArmRecord>()
  #played = 0

  private constructor(lab: Lab, workload: Workload) {
    this.lab = lab
    this.workload = workload
  }

  /** Starts the traffic programs and plays every arm once with nothing wrong. */
  static async open(lab: Lab): Promise<ProofStage> {
    const stage = new ProofStage(lab, await startWorkload(lab))
    for (const name of armNames) stage.#sound.set(name, await stage.play(name))
    return stage
  }

  async close(): Promise<void> {
    await this.workload.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** Plays one arm as the demo does, with other hands on the lab or other traffic. */
  async play(
    name: ArmName,
    { lab = this.lab, workload = this.workload }: { lab?: Lab; workload?: Workload } = {},
  ): Promise<ArmRecord> {
    const cast = { lab, workload, directory: this.#fresh(), target: await targetOf(lab) }
    const told: string[] = []
    const surface = { write: (text: string) => told.push(text), columns: 100, live: false, style: plain }
    const { signal } = new AbortController()
    const arm = {
      name,
      title: name,
      play: (stage: Parameters<typeof playArm>[0]): Promise<PlayedArm> => playArm(stage, cast, armPlan(name)),
    }
    const played = await play(arm, cast, { surface, clock: systemClock, signal })
    assert.deepEqual(played.leftBehind, [])
    if (played.status === 'failed') throw played.error
    assert.ok(played.status === 'finished', told.join(''))
    return played.outcome.record
  }

  /** What was recorded of a sound arm, with files of its own that a test may damage. */
  recorded(name: ArmName): ArmRecord {
    const record = structuredClone(this.#sound.get(name)!)
    const directory = this.#fresh()
    const points = record.points.map((point) => {
      const file = join(directory, point.name.replaceAll('/', '-'))
      cpSync(point.file, file)
      return { ...point, file }
    })
    return { ...record, points }
  }

  /** The verdict of a run with this arm in it. */
  async verdict(changed?: ArmRecord): Promise<{ readonly verdict: Verdict; readonly says: string }> {
    const arms = armNames.map((name) => (changed?.name === name ? changed : this.#sound.get(name)!))
    const record = await runRecord({ demo: 'safeguards', kernel, lab: this.lab, arms })
    return judge(observe(await loadRun(record)))
  }

  #fresh(): string {
    const directory = join(this.#directory, `${++this.#played}`)
    mkdirSync(directory)
    return directory
  }
}
