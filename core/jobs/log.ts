/** What the jobs need of a logger; pino's fits. */
export interface JobsLog {
  debug: (fields: object, message: string) => void
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
  error: (fields: object, message: string) => void
}

/**
 * One broken connection tells every queue and every worker of the process, and a database that is down says so at each
 * try. An error is written once, and its like once in `everyMs`, with how many were held back.
 */
export function quietErrors ({ log, everyMs = 10_000, now = Date.now }: { log: JobsLog, everyMs?: number, now?: () => number }): (error: Error, where: string) => void {
  const told = new WeakSet<Error>()
  const kinds = new Map<string, { at: number, held: number }>()
  return (err, where) => {
    if (told.has(err)) return
    told.add(err)
    const key = (err as { code?: string }).code ?? err.message
    const last = kinds.get(key)
    if (last && now() - last.at < everyMs) {
      last.held++
      return
    }
    if (kinds.size >= 100) kinds.clear() // messages may hold ids: this must not grow for ever
    kinds.set(key, { at: now(), held: 0 })
    log.warn({ err, where, ...(last?.held ? { alike: last.held } : {}) }, 'the queue reported an error')
  }
}
