/**
 * The roles of one installation. `pasarela_app` is what requests and jobs run as: it owns nothing and no policy lets it
 * pass. `pasarela_queue` sees BullMQ's schema only. Two cannot log in: `pasarela_gate`, whose rights gate functions have, and
 * `pasarela_backup`, which reads every row and writes none: the owner becomes it to make a backup.
 *
 * Roles belong to the whole server while locks belong to one database, so two databases that migrate at once meet here:
 * every step looks first, and is repeated when another was faster.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { codeOf } from './errors.ts'

export type Group = 'pasarela_app' | 'pasarela_queue'

/** A role that logs in: the group itself, or a member of it under a name that the operator chose. */
export interface Login { group: Group, url: string, generated: boolean }

const attempts = 40

/** Makes what is missing, changes no password, and refuses roles that would see past the policies. */
export async function ensureRoles (client: pg.Client, logins: Login[]): Promise<void> {
  await repeated(async () => {
    for (const group of ['pasarela_app', 'pasarela_queue'] as const) {
      const own = logins.find(login => nameOf(login.url) === group)
      await ensureRole(client, group, `login nosuperuser nobypassrls${own ? passwordClause(client, own.url) : ''}`)
    }
    for (const role of ['pasarela_gate', 'pasarela_backup'] as const) {
      await ensureRole(client, role, 'nologin nosuperuser nobypassrls')
      await join(client, role)
    }
    for (const { group, url } of logins) {
      const name = nameOf(url)
      if (name === group) continue
      if (name.startsWith('pasarela_gate') || name === 'pasarela_backup' || name === (group === 'pasarela_app' ? 'pasarela_queue' : 'pasarela_app')) throw new Error(`${name} has another purpose: it cannot be used as ${group}.`)
      await ensureRole(client, name, `login nosuperuser nobypassrls${passwordClause(client, url)}`)
      const { rows: [member] } = await client.query<{ is: boolean }>("select pg_has_role($1, $2, 'usage') as is", [name, group])
      if (!member?.is) await client.query(`grant ${group} to ${client.escapeIdentifier(name)} with inherit true`)
    }
  })
}

/** Sees that a login works. A password of our own making is set anew; one that was given is the operator's to correct. */
export async function ensureLogin (client: pg.Client, login: Login): Promise<void> {
  if (await canLogIn(login.url)) return
  const name = nameOf(login.url)
  if (!login.generated) {
    throw new Error(`The role ${name} exists and has another password than its URL says. Correct the URL, or: alter role ${client.escapeIdentifier(name)} login password '…'`)
  }
  await repeated(async () => { await client.query(`alter role ${client.escapeIdentifier(name)} login${passwordClause(client, login.url)}`) })
  if (!(await canLogIn(login.url))) throw new Error(`The role ${name} cannot log in with the password that was just set: see pg_hba.conf.`)
}

/** Repeats work that met another process on the server's shared catalogues. Bounded, with a short random pause. */
export async function repeated (work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === attempts || !metAnother(error)) throw error
      await delay(randomInt(2, 40))
    }
  }
}

export function nameOf (url: string): string {
  const name = decodeURIComponent(new URL(url).username)
  if (!name) throw new Error('A database URL must name its user: postgres://user:password@host/database')
  return name
}

async function ensureRole (client: pg.Client, name: string, attributes: string): Promise<void> {
  const { rows: [found] } = await client.query<{ above: boolean, me: boolean }>(
    'select rolsuper or rolbypassrls as above, rolname = current_user as me from pg_roles where rolname = $1', [name])
  if (!found) {
    await client.query(`create role ${client.escapeIdentifier(name)} ${attributes}`)
  } else if (found.me) {
    throw new Error(`${name} is the owner of the database: the application needs a role that owns nothing.`)
  } else if (found.above) {
    throw new Error(`The role ${name} is a superuser or bypasses row-level security, so tenants would not be separated. Use another, or: alter role ${client.escapeIdentifier(name)} nosuperuser nobypassrls`)
  }
}

/** The owner may become the role, to make the gate's functions or to read a backup, without having its rights otherwise: `inherit true` would show it every row. */
async function join (client: pg.Client, role: 'pasarela_gate' | 'pasarela_backup'): Promise<void> {
  const { rows: [member] } = await client.query<{ inherits: boolean | null, sets: boolean | null }>(`
    select bool_or(inherit_option) as inherits, bool_or(set_option) as sets from pg_auth_members
    where roleid = $1::regrole and member = current_user::regrole`, [role])
  if (member?.sets && !member.inherits) return
  try {
    await client.query(`grant ${role} to current_user with inherit false, set true`)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    const { rows: [me] } = await client.query<{ name: string }>('select current_user as name')
    throw new Error(`The role ${role} was made by another user, so ${me?.name} may not join it. As that user: grant pasarela_app, pasarela_queue, pasarela_gate, pasarela_backup to ${client.escapeIdentifier(me?.name ?? '')} with admin option, inherit false, set true`, { cause: error })
  }
}

function metAnother (error: unknown): boolean {
  const code = codeOf(error)
  return code === '42710' || code === '23505' || (code === 'XX000' && /concurrently (updated|deleted)/.test((error as Error).message))
}

/** False when the server refuses the user or the password; a server that cannot be asked from here is not our business. */
async function canLogIn (url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'pasarela migrate' })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch (error) {
    return !codeOf(error)?.startsWith('28')
  } finally {
    await client.end().catch(() => {})
  }
}

/** As the verifier that the server would compute: a password in a statement could end in the server's log. */
function passwordClause (client: pg.Client, url: string): string {
  const password = decodeURIComponent(new URL(url).password)
  if (!password) return ''
  const ascii = /^[\x20-\x7e]+$/.test(password) // beyond it SCRAM normalises: leave that to the server
  return ` password ${client.escapeLiteral(ascii ? scramVerifier(password) : password)}`
}

/** RFC 5803, in PostgreSQL's form: https://www.postgresql.org/docs/18/catalog-pg-authid.html */
function scramVerifier (password: string, iterations = 4096): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}
