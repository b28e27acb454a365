import { Check, ChevronRight, File, Folder, Link2, LoaderCircle, Minus } from 'lucide-react'
import { memo } from 'react'
import { formatSize, formatTime } from '../../text/amounts.ts'
import { baseName } from '../../text/shown-name.ts'
import { FileName } from '../../ui/file-name.tsx'
import { type Chosen, isChoosable } from './basket.ts'
import type { TreeRow } from './point-tree.ts'

interface RowProps {
  readonly id: string
  readonly row: TreeRow
  readonly index: number
  /** Pixels from the top. */
  readonly start: number
  readonly chosen: Chosen
  readonly isAt: boolean
  readonly isOpen: boolean
  readonly isLoading: boolean
  readonly onPoint: () => void
  readonly onOpen: (isOpen: boolean) => void
  readonly onToggle: () => void
}

/**
 * Keys are heard by the tree as a whole; what is clicked here does the same. Handlers act on the newest state whenever
 * they were made, so new ones are no reason to show a row again.
 */
export const FileRow = memo(
  function FileRow(props: RowProps) {
    const { row, chosen } = props
    const { file, level } = row
    const isFolder = file.type === 'directory'
    const isChosen = chosen === 'own' || chosen === 'within'
    return (
      <div
        id={props.id}
        role="row"
        className={`tree-row${props.isAt ? ' tree-row-at' : ''}${isChosen ? ' tree-row-chosen' : ''}`}
        aria-level={level}
        aria-posinset={row.position}
        aria-setsize={row.siblings}
        aria-rowindex={props.index + 1}
        aria-selected={isChosen}
        {...(isFolder && { 'aria-expanded': props.isOpen })}
        style={{ transform: `translateY(${props.start}px)` }}
        onClick={props.onPoint}
        onDoubleClick={() => props.onOpen(!props.isOpen)}
      >
        <div role="gridcell" className="tree-name" style={{ paddingInlineStart: (level - 1) * 18 }}>
          <span className="tree-open" data-open={props.isOpen} onClick={() => props.onOpen(!props.isOpen)}>
            {isFolder && (props.isLoading ? <LoaderCircle className="turning" /> : <ChevronRight />)}
          </span>
          <span
            className="check-box"
            data-chosen={chosen}
            data-disabled={!isChoosable(file) || chosen === 'within' || undefined}
            title={isChoosable(file) ? undefined : 'Its name is not text: choose the folder that holds it'}
            onClick={props.onToggle}
          >
            {chosen === 'partly' ? <Minus /> : isChosen && <Check />}
          </span>
          {iconOf(file.type)}
          <FileName name={baseName(file.path)} />
        </div>
        <div role="gridcell" className="number hint">
          {isFolder ? '' : formatSize(file.size)}
        </div>
        <div role="gridcell" className="number hint">
          {formatTime(file.mtime)}
        </div>
      </div>
    )
  },
  (a, b) =>
    a.row === b.row &&
    a.start === b.start &&
    a.chosen === b.chosen &&
    a.isAt === b.isAt &&
    a.isOpen === b.isOpen &&
    a.isLoading === b.isLoading,
)

function iconOf(type: string) {
  if (type === 'directory') return <Folder className="tree-icon tree-folder" aria-hidden />
  return type === 'symlink' ? <Link2 className="tree-icon" aria-hidden /> : <File className="tree-icon" aria-hidden />
}
