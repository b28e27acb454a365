/** THE table of what must be true of Tharsis' speed beside its peers, measured in the same run. */
import type { Measure } from './measurements.ts'

export type Compression = 'lz4' | 'zstd'

export type Bound =
  /** At most so many times what the peer with the least wall time needed. */
  | { readonly kind: 'of-fastest'; readonly atMost: number }
  /** At most so many times the least that any peer needed. */
  | { readonly kind: 'of-best'; readonly atMost: number }
  /** Less than this one peer. */
  | { readonly kind: 'below-peer'; readonly peer: string }
  /** Less than so much, whatever the peers need. */
  | { readonly kind: 'below'; readonly amount: number }
  /** At most so many times what Tharsis itself needed for `corpus`. */
  | { readonly kind: 'growth'; readonly corpus: string; readonly atMost: number }

export interface Target {
  readonly work: string
  readonly corpus: string
  readonly step: string
  readonly measure: Measure
  readonly compression: Compression
  readonly bound: Bound
}

const mebibyte = 1024 ** 2

export const targets: readonly Target[] = [
  ...firstBackup('small', 0.5, 0.5),
  ...firstBackup('image', 0.5, 0.5),
  ...firstBackup('office', 0.7, 0.8),
  lz4('nothing changed', 'small', 'nochange', 'wallSeconds', { kind: 'of-fastest', atMost: 1 / 5 }),
  lz4('1 % of the files changed', 'small', 'touch1pct', 'wallSeconds', { kind: 'of-fastest', atMost: 1 / 3 }),
  lz4('1 % of the pages changed', 'image', 'image-inplace', 'addedBytes', { kind: 'of-best', atMost: 1 / 5 }),
  lz4('1 % of the pages changed', 'image', 'image-inplace', 'wallSeconds', { kind: 'of-fastest', atMost: 1 / 2 }),
  lz4('insertion at the front', 'copy1g', 'image-insert', 'addedBytes', { kind: 'of-best', atMost: 1 }),
  ...['small', 'office', 'image'].map((corpus) =>
    lz4('restore', corpus, 'restore', 'wallSeconds', { kind: 'of-fastest', atMost: 1 / 2 }),
  ),
  lz4('one file restored', 'small', 'restore-one', 'wallSeconds', { kind: 'below', amount: 0.5 }),
  ...['small', 'office', 'image', 'copy1g', 'log'].flatMap((corpus) => storedBytes(corpus)),
  ...['initial', 'nochange', 'touch1pct', 'restore'].map((step) => peak('small', step, 200)),
  ...['initial', 'nochange'].flatMap((step) => [peak('tiny100000', step, 200), peak('tiny1000000', step, 400)]),
  ...['initial', 'nochange'].flatMap((step) => linearGrowth(step)),
]

function firstBackup(corpus: string, wall: number, cpu: number): Target[] {
  return [
    lz4('first backup', corpus, 'initial', 'wallSeconds', { kind: 'of-fastest', atMost: wall }),
    lz4('first backup', corpus, 'initial', 'cpuSeconds', { kind: 'of-fastest', atMost: cpu }),
  ]
}

/** Borg's default is LZ4, restic's is zstd: each of ours is held against its kind. */
function storedBytes(corpus: string): Target[] {
  const stored = lz4('stored, LZ4', corpus, 'initial', 'storedBytes', { kind: 'below-peer', peer: 'borg' })
  return [
    stored,
    { ...stored, work: 'stored, zstd', compression: 'zstd', bound: { kind: 'below-peer', peer: 'restic' } },
  ]
}

function peak(corpus: string, step: string, mebibytes: number): Target {
  return lz4('memory', corpus, step, 'peakBytes', { kind: 'below', amount: mebibytes * mebibyte })
}

/** A hundred times the files may take a hundred times as much. */
function linearGrowth(step: string): Target[] {
  const bound: Bound = { kind: 'growth', corpus: 'tiny10000', atMost: 100 }
  return [
    lz4('growth', 'tiny1000000', step, 'wallSeconds', bound),
    lz4('growth', 'tiny1000000', step, 'peakBytes', bound),
  ]
}

/** What is said of speed is said of the default compression. */
function lz4(work: string, corpus: string, step: string, measure: Measure, bound: Bound): Target {
  return { work, corpus, step, measure, compression: 'lz4', bound }
}
