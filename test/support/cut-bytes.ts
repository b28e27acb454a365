import { ContentCutter, type GearTable } from '../../agent-core/source/split-content.ts'

/** A cutter that holds a copy of `bytes`. */
export function cutterOf(bytes: Uint8Array, gear: GearTable): ContentCutter {
  const cutter = new ContentCutter(gear, bytes.length)
  cutter.bytes.set(bytes)
  return cutter
}

/** Ends of all blocks of `bytes` from `start` on. */
export function cutsOf(bytes: Uint8Array, gear: GearTable, start = 0): number[] {
  const cutter = cutterOf(bytes, gear)
  const cuts: number[] = []
  for (let at = start; at < bytes.length; ) {
    at = cutter.nextCut(at, bytes.length, true)
    cuts.push(at)
  }
  return cuts
}
