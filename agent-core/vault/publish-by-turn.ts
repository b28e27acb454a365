/**
 * Giving a complete file its final name without replacing another, where the file system has no hard
 * links (exFAT, FAT, some shares) and its rename replaces silently.
 *
 * Writers of one name take turns 1, 2, 3 … Turn n belongs to whoever creates `turn n` exclusively; it
 * then writes there which temporary file it would publish, creates `go n` exclusively, looks whether
 * the final name is free, and renames. Whoever finds turn n taken for too long ends it: it creates
 * `go n` itself (an owner that has not got so far may not go on), removes the temporary file named
 * in `turn n` (an owner that has got so far finds nothing to rename), and only then takes turn n + 1.
 * So when a writer looks at the final name, no earlier turn can fill it any more, and a later one
 * only after taking this writer's file away. That holds however long anyone is halted: clocks decide
 * only how soon a dead writer's turn is ended. Turns are removed only once the final name exists.
 */
import type { Clock } from '../base/clock.ts'

/** The file calls of one folder that the protocol needs; names are relative to that folder. */
export interface TurnFiles {
  /** Creates `name` with `text`; false when it is there already. The name appears before the text. */
  createExclusive(name: string, text: string): Promise<boolean>
  /** The text of `name`, or undefined when there is none. */
  readText(name: string): Promise<string | undefined>
  exists(name: string): Promise<boolean>
  /** Renames, replacing; false when `from` is not there. */
  rename(from: string, to: string): Promise<boolean>
  /** Removes `name`; it need not be there. */
  remove(name: string): Promise<void>
}

/** `lost`: another writer took the temporary file away; it must be written again under a new name. */
export type PublishOutcome = 'made' | 'taken' | 'lost'

export const TEMPORARY_PREFIX = '.tmp-'
const POLL_MS = 2
const POLLS_BEFORE_ENDING = 250

export function turnName(turn: number, finalName: string): string {
  return `${TEMPORARY_PREFIX}turn${turn}-${finalName}`
}

function goName(turn: number, finalName: string): string {
  return `${TEMPORARY_PREFIX}go${turn}-${finalName}`
}

/** The final name that the turn file `name` is about; undefined when it is no turn file. */
export function finalNameOfTurn(name: string): string | undefined {
  return /^\.tmp-(?:turn|go)[0-9]+-(.+)$/.exec(name)?.[1]
}

export interface Publication {
  /** The complete, synced file. */
  readonly temporaryName: string
  readonly finalName: string
  /** How often to look, every 2 ms, before a turn that makes no progress is ended. */
  readonly pollsBeforeEnding?: number
}

/** Publishes the temporary file under its final name; `taken` leaves the temporary file where it is. */
export async function publishByTurn(files: TurnFiles, clock: Clock, publication: Publication): Promise<PublishOutcome> {
  const { temporaryName, finalName, pollsBeforeEnding = POLLS_BEFORE_ENDING } = publication
  for (let turn = 1; ; turn++) {
    if (!(await files.createExclusive(turnName(turn, finalName), temporaryName))) {
      if (await waitForEnd(files, clock, turn, finalName, pollsBeforeEnding)) return 'taken'
      await endTurn(files, turn, finalName)
      continue
    }
    if (!(await files.createExclusive(goName(turn, finalName), ''))) continue
    const taken = await files.exists(finalName)
    if (!taken && !(await files.rename(temporaryName, finalName))) return 'lost'
    await removeTurns(files, turn, finalName)
    return taken ? 'taken' : 'made'
  }
}

async function waitForEnd(
  files: TurnFiles,
  clock: Clock,
  turn: number,
  finalName: string,
  polls: number,
): Promise<boolean> {
  for (let poll = 0; poll < polls; poll++) {
    if (await files.exists(finalName)) return true
    // A turn that is ended (a later one was taken) is not worth waiting for.
    if (await files.exists(turnName(turn + 1, finalName))) return false
    await clock.delay(POLL_MS)
  }
  return files.exists(finalName)
}

async function endTurn(files: TurnFiles, turn: number, finalName: string): Promise<void> {
  await files.createExclusive(goName(turn, finalName), '')
  const named = await files.readText(turnName(turn, finalName))
  if (named?.startsWith(TEMPORARY_PREFIX) && !named.includes('/')) await files.remove(named)
}

async function removeTurns(files: TurnFiles, last: number, finalName: string): Promise<void> {
  for (let turn = 1; turn <= last; turn++) {
    await files.remove(turnName(turn, finalName))
    await files.remove(goName(turn, finalName))
  }
}
