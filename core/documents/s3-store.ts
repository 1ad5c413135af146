import { DeleteObjectCommand, GetObjectCommand, HeadBucketCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { checkKey, type DocumentStore } from './store.ts'

export interface S3Options {
  /** Absent: Amazon's own of the region. */
  endpoint?: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
}

/** Any S3-compatible storage (Amazon S3, Cloudflare R2, MinIO). The bucket must exist and be private: links are signed by us and served by us. */
export function s3Store ({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Options): DocumentStore {
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 15_000 }
  })
  return {
    async put (key, bytes, contentType) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: checkKey(key), Body: bytes, ContentType: contentType }))
    },
    async get (key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: checkKey(key) }))
        return Body && Buffer.from(await Body.transformToByteArray())
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined
        throw error
      }
    },
    async remove (key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: checkKey(key) }))
    },
    async check () {
      await client.send(new HeadBucketCommand({ Bucket: bucket }))
    }
  }
}
