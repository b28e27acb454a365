/** The shell's line to a real agent: found or started, lost and found again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestFolder } from '../test/support/test-home.ts'
import { AgentLink, type AgentState } from './agent-link.ts'

const projectFolder = join(import.meta.dirname, '..')

test('an agent is started where none answers, and again when it has been killed', { timeout: 90_000 }, async () => {
  using folder = new TestFolder('shell-')
  const home = folder.at('home')
  const agents: ChildProcess[] = []
  const start = async () => {
    const tharsis = join(projectFolder, 'agent-core', 'cli', 'tharsis.mjs')
    agents.push(spawn(process.execPath, [tharsis, 'agent', 'run', '--home', home], { stdio: 'ignore' }))
  }
  const log: string[] = []
  const link = new AgentLink({ home, start, log: (words) => log.push(words) })
  const seen: AgentState[] = []
  const reached = async (state: AgentState) => {
    if (link.state === state) return
    await new Promise<void>((resolve) => {
      link.onChange = () => {
        seen.push(link.state)
        if (link.state === state) resolve()
      }
    })
  }
  try {
    link.begin()
    await reached('connected')
    expect(link.overview).toEqual({ items: [], damage: [], pausedUntil: null })
    expect(await link.methods?.listJobs({})).toEqual([])
    agents[0]?.kill('SIGKILL')
    await reached('gone')
    expect(link.methods).toBeUndefined()
    await reached('connected')
    expect(agents).toHaveLength(2)
    expect(seen).toContain('starting')
    expect(log).not.toEqual([])
  } finally {
    link.dispose()
    for (const agent of agents) agent.kill('SIGKILL')
  }
})
