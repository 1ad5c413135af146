import { loadConfig } from '../config.ts'
import { type Command, Refused, text } from './command.ts'
import { withDatabase } from './database.ts'

export const backup: Command = {
  name: 'backup',
  group: 'Backup',
  summary: 'Write everything into a folder or one file, as of one moment',
  about: [
    'Every row of every table as of one moment, and the documents (XML, PDF) that those rows name, from the folder or the S3 storage of this configuration. Requests go on meanwhile. It needs no pg_dump and no other tool. The queues are not in it: they are made again from the rows.',
    'It needs the owner of the database: DATABASE_URL, or the bundled database. It says whether the master keys of this configuration open what it wrote. The master keys are NOT in the backup, and without them no credential and no certificate in it can be used: keep them elsewhere, with the backups that were made under them.',
    'What stands in the tables in clear (names, amounts, tax ids) stands in the backup in clear: keep it where only operators read. The files are readable by their owner only. A backup that was not finished is called NAME.partial.',
    'It ends with 1 when the backup is written and something is wrong all the same: a document that the storage lost, a master key that is not here.'
  ],
  options: { to: { value: 'DIR|FILE.tar', help: 'a folder that is not there yet, or a file whose name ends in .tar', required: true } },
  examples: [
    { line: 'backup --to /mnt/backups/2026-11-21.tar', what: 'one file' },
    { line: 'backup --to /mnt/backups/2026-11-21 --json', what: 'a folder, with the report for a program' }
  ],
  run: async call => {
    const [{ backup }, { configuredKeyring }, { createDocumentStore }] = await Promise.all([import('../backup/dump.ts'), import('../backup/keyring.ts'), import('../documents/create-store.ts')])
    const { env, out } = call
    const config = loadConfig(env)
    return await withDatabase(config, { make: false, note: out.note }, async ({ ownerUrl }) => {
      if (ownerUrl === undefined) throw new Refused('DATABASE_URL is not set: only the owner of the database can read all of it.')
      const report = await backup({ ownerUrl, documents: createDocumentStore(config), keyring: configuredKeyring(config), target: text(call, 'to')!, now: () => new Date(), progress: out.note })
      const closed = report.master_keys.filter(({ opens }) => !opens)
      for (const { id, data_keys: count } of closed) out.note(`The master key ${id}, which opens ${count} data keys, is not in this configuration: without it a restore is of no use.`)
      for (const key of report.documents_missing.slice(0, 20)) out.note(`The storage does not have ${key} as it was stored.`)
      if (report.documents_missing.length > 20) out.note(`… and ${report.documents_missing.length - 20} more (all are in the manifest).`)
      out.say(`${report.target}: ${report.rows} rows of ${report.tables} tables, ${report.documents} documents, ${Math.ceil(report.bytes / 1e6)} MB. Restored with master keys: ${report.master_keys.map(({ id }) => id).join(', ') || 'none'}.`)
      out.json(report)
      return closed.length === 0 && report.documents_missing.length === 0 ? 0 : 1
    })
  }
}
