import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import { localMasterKeys } from '../vault/local-keys.ts'
import { type Keyring, parseMasterKeys } from '../vault/master-keys.ts'

/** The master keys of this configuration, without making any. */
export function configuredKeyring ({ masterKeys, dataDir }: Pick<Config, 'masterKeys' | 'dataDir'>): Keyring | undefined {
  const text = masterKeys ?? (existsSync(path.join(dataDir, 'master-keys')) ? localMasterKeys(dataDir) : undefined)
  return text === undefined ? undefined : parseMasterKeys(text)
}
