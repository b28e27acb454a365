/** What a prover thread is started with, asked and answers. Plain data. */
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import type { ProofDepth } from './chunk-file-prover.ts'

export interface ProverStart {
  readonly keys: KeyspaceKeys
  readonly depth: ProofDepth
}

export type ToProver =
  | { readonly type: 'prove'; readonly ref: number; readonly path: string; readonly file: IndexedChunkFile }
  | { readonly type: 'stop' }

export interface FromProver {
  readonly ref: number
  readonly isWhole: boolean
}
