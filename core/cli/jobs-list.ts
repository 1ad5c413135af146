import type { Command } from './command.ts'

export const jobsList: Command = {
  name: 'jobs list',
  group: 'Background work',
  summary: 'List what runs by itself, when it ran last and how much waits',
  about: [
    'First the schedules, which run by the clock: how the last run ended, how long it took, what it did, when the next is due. Then the work that rows ask for, each row at its own time: how many rows have a plan, how many of them are due now, and when the next one is. Due and growing means that no worker works.',
    'Any of them can be run now: `pasarela jobs run NAME`. Counting looks at every planned row, so on a large database it takes seconds.'
  ],
  options: { due: { help: 'only what is due now, or failed the last time' } },
  examples: [
    { line: 'jobs list', what: 'all of them' },
    { line: 'jobs list --due', what: 'what to look at when something hangs' }
  ],
  run: async call => {
    const [{ withHub }, { listJobs }, { scheduledTasks }] = await Promise.all([import('./with-hub.ts'), import('../schedules/by-hand.ts'), import('../run-worker.ts')])
    return await withHub(call, async (hub, _masterKeys, means) => {
      const now = hub.now()
      const jobs = (await listJobs(hub, scheduledTasks(hub, means))).filter(job => call.values.due !== true ||
        (job.type === 'rows' ? job.due > 0 : job.last?.outcome === 'failed' || (job.due_at !== null && new Date(job.due_at) <= now)))
      const longest = Math.max(0, ...jobs.map(({ name }) => name.length))
      for (const job of jobs) {
        call.out.json(job)
        if (job.type === 'rows') {
          call.out.say(`${job.name.padEnd(longest)}  ${job.planned === 0 ? 'nothing planned' : `${job.planned} planned, ${job.due} due${job.next_at === null || job.due > 0 ? '' : `, next ${job.next_at}`}`}`)
          continue
        }
        const { last } = job
        const ended = last === null ? 'has not run yet' : `${last.outcome} ${last.finished_at ?? last.started_at}${last.duration_ms === null ? '' : ` in ${last.duration_ms} ms`}`
        call.out.say(`${job.name.padEnd(longest)}  ${ended}${job.due_at === null ? '' : `, next ${job.due_at}`}${last?.error == null ? `  ${summaryOf(last?.counts)}` : `  ${last.error}`}`.trimEnd())
      }
      if (jobs.length === 0) call.out.say('Nothing is due.')
      return 0
    })
  }
}

/** `made 3, forgotten 0` */
export function summaryOf (counts: unknown): string {
  return Object.entries(counts ?? {}).filter(([name]) => name !== 'until').map(([name, value]) => `${name.replaceAll('_', ' ')} ${Array.isArray(value) ? value.length === 0 ? 'none' : value.join(' ') : String(value)}`).join(', ')
}
