/** What is said about points, and about bringing files back, on the command line. */
import type { AnyVerb } from './verb.ts'

const pointHelp = 'an id, the beginning of one, a number, "latest", or a date or time (the newest point not after it)'

export const pointVerbs: readonly AnyVerb[] = [
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

export const restoreVerbs: readonly AnyVerb[] = [
  {
    name: 'restore files',
    summary: 'Restore a point, or some folders and files of it',
    details:
      'One folder puts its content straight into DIR; several become DIR/<name>. Damaged files are left out and named, ' +
      'and the exit status is 8. Every file is read back and compared after it was written. What is there with the same content ' +
      'stays as it is, with its own permissions and times; "--conflict overwrite" gives it those of the point. It asks on a ' +
      'terminal before files are replaced; without one nothing is asked: see with --plan what would be.',
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
