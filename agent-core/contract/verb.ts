/**
 * How a verb of the agent is declared. One entry in `verbs/` is all that a verb needs to be had over every transport:
 * the method of `AgentApi`, the procedure of the oRPC contract, its checks and its page in docs/rpc.md are made of it.
 *
 * - `call` answers once.
 * - `task` takes a while: it tells its progress, can be stopped, and answers at the end. Some are jobs
 *   (`job-specs.ts`).
 * - `listing` gives many entries, one after the other.
 * - `feed` gives the state first and then what changes, until its reader goes.
 */
import type { z } from 'zod'
import type { Value } from './bounds.ts'
import type { Progress } from './documents/progress.ts'
import type { JobId } from './ids.ts'

/** Name and schema of one parameter; the order is that of the method's arguments. */
export type Parameter = readonly [name: string, schema: z.ZodType]

export const jobKinds = [
  'backup',
  'restore',
  'verify',
  'prune',
  'merge',
  'replicate',
  'drill',
  'rebuild-cache',
  'move-cache',
] as const
export type JobKind = (typeof jobKinds)[number]

/**
 * Why a job came to be: a person asked, its time came, or its time had been missed. One that goes on with a job that was
 * interrupted has the trigger of that one.
 */
export const jobTriggers = ['person', 'schedule', 'missed'] as const
export type JobTrigger = (typeof jobTriggers)[number]

interface Declared<Parameters extends readonly Parameter[], Answer extends z.ZodType> {
  /** What it does and gives, as sentences. */
  readonly about: string
  readonly parameters: Parameters
  /** What a call or task answers, an entry of a listing, an event of a feed. */
  readonly answer: Answer
}

export interface Call<P extends readonly Parameter[], A extends z.ZodType> extends Declared<P, A> {
  readonly kind: 'call'
}
export interface Task<P extends readonly Parameter[], A extends z.ZodType> extends Declared<P, A> {
  readonly kind: 'task'
}
export interface Listing<P extends readonly Parameter[], A extends z.ZodType> extends Declared<P, A> {
  readonly kind: 'listing'
}

export interface Feed<P extends readonly Parameter[], A extends z.ZodType> extends Declared<P, A> {
  readonly kind: 'feed'
}

/** Any verb, with its types forgotten. */
export type AnyVerbSpec = Declared<readonly Parameter[], z.ZodType> & {
  readonly kind: 'call' | 'task' | 'listing' | 'feed'
}

export type ArgumentsOf<P extends readonly Parameter[]> = { readonly [I in keyof P]: Value<P[I][1]> }

/** Every long verb takes these. */
export interface CallContext {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** The job that this is, where it is one. */
  readonly job?: { readonly id: JobId; readonly trigger: JobTrigger }
  /** The PIN was right, where one is needed, when the job was accepted: it is not asked for again when its turn comes. */
  readonly isPermitted?: boolean
}

/** The method that a declaration stands for. */
export type MethodOf<V> = V extends { kind: 'call'; parameters: infer P extends readonly Parameter[]; answer: infer A }
  ? (...given: ArgumentsOf<P>) => Promise<Value<A & z.ZodType>>
  : V extends { kind: 'task'; parameters: infer P extends readonly Parameter[]; answer: infer A }
    ? (...given: [...ArgumentsOf<P>, context: CallContext]) => Promise<Value<A & z.ZodType>>
    : V extends { parameters: infer P extends readonly Parameter[]; answer: infer A }
      ? (...given: [...ArgumentsOf<P>, context?: Pick<CallContext, 'signal'>]) => AsyncIterable<Value<A & z.ZodType>>
      : never

export function call<const P extends readonly Parameter[], A extends z.ZodType>(declared: Declared<P, A>): Call<P, A> {
  return { ...declared, kind: 'call' }
}

export function task<const P extends readonly Parameter[], A extends z.ZodType>(declared: Declared<P, A>): Task<P, A> {
  return { ...declared, kind: 'task' }
}

export function listing<const P extends readonly Parameter[], A extends z.ZodType>(
  declared: Declared<P, A>,
): Listing<P, A> {
  return { ...declared, kind: 'listing' }
}

export function feed<const P extends readonly Parameter[], A extends z.ZodType>(declared: Declared<P, A>): Feed<P, A> {
  return { ...declared, kind: 'feed' }
}
