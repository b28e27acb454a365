/** The files and folders that were chosen for a restore. A folder stands for all that is in it. Pure. */
import type { PointFile } from '../../../agent-core/contract/index.ts'

export type Basket = ReadonlyMap<string, PointFile>

/** `own`: chosen itself; `within`: a folder above is; `partly`: something below is. */
export type Chosen = 'own' | 'within' | 'partly' | 'no'

export function chosenOf(basket: Basket, path: string): Chosen {
  if (basket.has(path)) return 'own'
  if (basket.size === 0) return 'no'
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (basket.has(path.slice(0, end))) return 'within'
  }
  const below = `${path}/`
  for (const other of basket.keys()) if (other.startsWith(below)) return 'partly'
  return 'no'
}

/** Puts a file in, without what is in it already, or takes it out. What is chosen with a folder above stays as it is. */
export function toggle(basket: Basket, file: PointFile): Basket {
  const chosen = chosenOf(basket, file.path)
  if (chosen === 'within' || !isChoosable(file)) return basket
  const next = new Map(basket)
  if (chosen === 'own') {
    next.delete(file.path)
    return next
  }
  for (const path of basket.keys()) if (path.startsWith(`${file.path}/`)) next.delete(path)
  return next.set(file.path, file)
}

export function without(basket: Basket, path: string): Basket {
  const next = new Map(basket)
  next.delete(path)
  return next
}

/** A name that is not text cannot be asked for by itself, only with the folder that holds it. */
export function isChoosable(file: PointFile): boolean {
  return file.pathBytes === undefined
}
