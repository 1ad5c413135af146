/**
 * Reads PostgreSQL's own catalogue and tells what breaks the rules of tenancy (docs/security.md): a table, partition, grant,
 * role or function. It knows no table by name, so that a new one is held to the rules from its first day.
 */
import { type Kysely, sql } from 'kysely'

export interface CatalogueOptions {
  /** Tables of public that belong to no tenant and that the application cannot reach. */
  bookkeeping?: readonly string[]
}

const app = 'pasarela_app'
const gate = 'pasarela_gate'
const queue = 'pasarela_queue'
/** Reads every row and writes none. */
const backup = 'pasarela_backup'
const schemas = ['app', 'bullmq', 'gate', 'maintenance', 'public']
/** What the application may hold on a table at all: no truncate, no trigger, no references. */
const rowVerbs = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']
/** Written once: the application may neither change nor delete. What is old enough ends through a gate function. */
const appendOnly = ['audit_log', 'events']
const ofOldAge = ['audit_log DELETE', 'events DELETE', 'events UPDATE']
const policyExpression = (column: string) => `(${column} = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)`

/** One line for each thing that is wrong; an empty list is the proof. */
export async function catalogueProblems (db: Kysely<any>, { bookkeeping = ['kysely_migration', 'kysely_migration_lock'] }: CatalogueOptions = {}): Promise<string[]> {
  return [
    ...await schemaProblems(db),
    ...await tableProblems(db, new Set(bookkeeping)),
    ...await functionProblems(db),
    ...await roleProblems(db)
  ]
}

async function schemaProblems (db: Kysely<any>): Promise<string[]> {
  const { rows } = await sql<{ name: string, creators: string[], queue_in: boolean, app_in: boolean }>`
    select nspname as name, has_schema_privilege(${queue}, oid, 'usage') as queue_in, has_schema_privilege(${app}, oid, 'usage') as app_in,
      array(select r.rolname::text from pg_roles r where r.rolname in (${app}, ${gate}, ${queue}, ${backup}) and has_schema_privilege(r.oid, n.oid, 'create') order by 1) as creators
    from pg_namespace n where nspname !~ '^pg_' and nspname <> 'information_schema'`.execute(db)
  const { rows: defaults } = await sql<{ name: string }>`select coalesce(defaclnamespace::regnamespace::text, 'every schema') as name from pg_default_acl`.execute(db)
  return [
    ...rows.filter(({ name }) => !schemas.includes(name)).map(({ name }) => `schema ${name}: unknown`),
    ...rows.flatMap(({ name, creators }) => creators.filter(role => !(role === queue && name === 'bullmq')).map(role => `schema ${name}: ${role} may create in it`)),
    ...rows.filter(({ name, queue_in: inside }) => inside !== (name === 'bullmq')).map(({ name }) => `schema ${name}: ${queue} and usage do not belong together as they are`),
    ...rows.filter(({ name, app_in: inside }) => inside === (name === 'bullmq')).map(({ name }) => `schema ${name}: ${app} and usage do not belong together as they are`),
    ...defaults.map(({ name }) => `${name}: has default privileges, which nobody reads in a migration`)
  ]
}

interface TableRow {
  name: string
  kind: string
  partition: boolean
  enabled: boolean
  forced: boolean
  owner: string
  key: string[] | null
  columns: string[]
  policies: { name: string, permissive: boolean, command: string, roles: string[], using: string | null, check: string | null }[]
  grants: { who: string, what: string }[]
}

async function tableProblems (db: Kysely<any>, bookkeeping: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await sql<TableRow>`
    select c.relname as name, c.relkind as kind, c.relispartition as partition, c.relrowsecurity as enabled, c.relforcerowsecurity as forced, c.relowner::regrole::text as owner,
      (select array_agg(a.attname::text order by k.n) from pg_index i cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, n)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum where i.indrelid = c.oid and i.indisprimary) as key,
      array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
      coalesce((select jsonb_agg(jsonb_build_object('name', polname, 'permissive', polpermissive, 'command', polcmd::text,
          'roles', array(select case r when 0 then 'public' else r::regrole::text end from unnest(polroles) r),
          'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid)) order by polname) from pg_policy where polrelid = c.oid), '[]') as policies,
      coalesce((select jsonb_agg(distinct jsonb_build_object('who', case g.grantee when 0 then 'public' else g.grantee::regrole::text end, 'what', g.privilege_type)) from (
          select grantee, privilege_type from aclexplode(c.relacl) union all
          select x.grantee, x.privilege_type from pg_attribute a cross join aclexplode(a.attacl) x where a.attrelid = c.oid) g
        where g.grantee <> c.relowner), '[]') as grants
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') order by 1`.execute(db)
  return rows.flatMap(table => problemsOf(table, bookkeeping).map(problem => `${table.name}: ${problem}`))
}

function problemsOf (table: TableRow, bookkeeping: ReadonlySet<string>): string[] {
  const { name, kind, columns, policies, grants, key } = table
  if (kind === 'v' || kind === 'm' || kind === 'f') return ['a view or foreign table: it would show what its owner sees']
  if (kind === 'S') return grants.length > 0 ? ['a sequence that is granted counts across tenants'] : []
  if (bookkeeping.has(name)) return grants.map(({ who, what }) => `${who} has ${what} on bookkeeping`)
  const problems: string[] = []
  if (!table.enabled) problems.push('row-level security is not enabled')
  if (!table.forced) problems.push('row-level security is not forced')
  if (table.partition) {
    // Without a policy of its own a partition shows nothing to who asks it directly; with a grant it would be a second door.
    for (const { who, what } of grants) problems.push(`${who} has ${what} on a partition`)
    for (const policy of policies) problems.push(`a partition has the policy ${policy.name}`)
    return problems
  }
  const column = name === 'tenants' ? 'id' : 'tenant_id'
  if (!columns.includes(column)) return [...problems, `has no ${column}, and is not listed as bookkeeping`]
  if (key?.[0] !== column) problems.push(`the primary key does not begin with ${column}`)
  const own = policies.find(policy => policy.name === 'tenant')
  if (own === undefined) problems.push('has no policy tenant')
  else if (!own.permissive || own.command !== '*' || own.roles.join() !== app || own.using !== policyExpression(column) || own.check !== policyExpression(column)) problems.push('the policy tenant says something else than every other')
  const across = policies.find(policy => policy.name === 'gate')
  if (across !== undefined && (!across.permissive || across.command !== '*' || across.roles.join() !== gate || across.using !== 'true' || across.check !== 'true')) problems.push('the policy gate says something else than every other')
  const reading = policies.find(policy => policy.name === 'backup')
  if (reading === undefined) problems.push('has no policy backup: a backup would not have its rows')
  else if (!reading.permissive || reading.command !== 'r' || reading.roles.join() !== backup || reading.using !== 'true') problems.push('the policy backup says something else than every other')
  if (!grants.some(({ who, what }) => who === backup && what === 'SELECT')) problems.push(`${backup} may not read it`)
  for (const policy of policies) if (policy !== own && policy !== across && policy !== reading) problems.push(`has the policy ${policy.name}`)
  for (const { who, what } of grants) {
    if (who === backup && what === 'SELECT') continue
    if (who !== app && who !== gate) problems.push(`${who} has ${what}`)
    else if (!rowVerbs.includes(what)) problems.push(`${who} has ${what}`)
    else if (who === gate && across === undefined) problems.push(`${gate} has ${what} and no policy`)
    else if (appendOnly.includes(name) && what !== 'SELECT' && what !== 'INSERT' && !(who === gate && ofOldAge.includes(`${name} ${what}`))) problems.push(`${who} has ${what} on what is append-only`)
  }
  return problems
}

interface FunctionRow {
  schema: string
  name: string
  signature: string
  kind: string
  definer: boolean
  owner: string
  path: string | null
  callers: string[]
  app: boolean
}

async function functions (db: Kysely<any>): Promise<FunctionRow[]> {
  const { rows } = await sql<FunctionRow>`
    select n.nspname as schema, p.proname as name, n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature,
      p.prokind as kind, p.prosecdef as definer, p.proowner::regrole::text as owner,
      (select substr(c, 13) from unnest(p.proconfig) c where c like 'search_path=%') as path, has_function_privilege(${app}, p.oid, 'execute') as app,
      array(select case x.grantee when 0 then 'public' else x.grantee::regrole::text end
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee <> p.proowner order by 1) as callers
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2`.execute(db)
  return rows
}

/** What runs with more rights than its caller's, or helps such a one: the lines that docs/security.md must have. */
export async function gateFunctions (db: Kysely<any>): Promise<string[]> {
  return (await functions(db)).filter(({ schema }) => schema === 'gate' || schema === 'maintenance').map(({ schema, name }) => `${schema}.${name}`).sort()
}

async function functionProblems (db: Kysely<any>): Promise<string[]> {
  const all = await functions(db)
  const { rows: [database] } = await sql<{ owner: string }>`select datdba::regrole::text as owner from pg_database where datname = current_database()`.execute(db)
  const { rows: tables } = await sql<{ name: string }>`
    select oid::regclass::text as name from pg_class where relnamespace in ('gate'::regnamespace, 'app'::regnamespace, 'maintenance'::regnamespace) and relkind in ('r', 'p', 'v', 'm', 'f', 'S')`.execute(db)
  const problems = tables.map(({ name }) => `${name}: only functions belong in that schema`)
  const seen = new Set<string>()
  for (const fn of all) {
    const { signature: name, schema } = fn
    const say = (problem: string): void => { problems.push(`${name}: ${problem}`) }
    if (schema === 'public') say('no function belongs in public')
    if (schema === 'bullmq' || schema === 'public') {
      if (fn.definer) say('has its owner’s rights outside of gate and maintenance')
      continue
    }
    if (seen.has(`${schema}.${fn.name}`)) say('has the name of another: the list in the docs could not tell them apart')
    seen.add(`${schema}.${fn.name}`)
    if (fn.kind !== 'f') say('is no plain function')
    if (fn.path === null || !/(^|, )pg_temp$/.test(fn.path)) say('its search_path is not fixed, or pg_temp is not last in it')
    if (fn.callers.includes('public')) say('anybody may call it')
    for (const who of fn.callers) if (who !== app && who !== 'public') say(`${who} may call it`)
    if (schema === 'app') {
      if (fn.definer) say('has its owner’s rights')
      if (!fn.app) say(`${app} may not call it`)
    } else if (schema === 'gate') {
      if (!fn.definer) say('is not security definer')
      if (fn.owner !== gate) say(`belongs to ${fn.owner}`)
      if (!fn.app) say(`${app} may not call it`)
    } else if (schema === 'maintenance') {
      if (fn.owner !== database?.owner) say(`belongs to ${fn.owner}`)
      if (fn.definer !== fn.app) say(fn.definer ? `has its owner’s rights and ${app} may not call it` : `is a helper, and ${app} may call it`)
    }
  }
  return problems
}

async function roleProblems (db: Kysely<any>): Promise<string[]> {
  const names = [app, gate, queue, backup]
  const silent = [gate, backup]
  const { rows: roles } = await sql<{ name: string, login: boolean, above: string[] }>`
    select rolname as name, rolcanlogin as login, array_remove(array[
      case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end, case when rolcreatedb then 'CREATEDB' end,
      case when rolcreaterole then 'CREATEROLE' end, case when rolreplication then 'REPLICATION' end], null) as above
    from pg_roles where rolname = any(${names}::text[])`.execute(db)
  const { rows: owned } = await sql<{ who: string, what: string }>`
    select d.refobjid::regrole::text as who, pg_describe_object(d.classid, d.objid, d.objsubid) as what
    from pg_shdepend d left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass and d.refobjid::regrole::text = any(${names}::text[])
      and d.dbid in (0, (select oid from pg_database where datname = current_database()))
      and not (d.refobjid::regrole::text = ${gate} and p.pronamespace = 'gate'::regnamespace)
      and not (d.refobjid::regrole::text = ${queue} and c.relkind = 'S' and c.relnamespace = 'bullmq'::regnamespace)`.execute(db)
  const { rows: memberships } = await sql<{ of: string, member: string, inherits: boolean }>`
    select roleid::regrole::text as of, member::regrole::text as member, inherit_option as inherits from pg_auth_members
    where member::regrole::text = any(${names}::text[]) or roleid::regrole::text = any(${silent}::text[])`.execute(db)
  return [
    ...names.filter(name => !roles.some(role => role.name === name)).map(name => `role ${name}: is missing`),
    ...roles.flatMap(({ name, above }) => above.map(what => `role ${name}: has ${what}`)),
    ...roles.filter(({ name, login }) => login && silent.includes(name)).map(({ name }) => `role ${name}: can log in`),
    ...owned.map(({ who, what }) => `role ${who}: owns ${what}`),
    ...memberships.filter(({ member }) => names.includes(member)).map(({ of, member }) => `role ${member}: is a member of ${of}`),
    ...memberships.filter(({ of, inherits }) => silent.includes(of) && inherits).map(({ of, member }) => `role ${member}: has the rights of ${of} without asking for them`)
  ]
}
