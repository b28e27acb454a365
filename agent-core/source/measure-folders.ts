/** How much folders hold and what is left out of them, told while it is being found out. For choosing, not for backups. */
import { lstatSync, readdirSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import type { Exclusion, Exclusions } from './exclusions.ts'
import { joinPath } from './list-directory.ts'

export interface FolderMeasure {
  readonly folder: Buffer
  files: number
  bytes: number
  isDone: boolean
}

export interface LeftOut {
  readonly path: Buffer
  readonly exclusion: Exclusion
}

export interface FolderMeasures {
  readonly folders: readonly FolderMeasure[]
  /** Entries that are left out; what is in a folder that is left out is not counted. */
  leftOutCount: number
  /** The first of them. */
  readonly leftOut: LeftOut[]
}

export interface MeasureOptions {
  readonly folders: readonly Buffer[]
  readonly exclusions: Exclusions
  /** Also what lies on other file systems. */
  readonly crossMounts: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** The event loop is let go on at least so often. */
const longestTurnMs = 20
const tellEveryMs = 250
const shownLeftOut = 100

/** Yields the measures (the same object each time) four times a second and once at the end. What cannot be read counts nothing. */
export async function* measureFolders(options: MeasureOptions): AsyncGenerator<FolderMeasures, void, undefined> {
  const { clock, signal } = options
  const measures: FolderMeasures = {
    folders: options.folders.map((folder) => ({ folder, files: 0, bytes: 0, isDone: false })),
    leftOutCount: 0,
    leftOut: [],
  }
  let turnMs = clock.nowMs()
  let toldMs = turnMs
  for (const measure of measures.folders) {
    for (const _step of walk(measure, measures, options)) {
      const nowMs = clock.nowMs()
      if (nowMs - turnMs < longestTurnMs) continue
      await yieldToEventLoop()
      if (signal.aborted) return
      turnMs = clock.nowMs()
      if (turnMs - toldMs < tellEveryMs) continue
      toldMs = turnMs
      yield measures
    }
    measure.isDone = true
  }
  yield measures
}

/** Adds up one folder; yields after each entry. */
function* walk(
  measure: FolderMeasure,
  measures: FolderMeasures,
  { exclusions, crossMounts }: MeasureOptions,
): Generator<undefined, void, undefined> {
  const root = statusOf(measure.folder)
  if (root === undefined) return
  const waiting = [{ path: measure.folder, relative: '' }]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of namesIn(folder.path)) {
      yield undefined
      const path = joinPath(folder.path, name)
      const status = statusOf(path)
      if (status === undefined) continue
      const relative = folder.relative === '' ? name.toString() : `${folder.relative}/${name.toString()}`
      const exclusion = exclusions.explain(path, relative, status.isDirectory())
      if (exclusion !== undefined) {
        measures.leftOutCount++
        if (measures.leftOut.length < shownLeftOut) measures.leftOut.push({ path, exclusion })
      } else if (!status.isDirectory()) {
        measure.files++
        measure.bytes += status.isFile() ? status.size : 0
      } else if (crossMounts || status.dev === root.dev) waiting.push({ path, relative })
    }
  }
}

function statusOf(path: Buffer) {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

function namesIn(path: Buffer): readonly Buffer[] {
  try {
    return readdirSync(path, { encoding: 'buffer' })
  } catch {
    return []
  }
}
