/**
 * Every state in which a power cut may leave a disk, under the weakest rules that POSIX allows: a
 * write survives whole, torn or not at all until its file is synced; each change of a folder survives
 * or not, independently of the others, until that folder is synced; a rename that survives is atomic.
 */

/** One file operation; names are full paths, and `file` is the identity that links share. */
export type FileOperation =
  | { readonly kind: 'mkdir'; readonly name: string }
  | { readonly kind: 'create'; readonly name: string; readonly file: string }
  | { readonly kind: 'write'; readonly file: string; readonly bytes: string }
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'link'; readonly name: string; readonly file: string }
  | { readonly kind: 'rename'; readonly from: string; readonly name: string; readonly file: string }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'sync-folder'; readonly name: string }
  /** Not of the disk: from here on the caller has been told that it is done. */
  | { readonly kind: 'acknowledged' }

export interface CrashState {
  /** True when the caller had been told. */
  readonly acknowledged: boolean
  /** What the file under `name` holds, piece by piece; undefined when there is no such name. */
  read(name: string): readonly string[] | undefined
}

const TORN = 'torn'

type EntryChange = Extract<FileOperation, { readonly kind: 'mkdir' | 'create' | 'link' | 'rename' | 'unlink' }>

/** All states after each prefix of `operations`; `madeBefore` are the folders that were there at the start. */
export function* enumerateCrashStates(
  operations: readonly FileOperation[],
  madeBefore: readonly string[],
): Generator<CrashState> {
  for (let count = 0; count <= operations.length; count++) {
    yield* statesAfter(operations.slice(0, count), madeBefore)
  }
}

function* statesAfter(done: readonly FileOperation[], madeBefore: readonly string[]): Generator<CrashState> {
  const writes = done.flatMap((operation, at) =>
    operation.kind === 'write' ? [{ operation, isSafe: isSynced(done, at) }] : [],
  )
  const changes = done.flatMap((operation, at) =>
    isEntryChange(operation) ? [{ operation, isSafe: isSynced(done, at) }] : [],
  )
  const acknowledged = done.some((operation) => operation.kind === 'acknowledged')
  const openWrites = writes.filter((write) => !write.isSafe).length
  const openChanges = changes.filter((change) => !change.isSafe).length
  for (let choice = 0; choice < 3 ** openWrites * 2 ** openChanges; choice++) {
    let rest = choice
    const take = (ways: number) => {
      const way = rest % ways
      rest = Math.floor(rest / ways)
      return way
    }
    const contents = new Map<string, string[]>()
    for (const { operation, isSafe } of writes) {
      const survives = isSafe ? 0 : take(3)
      const pieces = contents.get(operation.file) ?? []
      pieces.push(survives === 0 ? operation.bytes : survives === 1 ? TORN : '')
      contents.set(operation.file, pieces)
    }
    const names = survivingNames(
      changes.filter(({ isSafe }) => isSafe || take(2) === 0).map(({ operation }) => operation),
      madeBefore,
    )
    yield {
      acknowledged,
      read: (name) => {
        const file = names.get(name)
        return file === undefined ? undefined : (contents.get(file) ?? [])
      },
    }
  }
}

function survivingNames(changes: readonly EntryChange[], madeBefore: readonly string[]): Map<string, string> {
  const folders = new Set(madeBefore)
  for (const change of changes) {
    if (change.kind === 'mkdir' && folders.has(folderOf(change.name))) folders.add(change.name)
  }
  const names = new Map<string, string>()
  for (const change of changes) {
    if (change.kind === 'mkdir' || !folders.has(folderOf(change.name))) continue
    if (change.kind === 'unlink') {
      names.delete(change.name)
      continue
    }
    if (change.kind === 'rename') names.delete(change.from)
    names.set(change.name, change.file)
  }
  return names
}

function isEntryChange(operation: FileOperation): operation is EntryChange {
  return ['mkdir', 'create', 'link', 'rename', 'unlink'].includes(operation.kind)
}

/** True when a later operation has made the one at `at` durable. */
function isSynced(done: readonly FileOperation[], at: number): boolean {
  const operation = done[at] as FileOperation
  const later = done.slice(at + 1)
  if (operation.kind === 'write') return later.some((next) => next.kind === 'sync' && next.file === operation.file)
  if (!isEntryChange(operation)) return true
  return later.some((next) => next.kind === 'sync-folder' && next.name === folderOf(operation.name))
}

export function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}
