/**
 * Restores one entry that is no folder: decides by what has its name, makes it in the private folder, publishes it.
 */
import type { BigIntStats } from 'node:fs'
import { asBuffer, toHex } from '../base/bytes.ts'
import { fileWarning, shownPath } from '../base/file-warning.ts'
import type { Task } from '../base/task.ts'
import { sha256 } from '../codec/block-id.ts'
import type { Entry } from '../format/tree.ts'
import type { DirectoryHandle } from '../platform/directory-handle.ts'
import { type Comparison, type ConflictRules, copyName, decideAction, type RestoreAction } from './conflict.ts'
import { isTaken } from './failure.ts'
import type { MetadataOptions } from './metadata.ts'
import type { MetadataNotes } from './metadata-notes.ts'
import { type StageContext, stageEntry } from './stage-entry.ts'
import type { Staging } from './staging.ts'
import { sourcePathOf, type TargetDirectory } from './target-directory.ts'

export interface RestoreOptions extends ConflictRules, MetadataOptions {}

/** Where an entry goes. */
export interface EntryPlace {
  readonly parent: TargetDirectory
  /** `parent`, open. */
  readonly folder: DirectoryHandle
  /** On the same file system. */
  readonly staging: Staging
}

export interface EntryContext extends StageContext {
  readonly options: RestoreOptions
  readonly notes: MetadataNotes
  readonly task: Pick<Task, 'warn'>
}

export class EntryRestorer {
  readonly #context: EntryContext
  readonly #options: RestoreOptions

  constructor(context: EntryContext) {
    this.#context = context
    this.#options = context.options
  }

  /** Answers what was done. Throws damage, EntryRefused and system errors; nothing is left behind then. */
  async restore(entry: Entry, place: EntryPlace): Promise<RestoreAction> {
    const { parent, folder, staging } = place
    const name = asBuffer(entry.name)
    const existing = parent.wasEmpty ? undefined : folder.lstat(name)
    if (existing === undefined && this.#options.only === 'changed') return 'skipped'
    const action = existing === undefined ? 'new' : await this.#decide(entry, name, existing, place)
    if (action === 'skipped') return action
    if (action === 'same') {
      rememberForLinks(entry, staging, folder, name)
      return action
    }
    if (action === 'copied' && (await this.#hasCopy(entry, name, folder))) {
      this.#tellCopy(copyName(name, this.#options.copyTimeMs, 1), existing, entry, parent)
      return 'same'
    }
    const staged = await this.#stage(entry, place)
    try {
      const published = this.#publish(staged, action, name, place)
      if (published.action === 'copied') this.#tellCopy(published.name, existing, entry, parent)
      return published.action
    } catch (error) {
      staging.handle.unlink(staged)
      throw error
    }
  }

  async #decide(
    entry: Entry,
    name: Buffer,
    existing: BigIntStats,
    { parent, folder, staging }: EntryPlace,
  ): Promise<RestoreAction> {
    if (isLinkedAlready(entry, existing, staging)) return 'same'
    const action = await decideAction(entry, folder, name, existing, this.#comparison())
    // A file system that does not tell the two names apart must not make one replace the other.
    return action !== 'same' && parent.published.has(existing.ino) ? 'copied' : action
  }

  async #hasCopy(entry: Entry, name: Buffer, folder: DirectoryHandle): Promise<boolean> {
    const copy = copyName(name, this.#options.copyTimeMs, 1)
    const existing = folder.lstat(copy)
    if (existing === undefined) return false
    return (await decideAction(entry, folder, copy, existing, this.#comparison())) === 'same'
  }

  /** Who asked that files be replaced is told of one that stands beside its place; who asked for copies knows. */
  #tellCopy(copy: Buffer, existing: BigIntStats | undefined, entry: Entry, parent: TargetDirectory): void {
    if (this.#options.conflict !== 'overwrite') return
    const taken = existing?.isDirectory() === true ? 'a folder is in its place' : 'another file has just taken its name'
    const path = sourcePathOf(parent, asBuffer(entry.name))
    const { task } = this.#context
    task.warn(fileWarning('file.restored-beside', path, `as "${shownPath(copy).path}", because ${taken}`))
  }

  #comparison(): Comparison {
    const { source, signal } = this.#context
    return { rules: this.#options, source, signal, quick: false }
  }

  /** The name in the private folder of the whole entry; a further name of an inode that was made already, if it may. */
  async #stage(entry: Entry, { parent, staging }: EntryPlace): Promise<Buffer> {
    const group = linkGroupOf(entry)
    const linkSource = group === undefined ? undefined : staging.linkSource(group)
    const linked = linkSource === undefined ? undefined : staging.linkAgain(linkSource)
    if (linked !== undefined) return linked
    const pathOf = (): Buffer => sourcePathOf(parent, asBuffer(entry.name))
    const staged = await stageEntry(entry, staging, this.#context, pathOf)
    if (group !== undefined && !staging.keepForLinks(group, staging.handle, staged)) {
      this.#context.notes.tell('hard links: the file system has none', pathOf)
    }
    return staged
  }

  #publish(
    staged: Buffer,
    action: RestoreAction,
    name: Buffer,
    { parent, folder, staging }: EntryPlace,
  ): { readonly action: RestoreAction; readonly name: Buffer } {
    parent.state.isChanged = true
    if (!parent.wasEmpty) {
      const inode = staging.handle.lstat(staged)?.ino
      if (inode !== undefined) parent.published.add(inode)
    }
    if (action === 'overwritten') {
      staging.publish(staged, folder, name, true)
      return { action, name }
    }
    for (let attempt = action === 'copied' ? 1 : 0; ; attempt++) {
      const finalName = attempt === 0 ? name : copyName(name, this.#options.copyTimeMs, attempt)
      try {
        staging.publish(staged, folder, finalName, false)
        return { action: attempt === 0 ? 'new' : 'copied', name: finalName }
      } catch (error) {
        // Taken since it was looked up, or by a name that this file system does not tell apart.
        if (!isTaken(error)) throw error
      }
    }
  }
}

/**
 * What entries of one inode share. Their content is part of it: whatever a tree says of groups, no name ever gets
 * another file's content.
 */
function linkGroupOf(entry: Entry): string | undefined {
  const { linkGroup, sizeBytes, content, linkTarget, type } = entry
  if (linkGroup === undefined) return undefined
  const parts = content?.parts ?? []
  const blocks = 'id' in parts ? [parts] : parts
  const ids = blocks.map(({ id, ...part }) => `${'sizeBytes' in part ? part.sizeBytes : 0}:${id ? toHex(id) : ''}`)
  const identity = [type, sizeBytes ?? 0, linkTarget ? toHex(linkTarget) : '', ...ids].join(' ')
  return `${linkGroup.volume}/${linkGroup.inode}/${toHex(sha256(Buffer.from(identity)))}`
}

function isLinkedAlready(entry: Entry, existing: BigIntStats, staging: Staging): boolean {
  const group = linkGroupOf(entry)
  return group !== undefined && staging.linkSource(group)?.inode === existing.ino
}

function rememberForLinks(entry: Entry, staging: Staging, folder: DirectoryHandle, name: Buffer): void {
  const group = linkGroupOf(entry)
  if (group !== undefined && staging.linkSource(group) === undefined) staging.keepForLinks(group, folder, name)
}
