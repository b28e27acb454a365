/** Every verb of the command line. A verb that is not here does not exist. */
import { agentVerbs, jobVerbs } from './background-verbs.ts'
import { cacheVerbs, chunkVerbs, settingsVerbs } from './home-verb-list.ts'
import { itemVerbs, policyVerbs } from './item-verb-list.ts'
import { machineVerbs } from './machine-verb-list.ts'
import { pointVerbs, restoreVerbs } from './point-verb-list.ts'
import { keyVerbs, markVerbs, pinVerbs, stopVerbs } from './trash-verb-list.ts'
import { vaultVerbs } from './vault-verb-list.ts'
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
      { flags: '--every <minutes>', description: 'with --watch: back up so often (default: 15)' },
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
    details:
      'Ends with the exit status of what is bad: 8 for known damage of a vault, 6 for a vault that is not reachable, 7 for one ' +
      'whose key is not here, 1 for all else; with 3 where something is only worth a look.',
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
  { flags: '--yes', description: 'do not ask before something is replaced or taken away' },
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
