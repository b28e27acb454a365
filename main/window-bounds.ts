/** Where the window was, and where it goes: pure. Lengths are in points of the screen. */

export interface Bounds {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface WindowPlace extends Bounds {
  readonly isMaximized: boolean
}

const usual = { width: 1180, height: 780 }
export const smallest = { width: 760, height: 520 }
/** So much of the title bar must be on a screen, or nobody can move the window. */
const visible = { width: 120, height: 40 }

/** The remembered place; undefined for anything else than what `formatPlace` wrote. */
export function parsePlace(text: string): WindowPlace | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const place = value as Record<string, unknown>
  const { x, y, width, height, isMaximized } = place
  const isWhole = [x, y, width, height].every((number) => Number.isSafeInteger(number))
  return isWhole && typeof isMaximized === 'boolean' ? (value as WindowPlace) : undefined
}

export function formatPlace({ x, y, width, height, isMaximized }: WindowPlace): string {
  return JSON.stringify({ x, y, width, height, isMaximized })
}

/** Bounds for the window: the remembered ones where a screen still shows them, else the usual size where the system likes. */
export function chooseBounds(
  remembered: WindowPlace | undefined,
  screens: readonly Bounds[],
): Partial<Pick<Bounds, 'x' | 'y'>> & Pick<Bounds, 'width' | 'height'> {
  if (remembered === undefined) return usual
  const width = Math.max(remembered.width, smallest.width)
  const height = Math.max(remembered.height, smallest.height)
  const isShown = screens.some(
    (screen) =>
      Math.min(remembered.x + width, screen.x + screen.width) - Math.max(remembered.x, screen.x) >= visible.width &&
      remembered.y >= screen.y &&
      remembered.y + visible.height <= screen.y + screen.height,
  )
  return isShown ? { x: remembered.x, y: remembered.y, width, height } : { width, height }
}
