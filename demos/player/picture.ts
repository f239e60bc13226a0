import type { Style } from './style.ts'

/** What a picture is drawn on. */
export interface View {
  readonly width: number
  readonly style: Style
}

/** Something to look at: a pure function from the space there is to the lines that fill it. */
export type Picture = (view: View) => string[]
