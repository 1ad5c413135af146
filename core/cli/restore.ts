import path from 'node:path'
import { loadConfig } from '../config.ts'
import { type Command, Refused, text, UsageError } from './command.ts'
import { withDatabase } from './database.ts'

export const restore: Command = {
  name: 'restore',
  group: 'Backup',
  summary: 'Put a backup into an empty database',
  about: [
    'Before anything is written it reads the whole backup and compares every part with its hash, looks whether the master keys of this configuration open what is in it (and says which are missing), whether this version knows its migrations, and that the database is empty. Then all rows come in one transaction, and the documents into the storage of this configuration. A backup of an older version is migrated to this one.',
    'Without --into it goes into the database of this configuration: with an empty PASARELA_DATA_DIR and no DATABASE_… that is a new bundled one. On another server the roles are made as `pasarela migrate` makes them; the passwords of roles that are there already are not changed.',
    'The restored hub is a twin: started, it asks the same providers, sends the same mails, and delivers the same webhooks. To look at it beside the first one, run it with PASARELA_ROLES=api, so that nothing happens by itself.'
  ],
  options: {
    from: { value: 'DIR|FILE.tar', help: 'what `pasarela backup` wrote', required: true },
    into: { value: 'DATABASE_URL', help: 'owner of the empty database; the configured one when left out' }
  },
  examples: [
    { line: 'restore --from /mnt/backups/2026-11-21.tar --into postgres://owner:…@db/pasarela_new', what: 'into a new database' },
    { line: 'restore --from /mnt/backups/2026-11-21.tar', what: 'into the configured one, such as a new PASARELA_DATA_DIR' }
  ],
  run: async call => {
    const [{ restore }, { configuredKeyring }, { createDocumentStore }] = await Promise.all([import('../backup/restore.ts'), import('../backup/keyring.ts'), import('../documents/create-store.ts')])
    const { env, out } = call
    const into = text(call, 'into')
    if (into !== undefined && !/^postgres(ql)?:\/\//.test(into)) throw new UsageError('--into must be a URL that starts with postgres://')
    // Its roles are those that it has, or that are made: what is configured is of another database.
    const config = loadConfig(into === undefined ? env : { ...env, DATABASE_URL: into, DATABASE_APP_URL: undefined, DATABASE_QUEUE_URL: undefined })
    return await withDatabase(config, { make: true, note: out.note }, async ({ ownerUrl, appUrl, queueUrl }) => {
      if (ownerUrl === undefined) throw new Refused('DATABASE_URL is not set: a restore needs the owner of the database.')
      const report = await restore({
        source: text(call, 'from')!, ownerUrl, appUrl, queueUrl, secretsFile: path.join(config.dataDir, 'database-roles.json'),
        documents: createDocumentStore(config), keyring: configuredKeyring(config), progress: out.note
      })
      out.say(`Restored as of ${report.made_at}: ${report.rows} rows of ${report.tables} tables, ${report.documents} documents${report.migrated.length === 0 ? '' : `; migrated to ${report.migrated.at(-1)}`}.`)
      out.json(report)
      return 0
    })
  }
}
