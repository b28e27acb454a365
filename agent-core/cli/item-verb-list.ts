/** What is said about items and policies on the command line. */
import type { AnyVerb, VerbOption } from './verb.ts'

const excludeOption: VerbOption = {
  flags: '--exclude <glob>',
  description: 'leave out what fits this pattern (may be repeated)',
  repeatable: true,
}
const compressionHelp = 'lz4 is fast, zstd is smaller'
const policyOption: VerbOption = {
  flags: '--policy <name>',
  description: 'the policy that it is backed up and kept by (see "tharsis policy list"; "default" is always there)',
}

export const itemVerbs: readonly AnyVerb[] = [
  {
    name: 'item enable',
    summary: 'Protect folders under a name',
    details:
      'Relative folders are taken from the current folder. "tharsis item show" lists what is left out by default.',
    arguments: [
      ['<name>', 'what this item is called'],
      ['<folders...>', 'folders to protect'],
    ],
    options: [
      {
        flags: '--vault <name>',
        description: 'a vault that keeps its points (may be repeated: every vault gets each point)',
        mandatory: true,
        repeatable: true,
      },
      excludeOption,
      { flags: '--no-default-excludes', description: 'also protect caches, trash and temporary files' },
      { flags: '--cross-mounts', description: 'also protect other file systems mounted below the folders' },
      {
        flags: '--compression <method>',
        description: `${compressionHelp} (default: as the policy says)`,
        choices: ['lz4', 'zstd'],
      },
      policyOption,
    ],
    examples: ["tharsis item enable documents --vault usb ~/Documents ~/Pictures --exclude '*.iso'"],
    load: async () => (await import('./item-verbs.ts')).enableItem,
  },
  {
    name: 'item list',
    summary: 'List the protected items',
    arguments: [],
    options: [],
    examples: ['tharsis item list'],
    load: async () => (await import('./item-verbs.ts')).listItems,
  },
  {
    name: 'item show',
    summary: 'Show one item: folders, exclusions and why, last point',
    arguments: [['<name>', 'the item']],
    options: [],
    examples: ['tharsis item show documents'],
    load: async () => (await import('./item-verbs.ts')).showItem,
  },
  {
    name: 'item change',
    summary: 'Change what an item protects; the next backup goes by it',
    arguments: [['<name>', 'the item']],
    options: [
      {
        flags: '--add-vault <name>',
        description: 'back up into this vault too, from the next point on (may be repeated)',
        repeatable: true,
      },
      {
        flags: '--remove-vault <name>',
        description: 'back up into this vault no more; the points there stay (may be repeated)',
        repeatable: true,
      },
      { flags: '--add-folder <dir>', description: 'protect this folder too (may be repeated)', repeatable: true },
      {
        flags: '--remove-folder <dir>',
        description: 'stop protecting this folder (may be repeated)',
        repeatable: true,
      },
      excludeOption,
      { flags: '--remove-exclude <glob>', description: 'drop this pattern (may be repeated)', repeatable: true },
      { flags: '--default-excludes', description: 'leave out caches, trash and temporary files' },
      { flags: '--no-default-excludes', description: 'protect those too' },
      { flags: '--cross-mounts', description: 'also protect other file systems mounted below the folders' },
      { flags: '--no-cross-mounts', description: 'stay on the file system of each folder' },
      { flags: '--compression <method>', description: compressionHelp, choices: ['lz4', 'zstd'] },
      policyOption,
    ],
    examples: ['tharsis item change documents --add-folder ~/Music', 'tharsis item change documents --policy long'],
    load: async () => (await import('./item-verbs.ts')).changeItem,
  },
]

const policyOptions: readonly VerbOption[] = [
  { flags: '--daily <times>', description: 'back up every day at these times: 02:00,14:00' },
  { flags: '--weekly <times>', description: 'back up every week at these times: sun@03:00,wed@03:00' },
  { flags: '--every-weeks <weeks>', description: 'with --weekly: only every 2nd, 3rd, … week, counted from this one' },
  { flags: '--every <interval>', description: 'back up so often, day and night: 15m, 6h' },
  { flags: '--no-schedule', description: 'back up on demand only' },
  { flags: '--time-zone <zone>', description: 'where the times and days are those of: Europe/Berlin' },
  { flags: '--keep-daily <days>', description: 'keep every point so many days (7 to 9999)' },
  { flags: '--keep-weekly <weeks>', description: 'keep one point of a week so many weeks (4 to 5163; 0: none)' },
  { flags: '--weekly-on <weekdays>', description: 'which: sun, or wed,sat' },
  { flags: '--keep-monthly <months>', description: 'keep one point of a month so many months (3 to 1188; 0: none)' },
  { flags: '--monthly-on <days>', description: 'which: first-sun, last-fri, 1 to 28, last' },
  { flags: '--keep-yearly <years>', description: 'keep one point of a year so many years (1 to 99; 0: none)' },
  { flags: '--yearly-in <months>', description: 'in which months: jan, or 3,9' },
  { flags: '--yearly-on <days>', description: 'on which days of them: first-sun, last-fri, 1 to 28, last' },
  { flags: '--keep-at-least <points>', description: 'never let go of so many of the newest good points' },
  { flags: '--instant-days <days>', description: 'payload stays in the cache at least so long (1 to 30; default)' },
  { flags: '--compression <method>', description: 'what items enabled with it use', choices: ['lz4', 'zstd'] },
]

export const policyVerbs: readonly AnyVerb[] = [
  {
    name: 'policy create',
    summary: 'Make a policy: when to back up, and how long to keep points',
    details:
      'What is not given: every day at 12:30, every point for 30 days, the newest 7 whatever their age; weekly, monthly ' +
      'and yearly points only where asked for, those of Sunday, of the first Sunday of a month, and of January. A weekly, ' +
      'monthly or yearly point that was missed is replaced by the next one. "tharsis policy simulate" shows what comes of it.',
    arguments: [['<name>', 'what this policy is called']],
    options: policyOptions,
    examples: [
      'tharsis policy create long --daily 02:00,14:00 --keep-daily 60 --keep-monthly 36 --keep-yearly 10',
      'tharsis policy create nas --weekly sun@03:00 --every-weeks 2 --keep-daily 90 --keep-monthly 24 --monthly-on last',
    ],
    load: async () => (await import('./policy-verbs.ts')).createPolicy,
  },
  {
    name: 'policy set',
    summary: 'Change a policy',
    details:
      'What is not given stays. Points that are there already go by the new rules too. Longer ones count at once. Shorter ' +
      'ones need the PIN, where one is set, and count after as many days as deleted points stay in the trash (14, ' +
      '"tharsis settings set trash-days"); until then longer rules take them back.',
    arguments: [['<name>', 'the policy; "default" is the one that items have which were given none']],
    options: policyOptions,
    examples: ['tharsis policy set default --keep-yearly 10', 'tharsis policy set long --keep-weekly 0 --every 6h'],
    load: async () => (await import('./policy-verbs.ts')).setPolicy,
  },
  {
    name: 'policy show',
    summary: 'Show one policy and its next ten runs',
    details: "Runs are told in the policy's time zone and, where that differs, in local time too.",
    arguments: [['<name>', 'the policy']],
    options: [],
    examples: ['tharsis policy show default'],
    load: async () => (await import('./policy-verbs.ts')).showPolicy,
  },
  {
    name: 'policy list',
    summary: 'List the policies and their items',
    arguments: [],
    options: [],
    examples: ['tharsis policy list'],
    load: async () => (await import('./policy-verbs.ts')).listPolicies,
  },
  {
    name: 'policy simulate',
    summary: 'Show which points will exist in 1 month, 1, 5 and 10 years',
    details: 'Assumes that every scheduled backup succeeds; nothing is changed.',
    arguments: [['<name>', 'the policy']],
    options: [
      { flags: '--item <name>', description: 'begin with the points that this item has, instead of none' },
      { flags: '--points', description: 'also list every point, until when it is kept and why' },
    ],
    examples: ['tharsis policy simulate default', 'tharsis policy simulate long --item documents --points'],
    load: async () => (await import('./policy-verbs.ts')).simulatePolicy,
  },
  {
    name: 'policy remove',
    summary: 'Remove a policy that no item has',
    arguments: [['<name>', 'the policy']],
    options: [],
    examples: ['tharsis policy remove long'],
    load: async () => (await import('./policy-verbs.ts')).removePolicy,
  },
]
