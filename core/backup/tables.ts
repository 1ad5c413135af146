/** What PostgreSQL's own catalogue says of our tables. No table is known here by name, so that none can be forgotten. */
import type pg from 'pg'

export interface Table {
  name: string
  /** Without those that the database computes. */
  columns: string[]
  months: { name: string, bounds: string }[]
  /** All of its rows are shown to `pasarela_backup`. */
  readable: boolean
}

/** Every table of ours, without partitions and without the migrator's books. In alphabetical order. */
export async function listTables (client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    select c.relname as name,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
      coalesce((select jsonb_agg(jsonb_build_object('name', p.relname, 'bounds', pg_get_expr(p.relpartbound, p.oid)) order by p.relname)
        from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = c.oid and pg_get_expr(p.relpartbound, p.oid) <> 'DEFAULT'), '[]') as months,
      not c.relrowsecurity or (exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'backup' and p.polcmd in ('r', '*') and p.polpermissive
          and p.polroles @> array[to_regrole('pasarela_backup')::oid] and pg_get_expr(p.polqual, p.polrelid) = 'true')
        and not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive)) as readable
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ '^kysely_' order by c.relname`)
  return rows
}

export interface Sequence { table: string, column: string, name: string }

/** Those that belong to a column. */
export async function listSequences (client: pg.ClientBase): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(`
    select t.relname as "table", a.attname as "column", quote_ident(n.nspname) || '.' || quote_ident(s.relname) as name
    from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S' join pg_namespace n on n.oid = s.relnamespace
    join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and t.relnamespace = 'public'::regnamespace order by 1, 2`)
  return rows
}

export interface ForeignKey { table: string, name: string, definition: string }

export async function listForeignKeys (client: pg.ClientBase): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(`
    select t.relname as "table", k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class t on t.oid = k.conrelid where k.contype = 'f' and t.relnamespace = 'public'::regnamespace and k.conparentid = 0 order by 1, 2`)
  return rows
}

/** Names of the migrations that the database has, in order; none where it has no tables of ours. */
export async function appliedMigrations (client: pg.ClientBase): Promise<string[]> {
  const { rows: [there] } = await client.query<{ is: boolean }>("select to_regclass('public.kysely_migration') is not null as is")
  if (there?.is !== true) return []
  const { rows } = await client.query<{ name: string }>('select name from public.kysely_migration order by name')
  return rows.map(({ name }) => name)
}
