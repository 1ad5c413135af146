import t from 'tap'
import { testDatabase } from '../../test/support/database.ts'
import { bootstrap, makePlatformKey } from './first-run.ts'
import { hashSecret } from './keys.ts'
import { createPasswords } from './passwords.ts'
import { findApiKey } from './queries.ts'

const passwords = createPasswords({ costs: { ln: 4, r: 8, p: 1 } })
const now = () => new Date()

t.test('the first start makes the platform, and no other does', async t => {
  const { db, owner } = await testDatabase(t)
  const first = await bootstrap({ db, now }, { passwords })
  t.ok(first.made)
  const again = await bootstrap({ db, now }, { passwords })
  t.same(again, { platformTenantId: first.platformTenantId, made: null }, 'the secrets are told once')

  const user = await owner.selectFrom('users').selectAll().executeTakeFirstOrThrow()
  t.match(user, { tenant_id: first.platformTenantId, role: 'platform_admin', email: 'admin@pasarela.local' })
  t.match(await passwords.check(first.made!.user.password, [user.password_hash]), [{ matches: true }])
  t.match(await findApiKey(db, hashSecret(first.made!.key.key), now(), null), { kind: 'platform', mode: 'live', tenant_id: first.platformTenantId })
  const audit = await owner.selectFrom('audit_log').select(['action', 'actor_type', 'actor_id']).orderBy('id').execute()
  t.same(audit, ['tenant.created', 'user.created', 'api_key.created'].map(action => ({ action, actor_type: 'system', actor_id: 'first-run' })))
})

t.test('processes that start at once make one', async t => {
  const { db, owner } = await testDatabase(t)
  const all = await Promise.all(Array.from({ length: 6 }, async () => await bootstrap({ db, now }, { passwords })))
  t.equal(all.filter(({ made }) => made !== null).length, 1, 'one of them')
  t.equal(new Set(all.map(({ platformTenantId }) => platformTenantId)).size, 1, 'and all see the same')
  t.equal((await owner.selectFrom('api_keys').select('id').execute()).length, 1)
  t.equal((await owner.selectFrom('users').select('id').execute()).length, 1)
})

t.test('an operator who lost the first key makes another', async t => {
  const { db } = await testDatabase(t)
  await t.rejects(makePlatformKey({ db, now }, 'rescue'), { code: 'not_found' }, 'not before there is a platform')
  const { platformTenantId } = await bootstrap({ db, now }, { passwords })
  const { key } = await makePlatformKey({ db, now }, 'rescue')
  t.match(await findApiKey(db, hashSecret(key), now(), null), { kind: 'platform', tenant_id: platformTenantId })
})
