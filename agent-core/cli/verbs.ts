/** Every verb of the command line. A verb that is not here does not exist. */
import { agentVerbs, jobVerbs } from './background-verbs.ts'
import { machineVerbs } from './machine-verb-list.ts'
import { credentialOptions, lockOption, replicaS3Options, s3Options } from './place-options.ts'
import { keyVerbs, markVerbs, pinVerbs, stopVerbs } from './trash-verb-list.ts'
import type { AnyVerb, VerbOption } from './verb.ts'

export interface VerbGroup {
  readonly title: string
  /** First words of its verbs, with what each is about. */
  readonly nouns: readonly (readonly [noun: string, summary: string])[]
}

export const verbGroups: readonly VerbGroup[] = [
  {
    title: 'Set up:',
    nouns: [
      ['vault', 'Places that keep the points: create, connect, check'],
      ['item', 'Sets of folders that are protected'],
      ['policy', 'When items are backed up, and how long points are kept'],
    ],
  },
  {
    title: 'Back up:',
    nouns: [
      ['backup-now', 'Back up an item now'],
      ['job', 'What runs, waits and has run'],
      ['pause', 'Let the schedules rest'],
      ['resume', 'Follow the schedules again'],
    ],
  },
  {
    title: 'Look and restore:',
    nouns: [
      ['point', 'Recovery points and what is in them'],
      ['restore', 'Bring files back'],
    ],
  },
  {
    title: 'This machine:',
    nouns: [
      ['cache', 'The folder on this machine that backups go through'],
      ['settings', 'What this machine goes by'],
      ['agent', 'The process in the background that follows the schedules'],
      ['pin', 'The PIN that guards what takes something away'],
    ],
  },
  {
    title: 'Look inside:',
    nouns: [
      ['doctor', 'Check this machine, the home folder and the vaults'],
      ['chunk', 'Look inside a chunk file'],
    ],
  },
]

const generateOption: VerbOption = {
  flags: '--generate-passphrase',
  description: 'make a random passphrase and print it once',
}

const pointHelp = 'an id, the beginning of one, "latest", or a date or time (the newest point not after it)'

const credentialsHelp =
  'Credentials for --s3 come from --profile or --credentials-file, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a ' +
  'question on the terminal, or the AWS files; never from an argument.'

const vaultVerbs: readonly AnyVerb[] = [
  {
    name: 'vault create',
    summary: 'Make a new vault in an empty folder or bucket',
    details:
      'Asks for a passphrase of at least 16 characters. Without it, or the recovery code that is printed once, the ' +
      `data in the vault cannot be read by anybody. ${credentialsHelp}`,
    arguments: [['<name>', 'what this vault is called here']],
    options: [
      { flags: '--local <dir>', description: 'the new or empty folder that becomes the vault' },
      { flags: '--replica-local <dir>', description: 'a new or empty folder for its replica; see "vault set"' },
      ...s3Options,
      lockOption,
      generateOption,
    ],
    examples: [
      'tharsis vault create usb --local /media/usb/tharsis',
      'tharsis vault create cloud --s3 s3://my-backups/laptop --region eu-central-1 --profile backup',
      'tharsis vault create nas --s3 s3://tharsis --endpoint https://nas.home:9000 --path-style',
    ],
    load: async () => (await import('./vault-verbs.ts')).createVault,
  },
  {
    name: 'vault connect',
    summary: 'Use a vault that exists',
    details:
      'With --read, points of another machine can be listed and restored here. With --take-over, this home folder ' +
      `becomes that machine, and the old one cannot back up into the vault any more. ${credentialsHelp}`,
    arguments: [['<name>', 'what this vault is called here']],
    options: [
      { flags: '--local <dir>', description: 'the folder of the vault' },
      ...s3Options,
      { flags: '--read <machine>', description: 'read the points of this machine' },
      { flags: '--take-over <machine>', description: 'become this machine' },
      {
        flags: '--repair-versions',
        description: 'in a bucket with versions: put back first what somebody else has overwritten or deleted',
      },
    ],
    examples: ['tharsis vault connect usb --local /media/usb/tharsis'],
    load: async () => (await import('./vault-verbs.ts')).connectVault,
  },
  {
    name: 'vault list',
    summary: 'List the vaults that are known here',
    arguments: [],
    options: [],
    examples: ['tharsis vault list'],
    load: async () => (await import('./vault-verbs.ts')).listVaults,
  },
  {
    name: 'vault show',
    summary: 'Show one vault: what it holds and how full it is',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault show usb'],
    load: async () => (await import('./vault-verbs.ts')).showVault,
  },
  {
    name: 'vault test',
    summary: 'Try to write, read and delete in a vault, and say what its place can do',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault test usb'],
    load: async () => (await import('./vault-verbs.ts')).testVault,
  },
  {
    name: 'vault set',
    summary: 'Give a vault a replica, or take it away',
    details:
      'A replica is a second place that holds the same objects: restores use it when the vault is gone or damaged, on ' +
      'another machine too ("tharsis vault connect NAME --local REPLICA", or --s3). Best on another disk, in another ' +
      `building. ${credentialsHelp.replace('--s3', '--replica-s3')}`,
    arguments: [['<name>', 'the vault']],
    options: [
      {
        flags: '--replica-local <dir>',
        description: 'an empty or new folder, or one that holds a replica of this vault',
      },
      ...replicaS3Options,
      { flags: '--replica-every <hours>', description: 'how often it is brought up to date (default: 24)' },
      {
        flags: '--replica-grace <days>',
        description: 'how long it keeps what clean-ups have removed from the vault (default: 14)',
      },
      { flags: '--no-replica', description: 'forget the replica; what it holds stays there' },
    ],
    examples: [
      'tharsis vault set usb --replica-local /mnt/nas/tharsis',
      'tharsis vault set usb --replica-s3 s3://my-backups/usb --region eu-central-1 --profile backup',
      'tharsis vault set usb --no-replica',
    ],
    load: async () => (await import('./replica-verbs.ts')).setVault,
  },
  {
    name: 'vault replicate',
    summary: 'Bring the replica of a vault up to date',
    details:
      'Copies what is missing, checks every object before, and can be interrupted at any moment. What clean-ups have ' +
      'removed from the vault goes from the replica too, after --replica-grace days; what the vault has lost stays there. ' +
      'Ends with exit status 8 when something of the vault is damaged or lost.',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault replicate usb'],
    load: async () => (await import('./replica-verbs.ts')).replicateVault,
  },
  {
    name: 'vault verify',
    summary: 'Check that the points of a vault are whole',
    details:
      'Without numbers it goes on where the last one stopped: run it regularly, best daily, and every chunk file is read ' +
      'once in verify-days (see "tharsis settings"). Levels, each with what those before it prove: listing, every small ' +
      'object opens and every chunk file is there in its length (seconds); hash, what is read has the SHA-256 of its name, so ' +
      'that no byte has changed (as fast as the disk); open, every block in it opens and is the one that its id names, and ' +
      'every point finds all of its blocks (some more processor time); restore, files picked at random from points picked ' +
      'at random are restored from the vault into a private folder and compared (up to 1 GiB of room in the home folder). ' +
      'Ends with exit status 8 when damage remains, and names every affected file; with 3 when all of it was healed, or when ' +
      'what is damaged is whole elsewhere in the vault.',
    arguments: [['<name>', 'the vault']],
    options: [
      {
        flags: '--heal',
        description:
          'mend what is damaged: from the cache, a replica, another vault of this machine, or the protected files themselves; ' +
          'points that lack files for good are marked as partial',
      },
      {
        flags: '--keyspace <machine>',
        description: "check what another machine has stored (its name, or its keyspace's id), with its passphrase",
      },
      {
        flags: '--level <level>',
        description: 'how deep to look',
        choices: ['listing', 'hash', 'open', 'restore'],
        default: 'open',
      },
      {
        flags: '--read-data <percent>',
        description: 'read this share of the chunk files now, picked at random, instead of those whose turn it is',
      },
    ],
    examples: ['tharsis vault verify usb', 'tharsis vault verify usb --read-data 100 --heal'],
    load: async () => (await import('./vault-verbs.ts')).verifyVault,
  },
  {
    name: 'vault prune',
    summary: 'Take from a vault what no point needs any more',
    details:
      'Removes points that nothing keeps any more, and announces the chunk files that no other point needs; what is left ' +
      'in nearly empty ones is merged into new ones first. Announced chunk files are deleted by the first run after the ' +
      'grace time (14 days), unless something needs them by then. It may be interrupted at any moment: the next run goes ' +
      'on. With --keyspace it cleans up what another machine has stored, with the passphrase of that machine, also when the ' +
      'machine is gone. A grace time under 14 days asks, and asks for the PIN where there is one. Ends with exit status 3 ' +
      'when the vault does not let go of what is due.',
    arguments: [['<name>', 'the vault']],
    options: [
      { flags: '--plan', description: 'say what would be done, and do nothing' },
      { flags: '--keyspace <machine>', description: "another machine of the vault, or its keyspace's id" },
      {
        flags: '--max-unused <percent>',
        description:
          'merge until at most this share is unused; 100: merge nothing (default: what is less than 60 % needed)',
      },
      { flags: '--grace <days>', description: 'days between announcing and deleting, 0 to 180 (default: 14)' },
    ],
    examples: ['tharsis vault prune usb --plan', 'tharsis vault prune usb'],
    load: async () => (await import('./prune-verbs.ts')).pruneVault,
  },
  {
    name: 'vault set-passphrase',
    summary: 'Change the passphrase; nothing is uploaded again',
    details: 'The new one comes from --new-passphrase-file, THARSIS_NEW_PASSPHRASE, or a question on the terminal.',
    arguments: [['<name>', 'the vault']],
    options: [
      { flags: '--new-passphrase-file <file>', description: 'file whose first line is the new passphrase' },
      generateOption,
    ],
    examples: ['tharsis vault set-passphrase usb'],
    load: async () => (await import('./vault-verbs.ts')).setPassphrase,
  },
  {
    name: 'vault set-credentials',
    summary: 'Have a vault in S3 be opened with other credentials',
    details: `They are tried first. ${credentialsHelp}`,
    arguments: [['<name>', 'the vault']],
    options: credentialOptions,
    examples: ['tharsis vault set-credentials cloud --profile backup'],
    load: async () => (await import('./vault-verbs.ts')).setCredentials,
  },
]

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

const itemVerbs: readonly AnyVerb[] = [
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

const policyVerbs: readonly AnyVerb[] = [
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

const pointVerbs: readonly AnyVerb[] = [
  {
    name: 'point list',
    summary: 'List the points of an item',
    arguments: [['<item>', 'the item']],
    options: [{ flags: '--deleted', description: 'also those in the trash' }],
    examples: ['tharsis point list documents'],
    load: async () => (await import('./point-verbs.ts')).listPoints,
  },
  {
    name: 'point show',
    summary: 'Show one point: sizes, folders, warnings',
    arguments: [
      ['<item>', 'the item'],
      ['<point>', pointHelp],
    ],
    options: [],
    examples: ['tharsis point show documents latest'],
    load: async () => (await import('./point-verbs.ts')).showPoint,
  },
  {
    name: 'point files',
    summary: 'List the files of a point',
    arguments: [
      ['<item>', 'the item'],
      ['<point>', pointHelp],
      ['[path]', 'a folder or file in the point'],
    ],
    options: [{ flags: '--depth <levels>', description: 'levels below the folder (default: all)' }],
    examples: ['tharsis point files documents 2026-11-22 /home/me/Documents --depth 1'],
    load: async () => (await import('./point-verbs.ts')).listFiles,
  },
]

const restoreVerbs: readonly AnyVerb[] = [
  {
    name: 'restore files',
    summary: 'Restore a point, or some folders and files of it',
    details:
      'One folder puts its content straight into DIR; several become DIR/<name>. Damaged files are left out and named, ' +
      'and the exit status is 8. Every file is read back and compared after it was written.',
    arguments: [
      ['<item>', 'the item'],
      ['<point>', pointHelp],
      ['[paths...]', 'folders and files in the point; none: all of it'],
    ],
    options: [
      { flags: '--to <dir>', description: 'restore into this folder' },
      { flags: '--original', description: 'restore to the original places' },
      {
        flags: '--conflict <rule>',
        description: 'a file that is there already: keep both, replace it, or leave it',
        choices: ['copy', 'overwrite', 'skip'],
        default: 'copy',
      },
      {
        flags: '--only <which>',
        description: 'only files that are missing or differ',
        choices: ['missing', 'changed'],
      },
      { flags: '--plan', description: 'say what would be done, and do nothing' },
      { flags: '--no-metadata', description: 'contents only: no owners, permissions, times, attributes' },
      { flags: '--special', description: 'also what gives power: set-user-id bits, capabilities, devices' },
    ],
    examples: [
      'tharsis restore files documents latest --to /tmp/back',
      'tharsis restore files documents 2026-11-22 /home/me/Documents/tax --original --plan',
    ],
    load: async () => (await import('./restore-verbs.ts')).restoreFiles,
  },
]

const cacheVerbs: readonly AnyVerb[] = [
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

const settingsVerbs: readonly AnyVerb[] = [
  {
    name: 'settings get',
    summary: 'Show settings',
    arguments: [['[name]', 'cache-budget, instant-days, gentle, verify-days or upload-limit; none: all']],
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
      'The value "default" goes back to that.',
    arguments: [
      ['<name>', 'cache-budget, instant-days, gentle, verify-days, trash-days or upload-limit'],
      ['<value>', 'the new value'],
    ],
    options: [],
    examples: [
      'tharsis settings set cache-budget 20GiB',
      'tharsis settings set upload-limit 10Mbit',
      'tharsis settings set instant-days default',
    ],
    load: async () => (await import('./setting-verbs.ts')).setSetting,
  },
]

const chunkVerbs: readonly AnyVerb[] = (
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

export const verbs: readonly AnyVerb[] = [
  ...vaultVerbs,
  ...machineVerbs,
  ...keyVerbs,
  ...itemVerbs,
  ...policyVerbs,
  ...stopVerbs,
  {
    name: 'backup-now',
    summary: 'Back up an item now',
    details:
      'The first backup is full, every later one stores only what changed. Ends with exit status 3 when some files ' +
      'could not be read. When a protected folder is absent, replaced or nearly emptied, no point is made; --accept ' +
      'goes on. The point is kept until the date that is given, else as long as the policy keeps every point; an item is ' +
      'backed up on demand at most 9 times a day. With --watch, SIGUSR2 asks for a backup at once, and "--output json" prints one document a line.',
    arguments: [['<item>', 'the item']],
    options: [
      { flags: '--retain-until <date>', description: 'keep this point until then' },
      { flags: '--retain-days <days>', description: 'keep this point so many days (1 or more)' },
      {
        flags: '--scheduled',
        description: 'a run of a schedule of your own (cron, a timer): kept by all rules of the policy',
      },
      { flags: '--no-wait', description: 'with a running agent: start it and do not wait for its end' },
      { flags: '--watch', description: 'go on until interrupted: watch the folders, and look only where they changed' },
      { flags: '--every <minutes>', description: 'with --watch: back up so often', default: '15' },
    ],
    examples: [
      'tharsis backup-now documents',
      'tharsis backup-now documents --watch --every 5',
      'tharsis backup-now documents --retain-until 2027-12-31',
    ],
    load: async () => (await import('./backup-verbs.ts')).backupNow,
  },
  ...jobVerbs,
  ...pointVerbs,
  ...markVerbs,
  ...restoreVerbs,
  ...cacheVerbs,
  ...settingsVerbs,
  ...agentVerbs,
  ...pinVerbs,
  {
    name: 'doctor',
    summary: 'Check this machine, the home folder and the vaults',
    arguments: [],
    options: [],
    examples: ['tharsis doctor'],
    load: async () => (await import('./doctor-verb.ts')).doctor,
  },
  ...chunkVerbs,
]

export const commonOptions: readonly VerbOption[] = [
  { flags: '--home <dir>', description: "the agent's home folder (or THARSIS_HOME)" },
  {
    flags: '--output <form>',
    description: 'table for people, json for programs',
    choices: ['table', 'json'],
    default: 'table',
  },
  { flags: '--quiet', description: 'results and problems only: no progress, no remarks' },
  { flags: '--no-color', description: 'no colours' },
  { flags: '--yes', description: 'do not ask before something is replaced' },
  { flags: '--accept', description: 'go on where a protected folder is absent, replaced or nearly empty' },
  {
    flags: '--passphrase-file <file>',
    description: 'file whose first line is the passphrase, instead of THARSIS_PASSPHRASE',
  },
  { flags: '--pin-file <file>', description: 'file whose first line is the PIN, instead of THARSIS_PIN' },
]

export const exitStatusLines: readonly string[] = [
  '0 done · 1 failed · 2 wrong usage · 3 done with warnings · 4 not found · 5 refused',
  '6 vault unreachable · 7 wrong passphrase · 8 damaged data found · 130 cancelled',
]
