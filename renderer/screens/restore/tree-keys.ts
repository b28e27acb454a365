/** What keys do in a tree, after the pattern for tree grids of the ARIA Authoring Practices. Pure. */
import type { TreeRow } from './point-tree.ts'

export type TreeAct =
  | { readonly kind: 'go'; readonly to: number }
  | { readonly kind: 'open' | 'close' | 'toggle'; readonly at: number }

export interface TreeKeys {
  readonly rows: readonly TreeRow[]
  readonly at: number
  readonly isOpen: (path: string) => boolean
  /** Rows that are seen at once. */
  readonly pageRows: number
}

export function actOfKey(key: string, { rows, at, isOpen, pageRows }: TreeKeys): TreeAct | undefined {
  const row = rows[at]
  if (row === undefined) return undefined
  const go = (to: number): TreeAct => ({ kind: 'go', to: Math.max(0, Math.min(rows.length - 1, to)) })
  const isFolder = row.file.type === 'directory'
  const isOpenFolder = isFolder && isOpen(row.file.path)
  switch (key) {
    case 'ArrowDown':
      return go(at + 1)
    case 'ArrowUp':
      return go(at - 1)
    case 'PageDown':
      return go(at + pageRows)
    case 'PageUp':
      return go(at - pageRows)
    case 'Home':
      return go(0)
    case 'End':
      return go(rows.length - 1)
    case 'ArrowRight':
      if (!isFolder) return undefined
      return isOpenFolder ? go(at + 1) : { kind: 'open', at }
    case 'ArrowLeft':
      if (isOpenFolder) return { kind: 'close', at }
      return row.level > 1 ? go(folderAbove(rows, at)) : undefined
    case 'Enter':
      if (!isFolder) return { kind: 'toggle', at }
      return { kind: isOpenFolder ? 'close' : 'open', at }
    case ' ':
      return { kind: 'toggle', at }
    default:
      return undefined
  }
}

function folderAbove(rows: readonly TreeRow[], at: number): number {
  const level = rows[at]?.level ?? 1
  for (let above = at - 1; above >= 0; above--) if ((rows[above]?.level ?? 0) < level) return above
  return at
}
