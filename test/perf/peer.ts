/** An adapter of the side-by-side harness: the command lines of one program, one for each thing that is timed. */

/** The folders of one program in one round. */
export interface PeerContext {
  readonly corpus: string
  /** Where the repository or vault goes. */
  readonly repo: string
  /** Caches and settings. */
  readonly state: string
}

type Words = readonly string[]

export interface Peer {
  readonly name: string
  readonly version: Words
  readonly env: (context: PeerContext) => { readonly [name: string]: string }
  readonly init: (context: PeerContext) => Words
  /** `number`: of the backup, from 1. */
  readonly backup: (context: PeerContext, source: string, number: number) => Words
  readonly list: (context: PeerContext, number: number) => Words
  readonly restore: (context: PeerContext, source: string, target: string, number: number) => Words
  /** Where the tree lies after a restore. */
  readonly restored: (source: string, target: string) => string
  readonly restoreOne: (context: PeerContext, source: string, file: string, target: string, number: number) => Words
  readonly check: (context: PeerContext) => Words
  readonly prune: (context: PeerContext, keep: number) => Words
}
