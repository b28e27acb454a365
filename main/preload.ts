/** Puts the shell into the page: named functions and nothing else. Runs in the sandbox. */
import { contextBridge, ipcRenderer } from 'electron'
import {
  agentPortMessage,
  connectAgentChannel,
  type PageShell,
  shellChannel,
  shellMethods,
} from '../agent-core/contract/shell.ts'

const methods = shellMethods.map((method) => [
  method,
  (...given: readonly unknown[]) => ipcRenderer.invoke(shellChannel, method, given) as Promise<unknown>,
])

const pageShell = {
  ...Object.fromEntries(methods),
  connectAgent: () => ipcRenderer.send(connectAgentChannel),
} as PageShell

contextBridge.exposeInMainWorld('tharsisShell', pageShell)

// A port cannot pass through the bridge, but it can go with a message of the window, to itself alone.
ipcRenderer.on(agentPortMessage, ({ ports }) => window.postMessage(agentPortMessage, '/', [...ports]))
