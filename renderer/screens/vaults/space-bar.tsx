import { formatSize } from '../../text/amounts.ts'

/** How much of a place's room a vault takes. */
export function SpaceBar({ usedBytes, freeBytes }: { readonly usedBytes: number; readonly freeBytes: number }) {
  const share = usedBytes / Math.max(1, usedBytes + freeBytes)
  return (
    <div className="space">
      <div className="space-words">
        <span>
          <strong>{formatSize(usedBytes)}</strong> used by this vault
        </span>
        <span>
          <strong>{formatSize(freeBytes)}</strong> free
        </span>
      </div>
      <div className="bar" aria-hidden>
        <div className="bar-done" style={{ width: `max(${share * 100}%, 4px)` }} />
      </div>
    </div>
  )
}
