import type { Command } from './command.ts'

export const keysRotateMaster: Command = {
  name: 'keys rotate-master',
  group: 'Keys',
  summary: 'Put every data key under the first master key',
  about: [
    'How to change the master key while requests run. 1. Make a key (openssl rand -base64 32), put it last in PASARELA_MASTER_KEYS (k1:…,k2:…) and restart every process: now all of them open it. 2. Put it first (k2:…,k1:…) and restart every process: now all of them seal with it. 3. Run this command. 4. When it ends with 0, take the old key off and restart once more. (One process alone may begin with 2.)',
    'Only the keys that wrap are changed; what is sealed is not touched. A run that was cut off is taken up by the next, and two at once do no harm. It ends with 1 when a row did not open (its master key is missing from PASARELA_MASTER_KEYS, or it was altered), and lists those: they were left as they are, so keep the old key.'
  ],
  examples: [{ line: 'keys rotate-master', what: 'progress on standard error, the count at the end' }],
  run: async call => {
    const [{ withHub }, { rotate }, { parseMasterKeys }, { databaseKeyStore }, { publicId }] = await Promise.all([
      import('./with-hub.ts'), import('../vault/rotate.ts'), import('../vault/master-keys.ts'), import('../vault/database-store.ts'), import('../ids.ts')
    ])
    return await withHub(call, async (hub, masterKeys) => {
      const keyring = parseMasterKeys(masterKeys)
      const { id } = keyring.current
      const { failures, ...count } = await rotate(keyring, databaseKeyStore(hub.db), ({ rewrapped, overtaken, failed }) => {
        call.out.note(`${rewrapped} under ${id}, ${overtaken} changed by another run, ${failed} failed`)
      })
      const failed = failures.map(({ tenant, id, reason }) => ({ tenant: publicId('tenant', tenant), data_key: id, reason }))
      for (const { tenant, data_key: key, reason } of failed) call.out.note(`${tenant}: data key ${key} was left as it is (${reason})`)
      call.out.say(`${count.rewrapped} data keys put under ${id}, ${count.overtaken} changed by another run, ${count.failed} failed.`)
      if (count.complete) call.out.say(`Every data key is under ${id}: older master keys may be taken off once every process seals with ${id}.`)
      else call.out.say('Not all of them are: keep the older master keys, see to what failed, and run this again.')
      call.out.json({ master_key: id, ...count, failures: failed })
      return count.complete && count.failed === 0 ? 0 : 1
    })
  }
}
