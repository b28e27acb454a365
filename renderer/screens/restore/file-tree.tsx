/** The tree of a point, of which only the rows that are seen are in the page. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useId, useRef, useState, useSyncExternalStore } from 'react'
import { countOf } from '../../text/amounts.ts'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { type Basket, chosenOf } from './basket.ts'
import { FileRow } from './file-row.tsx'
import type { PointTree, TreeRow } from './point-tree.ts'
import { actOfKey } from './tree-keys.ts'

const rowHeight = 30

interface TreeProps {
  readonly tree: PointTree
  readonly basket: Basket
  readonly onToggle: (row: TreeRow) => void
}

export function FileTree({ tree, basket, onToggle }: TreeProps) {
  const { rows, open, loading, errors } = useSyncExternalStore(tree.subscribe, tree.getState)
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const id = useId()
  useEffect(() => {
    void tree.open()
    return () => tree.stop()
  }, [tree])
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const setOpen = (row: TreeRow | undefined, isOpen: boolean) => {
    if (row?.file.type !== 'directory') return
    if (isOpen) void tree.open(row.file.path)
    else tree.close(row.file.path)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const pageRows = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1)
    const act = actOfKey(event.key, { rows, at, isOpen: (path) => open.has(path), pageRows })
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    if (act.kind === 'go') {
      setAt(act.to)
      virtual.scrollToIndex(act.to)
    } else if (act.kind === 'toggle') {
      const row = rows[act.at]
      if (row !== undefined) onToggle(row)
    } else setOpen(rows[act.at], act.kind === 'open')
  }
  const error = [...errors.values()][0]
  if (rows.length === 0) {
    if (error !== undefined) return <ErrorNote error={error} again={() => void tree.open()} />
    return loading.size > 0 ? <Loading what="files" lines={8} /> : <p className="hint">This point holds no files.</p>
  }
  return (
    <>
      <ErrorNote error={error} />
      <div
        ref={scroller}
        className="tree"
        role="treegrid"
        aria-label="Files of the point"
        aria-rowcount={rows.length}
        aria-multiselectable="true"
        tabIndex={0}
        aria-activedescendant={`${id}-${at}`}
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup" className="tree-rows" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index]
            if (row === undefined) return null
            return (
              <FileRow
                key={index}
                id={`${id}-${index}`}
                row={row}
                index={index}
                start={start}
                chosen={chosenOf(basket, row.file.path)}
                isAt={index === at}
                isOpen={open.has(row.file.path)}
                isLoading={loading.has(row.file.path)}
                onPoint={() => setAt(index)}
                onOpen={(isOpen) => setOpen(row, isOpen)}
                onToggle={() => onToggle(row)}
              />
            )
          })}
        </div>
      </div>
      <p className="tree-foot hint" role="status">
        {countOf(rows.length, 'row')}
        {loading.size > 0 ? ', and more is coming…' : ''}
      </p>
    </>
  )
}
