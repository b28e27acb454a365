/**
 * The layers of the product: THE table. `layer-rules.ts` makes dependency rules of it, `check-layers.ts` runs them.
 * A module imports only from folders of a lower rank, and from its own; siblings of one rank do not know each other.
 */

/** Rank of each folder (or file) of agent-core. */
export const layerRanks = {
  contract: 0,
  base: 1,
  format: 2,
  codec: 3,
  platform: 4,
  vault: 4,
  cache: 4,
  state: 4,
  source: 5,
  engine: 6,
  schedule: 6,
  jobs: 6,
  backup: 7,
  restore: 7,
  mount: 7,
  retention: 7,
  replicate: 7,
  verify: 7,
  api: 8,
  transport: 9,
  cli: 9,
  'agent.ts': 10,
  'background-agent.ts': 11,
  'open-agent.ts': 12,
} as const satisfies Record<string, number>

/** Where a process starts: these few lines may import everything, and nothing imports them. */
export const entryFiles = ['agent-core/main.ts', 'agent-core/cli/tharsis.mjs'] as const

/** A package that only some places may import. */
export type PackageBan = {
  /** Regular expression source, matched against the whole package name. */
  readonly packages: string
  /** Regular expression source: the paths that may import it. */
  readonly allowedFrom: string
  readonly reason: string
}

export const packageBans: readonly PackageBan[] = [
  {
    packages: 'electron|electron-updater',
    allowedFrom: '^main/',
    reason: 'Electron is the shell only: agent and CLI run on Node, so that closing the shell never stops a backup.',
  },
  {
    packages: 'better-sqlite3',
    allowedFrom: '^agent-core/(cache|state)/',
    reason: 'One file of cache/ and one of state/ speak to SQLite; everything else speaks to those.',
  },
  {
    packages: '@aws-sdk/.+',
    allowedFrom: '^agent-core/vault/s3-store(/|\\.)',
    reason: 'A store is known by its port; only s3-store knows the SDK behind it.',
  },
  {
    packages: '@orpc/.+',
    allowedFrom: '^(agent-core/(contract|api|transport|cli)|main|renderer/client)/',
    reason: 'oRPC carries the contract between processes; the product itself is plain functions.',
  },
  {
    packages: 'ws',
    allowedFrom: '^(agent-core/transport|main)/',
    reason: 'Sockets are known to transport/ alone.',
  },
  {
    packages: 'node-cron',
    allowedFrom: '^agent-core/schedule/',
    reason: 'next-run is the one truth of schedules; the clockwork behind it is known to schedule/ alone.',
  },
  {
    packages: 'temporal-polyfill',
    allowedFrom: '^agent-core/(schedule/|retention/calendar-day\\.)',
    reason: 'Two files know time zones: next-run for instants of runs, calendar-day for days of points.',
  },
  {
    packages: 'zod',
    allowedFrom: '^agent-core/(?!format/)|^(main|renderer)/',
    reason: 'format/ is the specification in code: it checks bytes itself, with the place of the fault.',
  },
  {
    packages: 'koffi',
    allowedFrom: '^agent-core/platform/',
    reason: 'Calls into the system go through the ports of platform/.',
  },
  {
    packages: '@napi-rs/keyring',
    allowedFrom: '^agent-core/platform/',
    reason: 'Secrets of the system go through the port in platform/.',
  },
  {
    packages: 'chokidar',
    allowedFrom: '^agent-core/source/',
    reason: 'What watches folders stands behind the port in source/change-watcher.',
  },
  {
    packages: 'lz4-napi',
    allowedFrom: '^agent-core/codec/',
    reason: 'How a block is compressed is known to codec/ alone.',
  },
  {
    packages: 'cborg',
    allowedFrom: '^agent-core/(format|codec)/',
    reason: 'How values become bytes is known to format/ and codec/ alone.',
  },
  {
    packages: 'commander',
    allowedFrom: '^agent-core/cli/',
    reason: 'The command line is known to cli/ alone.',
  },
  {
    packages: 'pino',
    allowedFrom: '^agent-core/base/',
    reason: 'Everything else takes a Log (agent-core/base/), so that nothing secret is written past it.',
  },
]

/** Packages of which each of these folders has one file that imports it, at most. */
export const oneFilePackages: readonly { readonly packageName: string; readonly folders: readonly string[] }[] = [
  { packageName: 'better-sqlite3', folders: ['agent-core/cache/', 'agent-core/state/'] },
]

/** What only tests may import. */
export const testPackages = 'vitest|vite|fast-check'

/**
 * The least number of modules a run must have seen. A checker that resolves nothing finds nothing wrong: this makes
 * it fail instead. Raise it as the product grows.
 */
export const moduleFloor = 300
