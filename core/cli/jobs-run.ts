import type { Hub } from '../hub.ts'
import type { ScheduledTask } from '../schedules/run.ts'
import type { RowWork } from '../schedules/by-hand.ts'
import { type Call, type Command, text, UsageError } from './command.ts'
import { summaryOf } from './jobs-list.ts'

export const jobsRun: Command = {
  name: 'jobs run',
  group: 'Background work',
  summary: 'Run one of them now, and say what it did',
  about: [
    'A schedule runs at once, due or not, and its next run is counted from now; when another process is at it, that is said and nothing is done.',
    'Of work that rows ask for, what is planned for later is brought forward where a look too early does no harm (the status of documents, certificates, audits, self-invoices …; what is due within the quarter of an hour comes by itself and may be in a worker’s hands), and then all that is due is done here, beside running workers. Elsewhere (a bank transfer that may still arrive, a mail that is kept for its time) only what is due is done.',
    'It ends with 1 when the work failed, of a row or as a whole; the reasons are on standard error.'
  ],
  options: { tenant: { value: 'ten_…', help: 'only rows of that tenant' } },
  args: { name: 'NAME', min: 1, max: 1 },
  examples: [
    { line: 'jobs run fiscal-status-sync --tenant ten_…', what: 'ask the authorities about every open document of a tenant' },
    { line: 'jobs run retention', what: 'end now what was kept long enough' },
    { line: 'jobs run unknown-outcomes', what: 'after an outage: ask the providers at once' }
  ],
  run: async call => {
    const [{ withHub }, { rowWork }, { scheduledTasks }, { nearest }, { parseId }] = await Promise.all([
      import('./with-hub.ts'), import('../schedules/by-hand.ts'), import('../run-worker.ts'), import('../config-nearest.ts'), import('../ids.ts')
    ])
    const [name] = call.args as [string]
    const named = text(call, 'tenant')
    const tenantId = named === undefined ? undefined : parseId('tenant', named)
    if (named !== undefined && tenantId === undefined) throw new UsageError('--tenant must be the id of a tenant, such as `pasarela tenants list` shows')
    return await withHub(call, async (hub, _masterKeys, means) => {
      const tasks = scheduledTasks(hub, means)
      const task = tasks.find(task => task.name === name)
      const work = rowWork.find(work => work.name === name)
      if (task !== undefined && tenantId !== undefined) throw new UsageError(`${name} is for the whole installation: it takes no --tenant`)
      if (task !== undefined) return await runSchedule(call, hub, task)
      if (work !== undefined) return await runWork(call, hub, work, tenantId)
      if (name === 'backup') throw new UsageError('there is no schedule backup here: set BACKUP_DIR and DATABASE_URL, or use `pasarela backup --to …`')
      throw new UsageError(`there is no ${name}. Did you mean \`${nearest(name, [...tasks, ...rowWork].map(({ name }) => ({ name, text: name })))}\`? \`pasarela jobs list\` shows all`)
    })
  }
}

async function runSchedule ({ out }: Call, hub: Hub, task: ScheduledTask): Promise<number> {
  const [{ runTask }, { explain }, { Refused }] = await Promise.all([import('../schedules/run.ts'), import('./explain.ts'), import('./command.ts')])
  const ran = await runTask(task, { db: hub.db, now: hub.now, signal: new AbortController().signal, force: true })
  if (!ran.ran) throw new Refused(ran.why === 'busy' ? `${task.name}: another process is at it now.` : 'The platform is not set up yet: start the server once (`pasarela serve`).')
  const { outcome, durationMs } = ran
  if (ran.outcome === 'failed') {
    const error = explain(ran.error)
    out.note(error)
    out.json({ name: task.name, outcome, duration_ms: durationMs, error: ran.error instanceof Error ? ran.error.message : error })
    return 1
  }
  out.say(`${task.name} ${outcome} in ${durationMs} ms. ${summaryOf(ran.counts)}`.trimEnd())
  out.json({ name: task.name, outcome, duration_ms: durationMs, counts: ran.counts })
  return 0
}

async function runWork ({ out }: Call, hub: Hub, work: RowWork, tenantId: string | undefined): Promise<number> {
  const [{ runRows }, { operator }, { getTenant }, { publicId }] = await Promise.all([import('../schedules/by-hand.ts'), import('./operator.ts'), import('../tenants/service.ts'), import('../ids.ts')])
  if (tenantId !== undefined) await getTenant(hub, await operator(hub), publicId('tenant', tenantId))
  const startedAt = performance.now()
  const done = await runRows(hub, work, { tenantId, progress: rows => { out.note(`${rows} rows so far`) } })
  const duration = Math.round(performance.now() - startedAt)
  out.say(`${work.name}: ${work.forward ? `${done.brought_forward} brought forward, ` : ''}${done.rows} rows looked at, ${done.failed} failed, in ${duration} ms.`)
  out.json({ name: work.name, tenant: tenantId === undefined ? null : publicId('tenant', tenantId), outcome: done.failed === 0 ? 'succeeded' : 'failed', duration_ms: duration, ...done })
  return done.failed === 0 ? 0 : 1
}
