// Starts the module of a worker thread (worker-thread.ts). A thread does not share the compile cache of its process
// unless it asks for it: without it, a thread strips the types of everything that it imports anew, for half a second,
// and keeps the 10 MB of WebAssembly that do it. Plain JavaScript, so that this file itself needs none of that.
import module from 'node:module'
import { workerData } from 'node:worker_threads'

const { file, compileCache } = /** @type {{ file: string, compileCache: string | undefined }} */ (workerData)
if (compileCache !== undefined) module.enableCompileCache(compileCache)
await import(file)
