/**
 * The smallest parts that documents are made of, with bounds: what comes over a transport is hostile until it has passed
 * them. Every string and every list has a limit.
 */
import { z } from 'zod'
import { type ErrorCode, errorTable, type FileWarning } from './errors.ts'

/** What a schema lets through, read-only all the way down. */
export type Value<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>

export type DeepReadonly<Type> = Type extends string | number | boolean | bigint | null | undefined
  ? Type
  : Type extends readonly unknown[]
    ? { readonly [Index in keyof Type]: DeepReadonly<Type[Index]> }
    : Type extends object
      ? { readonly [Key in keyof Type]: DeepReadonly<Type[Key]> }
      : Type

/** Words for people, and whatever else has no narrower form. */
export const text = z.string().max(8192)
/** What a person calls a vault, item or policy; its exact form is checked where the name is given. */
export const name = z.string().max(256)
/** A path of this machine or in a point. Linux gives up at 4,096 bytes, a path in a point may be longer. */
export const path = z.string().max(65_536)
export const passphrase = z.string().max(4096)
/** ISO 8601, UTC. JavaScript's calendar ends at the year 275,760. */
export const time = z.string().max(32)
/** How many there are of something. */
export const count = z.int().min(0)
/** How many bytes. */
export const bytes = z.number().min(0)
/** Milliseconds since 1970-01-01 UTC. */
export const instantMs = z.number().min(-8.64e15).max(8.64e15)

/** 32 hex digits. */
export function id<Id extends string>(): z.ZodType<Id, Id> {
  return z.string().regex(/^[0-9a-f]{32}$/) as unknown as z.ZodType<Id, Id>
}

/** A list that is never longer than `most`. */
export function list<Schema extends z.ZodType>(schema: Schema, most = 100_000): z.ZodArray<Schema> {
  return z.array(schema).max(most)
}

/** A property that may be left out, but is not undefined when it is there. */
export const optional = z.exactOptional

export const errorCode = z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]])

/** A path as documents show it: UTF-8 text, and the raw bytes (base64) where they are not UTF-8. */
export const shownPath = z.object({ path, pathBytes: optional(path) })
export type ShownPath = Value<typeof shownPath>

/** A warning about one file, as jobs list it. */
export const fileWarning = shownPath.extend({
  code: errorCode,
  message: text,
  advice: text,
}) satisfies z.ZodType<FileWarning>

/** An error as documents hold it: words, advice, and the exit status of the verb that ends with it. */
export const failure = z.object({ code: text, message: text, advice: text, exitCode: z.int().min(0).max(255) })
export type Failure = Value<typeof failure>
