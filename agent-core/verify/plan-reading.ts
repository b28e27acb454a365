/**
 * Which chunk files a verification reads. By a percentage: so many of the data files, picked at random. By rotation: the
 * ones that were not proven for longest, so many that each is read once in N days however often or seldom it runs.
 */
import type { Random } from '../base/random.ts'
import type { ChunkFileName } from '../contract/ids.ts'

const dayMs = 86_400_000

/** A chunk file as the plan sees it. */
export interface ReadableFile {
  readonly name: ChunkFileName
  readonly sizeBytes: number
}

/** What is known of when chunk files were read. */
export interface ProofTimes {
  /** When the record was begun, ms. */
  readonly begunAtMs: number
  provenAtMs(name: ChunkFileName): number | undefined
}

/** `percent` (0 to 100) of the files, rounded up, each equally likely. */
export function chooseByShare<File>(files: readonly File[], percent: number, random: Random): File[] {
  const others = [...files]
  const wanted = Math.ceil((others.length * percent) / 100)
  for (let picked = 0; picked < wanted; picked++) {
    const at = picked + (random.bytes(6).readUIntLE(0, 6) % (others.length - picked))
    const file = others[at] as File
    others[at] = others[picked] as File
    others[picked] = file
  }
  return others.slice(0, wanted)
}

/**
 * The files to read now, the one that was not proven for longest first: the share of the bytes that the time since the
 * last reading is of `days`, a day's at least, and every file whose time is over. A time in the future, left by a clock
 * that was wrong, counts as none.
 */
export function chooseByRotation<File extends ReadableFile>(
  files: readonly File[],
  proofs: ProofTimes,
  { days, nowMs }: { readonly days: number; readonly nowMs: number },
): File[] {
  const provenAt = new Map(files.map((file) => [file, believable(proofs.provenAtMs(file.name), nowMs)]))
  const times = [...provenAt.values()].filter((atMs) => atMs !== undefined)
  const lastMs = times.reduce((latest, atMs) => Math.max(latest, atMs), Number.NEGATIVE_INFINITY)
  const elapsedDays = Number.isFinite(lastMs) ? (nowMs - lastMs) / dayMs : 1
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const dueBytes = totalBytes * Math.min(1, Math.max(1, elapsedDays) / days)
  const sinceMs = (file: File): number => provenAt.get(file) ?? Number.NEGATIVE_INFINITY
  const overdueMs = nowMs - days * dayMs
  const sorted = files.toSorted((a, b) => sinceMs(a) - sinceMs(b) || (a.name < b.name ? -1 : 1))
  let bytes = 0
  return sorted.filter((file) => {
    const isDue = bytes < dueBytes || (provenAt.get(file) ?? proofs.begunAtMs) <= overdueMs
    bytes += file.sizeBytes
    return isDue
  })
}

/** The byte that was not verified for longest. */
export interface OldestUnverified {
  /** When it was last proven, or, never proven, since when it lies in the vault. Ms since 1970 UTC. */
  readonly sinceMs: number
  readonly wasProven: boolean
}

/** Undefined when there is no file. `storedAtMs` is when the vault got the file. */
export function oldestUnverified(
  files: Iterable<{ readonly name: ChunkFileName; readonly storedAtMs: number }>,
  proofs: Pick<ProofTimes, 'provenAtMs'>,
  nowMs: number,
): OldestUnverified | undefined {
  let oldest: OldestUnverified | undefined
  for (const { name, storedAtMs } of files) {
    const provenAtMs = believable(proofs.provenAtMs(name), nowMs)
    const sinceMs = provenAtMs ?? Math.min(storedAtMs, nowMs)
    if (oldest === undefined || sinceMs < oldest.sinceMs) oldest = { sinceMs, wasProven: provenAtMs !== undefined }
  }
  return oldest
}

function believable(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs !== undefined && atMs <= nowMs ? atMs : undefined
}
