import path from 'node:path'
import type { Config } from '../config.ts'
import { localStore } from './local-store.ts'
import { s3Store } from './s3-store.ts'
import type { DocumentStore } from './store.ts'

/** The storage that the environment names; a folder beside the database when it names none. Throws when it names half of one. */
export function createDocumentStore (config: Config): DocumentStore {
  const { documentsS3Bucket: bucket, documentsS3AccessKeyId: accessKeyId, documentsS3SecretAccessKey: secretAccessKey, documentsS3Endpoint: endpoint } = config
  if (bucket === undefined) return localStore(path.join(config.dataDir, 'documents'))
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new Error('DOCUMENTS_S3_BUCKET needs DOCUMENTS_S3_ACCESS_KEY_ID and DOCUMENTS_S3_SECRET_ACCESS_KEY')
  return s3Store({ bucket, accessKeyId, secretAccessKey, region: config.documentsS3Region, ...(endpoint !== undefined && { endpoint }) })
}
