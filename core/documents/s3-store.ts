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
  const open = async () => {
    const sdk = await import('@aws-sdk/client-s3')
    const client = new sdk.S3Client({
      region,
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 3000, requestTimeout: 15_000 }
    })
    return { sdk, client }
  }
  let opened: ReturnType<typeof open> | undefined
  /** Loaded at the first use. */
  const s3 = async () => await (opened ??= open())
  return {
    async put (key, bytes, contentType) {
      const { sdk, client } = await s3()
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: checkKey(key), Body: bytes, ContentType: contentType }))
    },
    async get (key) {
      const { sdk, client } = await s3()
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: checkKey(key) }))
        return Body && Buffer.from(await Body.transformToByteArray())
      } catch (error) {
        if (error instanceof sdk.NoSuchKey) return undefined
        throw error
      }
    },
    async remove (key) {
      const { sdk, client } = await s3()
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: checkKey(key) }))
    },
    async check () {
      const { sdk, client } = await s3()
      await client.send(new sdk.HeadBucketCommand({ Bucket: bucket }))
    }
  }
}
