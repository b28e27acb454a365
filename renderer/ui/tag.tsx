import { CheckCircle2, CircleDashed, CircleX, LoaderCircle, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Tone } from '../text/words.ts'

export function Tag({ tone = 'quiet', children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={`tag tag-${tone}`}>{children}</span>
}

/** The sign of a tone; the words beside it say the same. */
export function ToneIcon({ tone }: { readonly tone: Tone }) {
  return <span className={`tone tone-${tone}`}>{iconOf(tone)}</span>
}

function iconOf(tone: Tone): ReactNode {
  switch (tone) {
    case 'good':
      return <CheckCircle2 aria-hidden />
    case 'busy':
      return <LoaderCircle aria-hidden className="turning" />
    case 'warning':
      return <TriangleAlert aria-hidden />
    case 'bad':
      return <CircleX aria-hidden />
    case 'quiet':
      return <CircleDashed aria-hidden />
  }
}
