/** What is said about this machine, and about single chunk files, on the command line. */
import type { AnyVerb } from './verb.ts'

export const cacheVerbs: readonly AnyVerb[] = [
  {
    name: 'cache show',
    summary: 'Show the cache: budget, what is used, waits, is kept',
    details:
      'The budget is for the payload of backups. Payload that is hard-linked with a vault on the same disk is one copy ' +
      'and takes no room in the cache.',
    arguments: [],
    options: [],
    examples: ['tharsis cache show'],
    load: async () => (await import('./cache-verbs.ts')).showCache,
  },
  {
    name: 'cache move',
    summary: 'Move the cache to an empty or new folder',
    details:
      'Interrupted at any moment, one of the two folders is whole and used; what is left of the other is removed by the ' +
      'next backup.',
    arguments: [['<dir>', 'the new folder']],
    options: [],
    examples: ['tharsis cache move /fast-disk/tharsis-cache'],
    load: async () => (await import('./cache-verbs.ts')).moveCache,
  },
  {
    name: 'cache rebuild',
    summary: 'Build the base in the cache anew from the vaults',
    details: 'What waits for a vault is brought there before. No data of files is read or uploaded again.',
    arguments: [],
    options: [],
    examples: ['tharsis cache rebuild'],
    load: async () => (await import('./cache-verbs.ts')).rebuildCache,
  },
]

export const settingsVerbs: readonly AnyVerb[] = [
  {
    name: 'settings get',
    summary: 'Show settings',
    arguments: [['[name]', 'one that "tharsis settings set" names; none: all']],
    options: [],
    examples: ['tharsis settings get'],
    load: async () => (await import('./setting-verbs.ts')).getSettings,
  },
  {
    name: 'settings set',
    summary: 'Change a setting',
    details:
      'cache-budget: how much room payload may take in the cache, at least 64 MiB; by default a tenth of what is ' +
      'protected, at least 2 GiB, at most half of the room there is. instant-days: so long payload stays in the cache ' +
      'within the budget, 1 to 30 days, 2 by default. gentle: on, and backups work in one thread, only when nothing else ' +
      'wants the processor or the disk. verify-days: "tharsis vault verify", run regularly, reads every chunk file once in ' +
      'so many days, 1 to 3650, 30 by default. trash-days: so long deleted ' +
      'points can be brought back, 14 to 180 days, 14 by default. upload-limit: what uploads to servers keep to, 512kbit to 1Gbit a second; restores are never held back. ' +
      'work-upload-limit: what they keep to in work hours instead. work-hours: days and times on the clocks of this computer, ' +
      'mon-fri@09:00-17:00 by default. A limit counts at once; what is sent without one is sent to the end of its file. ' +
      'The value "default" goes back to that.',
    arguments: [
      [
        '<name>',
        'cache-budget, instant-days, gentle, verify-days, trash-days, upload-limit, work-upload-limit or work-hours',
      ],
      ['<value>', 'the new value'],
    ],
    options: [],
    examples: [
      'tharsis settings set cache-budget 20GiB',
      'tharsis settings set upload-limit 10Mbit',
      'tharsis settings set work-hours mon-thu@08:00-18:00',
      'tharsis settings set instant-days default',
    ],
    load: async () => (await import('./setting-verbs.ts')).setSetting,
  },
]

export const chunkVerbs: readonly AnyVerb[] = (
  [
    ['info', 'Show what a chunk file says about itself', 'chunkInfo'],
    ['verify', 'Check a chunk file without any key: its hash and structure', 'chunkVerify'],
    ['dump', 'List the extents of a chunk file, and their blocks where a key opens them', 'chunkDump'],
  ] as const
).map(([verb, summary, run]) => ({
  name: `chunk ${verb}`,
  summary,
  arguments: [['<file>', 'a chunk file, in a vault or the cache']] as const,
  options: [],
  examples: [`tharsis chunk ${verb} FILE`],
  load: async () => (await import('./chunk-verbs.ts'))[run],
}))
