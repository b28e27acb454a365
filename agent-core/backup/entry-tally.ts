import type { EntryGlances } from '../format/entry-glance.ts'

/** Counted entries of a tree. */
export interface EntryTally {
  files: number
  directories: number
  /** Symbolic links, FIFOs, sockets, devices. */
  others: number
  /** Of all files. */
  bytes: number
}

export function emptyTally(): EntryTally {
  return { files: 0, directories: 0, others: 0, bytes: 0 }
}

export function countEntry(tally: EntryTally, { type, sizeBytes }: Pick<EntryGlances, 'type' | 'sizeBytes'>): void {
  if (type === 'directory') tally.directories++
  else if (type !== 'file') tally.others++
  else {
    tally.files++
    tally.bytes += sizeBytes
  }
}

export function addTally(to: EntryTally, more: Readonly<EntryTally>): void {
  to.files += more.files
  to.directories += more.directories
  to.others += more.others
  to.bytes += more.bytes
}
