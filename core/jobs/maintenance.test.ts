import t from 'tap'
import { testDatabase } from '../../test/support/database.ts'
import { manualAfter } from './fixtures/manual-after.ts'
import { kept, silent } from './fixtures/silent.ts'
import { inbox, until } from './fixtures/waiting.ts'
import { startMaintenance } from './maintenance.ts'

const now = (): Date => new Date('2026-11-10T12:00:00Z')

t.test('a task runs at the start and again after its time; one that fails, after a minute', async t => {
  const { db } = await testDatabase(t)
  const { log, lines } = kept()
  const clock = manualAfter()
  const runs = inbox<Date>()
  const maintenance = startMaintenance({
    db, now, log, after: clock.after, tasks: [{
      name: 'forget idempotency keys',
      everyMs: 3_600_000,
      run: async ({ now }) => {
        runs.put(now)
        if (runs.items.length === 2) throw new Error('no')
      }
    }]
  })
  t.same(clock.scheduled, [0])
  clock.fire()
  t.same(await runs.take(1), [now()])
  await until('planned', async () => clock.scheduled[0] === 3_600_000)
  clock.fire()
  await until('planned', async () => clock.scheduled[0] === 60_000)
  t.match(lines, [{ level: 'error', fields: { task: 'forget idempotency keys', err: { message: 'no' } } }])
  t.equal(await maintenance.runNow('forget idempotency keys'), true)
  await t.rejects(maintenance.runNow('x'), /no maintenance task/)
  await maintenance.stop()
  t.same(clock.scheduled, [])
  t.equal(runs.items.length, 3)
})

t.test('one process at a time runs a task; another task is free', async t => {
  const { db } = await testDatabase(t)
  const { log, lines } = kept()
  const started = inbox<string>()
  const release = Promise.withResolvers<void>()
  const tasks = ['a', 'b'].map(name => ({ name, everyMs: 1_000, run: async () => { started.put(name); await release.promise } }))
  const clock = manualAfter()
  const one = startMaintenance({ db, tasks, now, log: silent, after: manualAfter().after })
  const two = startMaintenance({ db, tasks, now, log, after: clock.after })
  const first = one.runNow('a')
  await started.take(1)
  t.equal(await two.runNow('a'), false, 'somebody is at it')
  const other = two.runNow('b')
  await started.take(2)
  clock.fire()
  await until('both are put off', async () => clock.scheduled.length === 2)
  t.same(lines.map(({ level }) => level), ['debug', 'debug'])
  release.resolve()
  t.same(await Promise.all([first, other]), [true, true])
  t.equal(await two.runNow('a'), true, 'the lock went with the run')
  await Promise.all([one.stop(), two.stop()])
})

t.test('stopping tells what runs, and waits for it', async t => {
  const { db } = await testDatabase(t)
  const started = inbox<AbortSignal>()
  const task = {
    name: 'roll up',
    everyMs: 1_000,
    run: async ({ signal }: { signal: AbortSignal }) => {
      started.put(signal)
      await new Promise(resolve => { signal.addEventListener('abort', resolve) })
    }
  }
  const maintenance = startMaintenance({ db, tasks: [task], now, log: silent, after: manualAfter().after })
  const run = maintenance.runNow('roll up')
  const [signal] = await started.take(1)
  await maintenance.stop()
  t.equal(await run, true)
  t.ok(signal?.aborted)
})

t.test('a list of tasks that cannot be meant is refused', async t => {
  const { db } = await testDatabase(t)
  const start = (...tasks: { name: string, everyMs: number }[]) => () => startMaintenance({ db, tasks: tasks.map(task => ({ ...task, run: async () => {} })), now, log: silent, after: manualAfter().after })
  t.throws(start({ name: 'a', everyMs: 0 }), RangeError)
  t.throws(start({ name: 'a', everyMs: 31 * 86_400_000 }), RangeError, 'a timer beyond 24 days would fire at once, for ever')
  t.throws(start({ name: 'a', everyMs: 1 }, { name: 'a', everyMs: 1 }), /two/)
})
