/** Use cases of choosing folders: look around on this machine, measure, see what would be left out. */
import { accessSync, constants, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { shownPath } from '../base/file-warning.ts'
import type { FolderListing, FolderMeasuresDocument, MeasureRequest } from '../contract/documents/folder.ts'
import type { CallContext } from '../contract/verb.ts'
import { createExclusions } from '../source/exclusions.ts'
import { joinPath } from '../source/list-directory.ts'
import { type FolderMeasures, measureFolders } from '../source/measure-folders.ts'
import type { AgentDeps } from './agent-deps.ts'

/** Throws `usage.invalid` for what is no folder that can be listed. */
export async function listFolders(path = homedir()): Promise<FolderListing> {
  const folder = Buffer.from(absolute(path))
  return {
    folder: shownPath(folder),
    above: dirname(path) === path ? null : dirname(path),
    folders: foldersIn(folder).map((name) => ({
      ...shownPath(joinPath(folder, name)),
      name: name.toString(),
      isReadable: isReadable(joinPath(folder, name)),
      isHidden: name[0] === '.'.charCodeAt(0),
    })),
  }
}

export async function* measure(
  deps: AgentDeps,
  request: MeasureRequest,
  context: Pick<CallContext, 'signal'> = {},
): AsyncGenerator<FolderMeasuresDocument, void, undefined> {
  const exclusions = createExclusions({
    patterns: request.excludes,
    useDefaults: request.defaultExcludes,
    platform: process.platform,
  })
  const options = {
    folders: request.folders.map((folder) => Buffer.from(absolute(folder))),
    exclusions,
    crossMounts: request.crossMounts,
    clock: deps.clock,
    signal: context.signal ?? new AbortController().signal,
  }
  for await (const measures of measureFolders(options)) yield documentOf(measures)
}

function documentOf({ folders, leftOut, leftOutCount }: FolderMeasures): FolderMeasuresDocument {
  return {
    folders: folders.map(({ folder, files, bytes, isDone }) => ({ ...shownPath(folder), files, bytes, isDone })),
    leftOut: {
      count: leftOutCount,
      examples: leftOut.map(({ path, exclusion: { rule, origin, reason } }) => ({
        ...shownPath(path),
        rule,
        origin,
        reason,
      })),
    },
    isDone: folders.every(({ isDone }) => isDone),
  }
}

function absolute(path: string): string {
  if (isAbsolute(path) && !path.includes('\0')) return path
  throw new AgentError('usage.invalid', {
    problem: `"${path.slice(0, 200)}" is not an absolute path.`,
    advice: 'Give the whole path of a folder.',
  })
}

function foldersIn(folder: Buffer): readonly Buffer[] {
  try {
    const entries = readdirSync(folder, { encoding: 'buffer', withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    return names.toSorted((a, b) => a.toString().localeCompare(b.toString()))
  } catch (error) {
    const problem = `${folder.toString()} cannot be listed: ${troubleWords(error)}.`
    throw new AgentError('usage.invalid', { problem, advice: 'Choose another folder.' }, error)
  }
}

function isReadable(path: Buffer): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
