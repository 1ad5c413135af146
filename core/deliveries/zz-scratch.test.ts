import t from 'tap'
import { sql } from 'kysely'
import { testDatabase } from '../../test/support/database.ts'
import { writeFileSync } from 'node:fs'
t.test('x', async t => {
  const { owner } = await testDatabase(t)
  const out: string[] = []
  const run = async (n = 3000) => {
    const { rows: [r] } = await sql<{ ms: number }>`select 1 as ms`.execute(owner)
    const began = performance.now()
    await sql.raw(`do $$ begin for i in 1..${n} loop insert into events (tenant_id, id, mode, type, subject_id, data, created_at) values ('00000000-0000-7000-8000-000000000001', gen_random_uuid(), 'test', 'payment.succeeded', gen_random_uuid(), '{"a":1}', now()); end loop; end $$`).execute(owner)
    return (performance.now() - began) / n * 1000
  }
  const min = { on: Infinity, off: Infinity, one: Infinity }
  for (let i = 0; i < 6; i++) {
    await sql`alter table events disable trigger fan_out`.execute(owner)
    min.off = Math.min(min.off, await run())
    await sql`alter table events enable trigger fan_out`.execute(owner)
    min.on = Math.min(min.on, await run())
  }
  await sql`insert into tenants (id, name, country) values ('00000000-0000-7000-8000-000000000001', 'a', 'MX')`.execute(owner)
  await sql`insert into webhook_endpoints (tenant_id, id, mode, url, event_types, created_at, updated_at) values ('00000000-0000-7000-8000-000000000001', gen_random_uuid(), 'test', 'x', '{*}', now(), now())`.execute(owner)
  for (let i = 0; i < 4; i++) min.one = Math.min(min.one, await run())
  out.push(JSON.stringify(min))
  const { rows } = await sql.raw<any>(`explain (analyze, costs off) insert into events (tenant_id, id, mode, type, subject_id, data, created_at) values ('00000000-0000-7000-8000-000000000001', gen_random_uuid(), 'test', 'payment.succeeded', gen_random_uuid(), '{"a":1}', now())`).execute(owner)
  out.push(rows.map((r: any) => r['QUERY PLAN']).join('\n'))
  await sql`analyze deliveries`.execute(owner)
  const { rows: c } = await sql.raw<any>(`explain (analyze, costs off, buffers) with recursive waiting as (
            (select d.endpoint_id from deliveries d where d.next_attempt_at is not null order by d.endpoint_id limit 1)
            union all
            select (select d.endpoint_id from deliveries d where d.next_attempt_at is not null and d.endpoint_id > q.endpoint_id order by d.endpoint_id limit 1)
              from waiting q where q.endpoint_id is not null
          ) select * from waiting`).execute(owner)
  out.push(c.map((r: any) => r['QUERY PLAN']).join('\n'))
  const began = performance.now()
  for (let i = 0; i < 20; i++) await sql.raw(`select count(*) from gate.claim_deliveries(now() + interval '1 hour', 30000, 64, '{}', '{}')`).execute(owner)
  out.push(`claim 64 (window 8): ${((performance.now() - began) / 20).toFixed(2)} ms`)
  const { rows: p } = await sql.raw<any>(`explain (analyze, costs off, buffers) select d.tenant_id, d.id from deliveries d
                where d.endpoint_id = (select id from webhook_endpoints limit 1) and d.next_attempt_at <= now() + interval '1 hour' and (d.leased_until is null or d.leased_until <= now()) order by d.next_attempt_at, d.seq limit 64 for update skip locked`).execute(owner)
  out.push(p.map((r: any) => r['QUERY PLAN']).join('\n'))
  writeFileSync('/tmp/scratch/out.txt', out.join('\n\n'))
  t.pass('x')
})
