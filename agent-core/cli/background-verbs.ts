/** The verbs of jobs and of the agent in the background, as they are declared. */
import { jobKinds } from '../contract/verb.ts'
import type { AnyVerb } from './verb.ts'

const jobHelp = 'the job: an id or the beginning of one'

export const jobVerbs: readonly AnyVerb[] = [
  {
    name: 'job list',
    summary: 'List jobs, newest first: what runs, waits and has run, and why',
    arguments: [],
    options: [
      { flags: '--item <name>', description: 'jobs of this item' },
      { flags: '--kind <kind>', description: 'jobs of this kind', choices: jobKinds },
      { flags: '--live', description: 'only what is not over' },
      { flags: '--limit <count>', description: 'so many at most', default: '50' },
    ],
    examples: ['tharsis job list', 'tharsis job list --item documents --kind backup'],
    load: async () => (await import('./job-verbs.ts')).listJobs,
  },
  {
    name: 'job show',
    summary: 'Show one job: phases, warnings by cause, log',
    arguments: [['<id>', jobHelp]],
    options: [],
    examples: ['tharsis job show 4f2a'],
    load: async () => (await import('./job-verbs.ts')).showJob,
  },
  {
    name: 'job watch',
    summary: 'Follow a job to its end',
    details: 'Ends with the exit status of the job. Interrupted, it lets the job go on.',
    arguments: [['<id>', jobHelp]],
    options: [],
    examples: ['tharsis job watch 4f2a'],
    load: async () => (await import('./job-verbs.ts')).watchJob,
  },
  {
    name: 'job cancel',
    summary: 'Stop a job of the agent; what it has done is kept',
    arguments: [['<id>', jobHelp]],
    options: [],
    examples: ['tharsis job cancel 4f2a'],
    load: async () => (await import('./job-verbs.ts')).cancelJob,
  },
  {
    name: 'pause',
    summary: 'Let all schedules rest for a time',
    details: 'What they miss is caught up once afterwards. Backups that a person asks for run as ever.',
    arguments: [['[time]', 'so long: 30m, 4h, 2d; left out: until "tharsis resume"']],
    options: [],
    examples: ['tharsis pause 4h'],
    load: async () => (await import('./job-verbs.ts')).pauseSchedules,
  },
  {
    name: 'resume',
    summary: 'Follow the schedules again',
    arguments: [],
    options: [],
    examples: ['tharsis resume'],
    load: async () => (await import('./job-verbs.ts')).resumeSchedules,
  },
]

export const agentVerbs: readonly AnyVerb[] = [
  {
    name: 'agent run',
    summary: 'Follow the schedules and serve the desktop app, until it is stopped',
    details:
      'One agent runs for a home folder; while it does, the other verbs go through it. It listens on no port unless ' +
      '--web is given: then on 127.0.0.1 alone, and it prints the address that lets a browser in.',
    arguments: [],
    options: [
      { flags: '--web', description: 'serve browsers of this machine too' },
      { flags: '--port <port>', description: 'with --web: the port (8317 when left out; 0: any free one)' },
    ],
    examples: ['tharsis agent run', 'tharsis agent run --web'],
    load: async () => (await import('./agent-verbs.ts')).runAgent,
  },
  {
    name: 'agent status',
    summary: 'Tell whether an agent runs, and how it is',
    details: 'Ends with exit status 4 when none runs.',
    arguments: [],
    options: [],
    examples: ['tharsis agent status'],
    load: async () => (await import('./agent-verbs.ts')).agentStatus,
  },
  {
    name: 'agent stop',
    summary: 'Let the agent end',
    details: 'Jobs that run are interrupted and lose nothing; backups go on when an agent runs again.',
    arguments: [],
    options: [],
    examples: ['tharsis agent stop'],
    load: async () => (await import('./agent-verbs.ts')).stopAgent,
  },
]
