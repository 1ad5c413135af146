/** Runs `run` after `ms`; the answer cancels it. An argument wherever a test wants to be the clock. */
export type After = (ms: number, run: () => void) => () => void

/** More, and Node fires at once. */
export const longestTimerMs = 2 ** 31 - 1

export const realAfter: After = (ms, run) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

/** Whether `work` ended within `ms`, well or badly. It is not stopped when it did not. */
export async function endsWithin (work: Promise<unknown>, ms: number, after: After = realAfter): Promise<boolean> {
  let cancel = (): void => {}
  const late = new Promise<false>(resolve => { cancel = after(ms, () => resolve(false)) })
  const ended = await Promise.race([work.then(() => true, () => true), late])
  cancel()
  return ended
}

/** The outcome of `work`, or an error that names `what` when it takes longer than `ms`. */
export async function boundedBy<T> (work: Promise<T>, ms: number, what: string): Promise<T> {
  let cancel = (): void => {}
  const late = new Promise<never>((_resolve, reject) => {
    cancel = realAfter(ms, () => reject(new Error(`${what} took longer than ${ms} ms`)))
  })
  return await Promise.race([work, late]).finally(cancel)
}
