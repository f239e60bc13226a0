import type { Picture } from './picture.ts'

/** What happens on stage, as renderers are told. */
export type StageEvent =
  | { readonly type: 'opened'; readonly title: string; readonly subtitle?: string | undefined }
  | {
      readonly type: 'said'
      readonly heading?: string | undefined
      readonly text: string
      readonly notes?: string | undefined
    }
  | { readonly type: 'started'; readonly step: number; readonly title: string }
  | {
      readonly type: 'progressed'
      readonly step: number
      readonly text: string
      readonly milliseconds: number
    }
  | {
      readonly type: 'done'
      readonly step: number
      readonly title: string
      readonly detail?: string | undefined
      readonly milliseconds: number
    }
  | {
      readonly type: 'failed'
      readonly step: number
      readonly title: string
      readonly milliseconds: number
      readonly message: string
      readonly expected?: string | undefined
      readonly seen?: string | undefined
      readonly remedy?: string | undefined
    }
  | { readonly type: 'shown'; readonly picture: Picture }
  | { readonly type: 'interrupted'; readonly reason: string }
  | { readonly type: 'waiting'; readonly canGoBack: boolean }
  | { readonly type: 'resumed' }
  | { readonly type: 'repeated'; readonly position: number; readonly of: number }

export interface Renderer {
  handle(event: StageEvent): void
}
