/** Restores, jobs, the agent and its engine. */
import { type File, type Reason, spec } from './error-spec.ts'

export const jobErrors = {
  // restore
  'restore.target': spec<File & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 2,
    words: (d) => `Nothing can be restored into ${d.path}: ${d.reason}.`,
    advice: () => 'Give a folder that can be written, outside the vault and the home folder.',
  }),
  'restore.no-space': spec<File & { needed: string; free: string }>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `${d.path} has not enough room: ${d.needed} needed, ${d.free} free.`,
    advice: () => 'Make room or restore to another place, and run it again; what is restored already is skipped.',
  }),

  // job: what the agent runs
  'job.not-found': spec<{ job: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `There is no job "${d.job}".`,
    advice: () => 'See "tharsis job list".',
  }),
  'job.ambiguous': spec<{ job: string; matches: readonly string[] }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `"${d.job}" fits several jobs: ${d.matches.join(', ')}.`,
    advice: () => 'Give more digits of the id.',
  }),
  'job.over': spec<{ job: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Job ${d.job} is over, or another process runs it.`,
    advice: () => 'See "tharsis job list". What another process runs is stopped there, with Ctrl-C.',
  }),

  // agent: the process in the background
  'agent.running': spec<{ home: string; pid: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `An agent runs already for the home folder ${d.home} (pid ${d.pid}).`,
    advice: () => 'Use that one; "tharsis agent stop" ends it.',
  }),
  'agent.not-running': spec<{ what: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `No agent runs for this home folder, and without one ${d.what}.`,
    advice: () => 'Start one with "tharsis agent run".',
  }),
  'agent.port-used': spec<{ port: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `Another program listens on port ${d.port} of this machine.`,
    advice: () => 'Give another one with --port; 0 takes any that is free.',
  }),
  'agent.stopping': spec<Record<never, never>>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: () => 'The agent is about to end and takes no more jobs.',
    advice: () => 'Run this again in a moment.',
  }),
  'agent.lost': spec<Reason>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: (d) => `The connection to the agent was lost: ${d.reason}.`,
    advice: () => 'See "tharsis agent status" and "tharsis job list"; what it was doing goes on when it runs again.',
  }),
  'agent.fault': spec<{ logId: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The agent has met a fault in Tharsis (log id ${d.logId}).`,
    advice: (d) => `Please report it with log id ${d.logId}; agent.log in the home folder tells more.`,
  }),

  // engine
  'engine.worker-died': spec<Reason>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `A worker thread ended unexpectedly (${d.reason}); what it was part of was given up.`,
    advice: () => 'Run the same command again; please report it if it happens again.',
  }),
} as const
