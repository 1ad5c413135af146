/** Processes that are killed and come back, as under a supervisor. */
import { eventually } from '../eventually.ts'
import type { ServerProcess } from '../server-process.ts'

export interface Kept {
  /** Whether it serves now. */
  isUp: () => boolean
  up: () => Promise<void>
  /** `kill -9`; false when there is nothing to kill. It comes back by itself. */
  kill: () => boolean
  /** How often it ended without being killed by us. */
  fell: () => number
  /** What it wrote, all lives together. */
  output: () => string
  /** Ends it for good. */
  stop: () => Promise<void>
}

const livesAtMost = 2_000

/** Starts it, and starts it again whenever it ends, until it is stopped. */
export function keepAlive (start: () => ServerProcess): Kept {
  let current: ServerProcess | undefined
  let isUp = false
  const stopping = new AbortController()
  let killed = false
  let fell = 0
  const said: string[] = []
  const over = live()

  async function live (): Promise<void> {
    for (let life = 0; life < livesAtMost && !stopping.signal.aborted; life++) {
      const process = current = start()
      killed = false
      void process.up.then(() => { isUp = process === current && !killed }, () => {})
      await process.ended
      isUp = false
      said.push(process.output())
      if (!killed && !stopping.signal.aborted) fell++
    }
  }

  return {
    isUp: () => isUp,
    up: async () => { await eventually('it is up again', () => isUp, { withinMs: 60_000 }) },
    kill: () => {
      if (killed || current === undefined) return false
      killed = true
      isUp = false
      current.kill('SIGKILL')
      return true
    },
    fell: () => fell,
    output: () => [...said, current?.output() ?? ''].join(''),
    stop: async () => {
      stopping.abort()
      current?.kill('SIGKILL')
      await over
    }
  }
}
