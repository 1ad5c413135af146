import type { Processor, Queue, QueueOptions, Worker, WorkerOptions } from 'bullmq'

/** Where the queues are kept: PostgreSQL or Redis. All that differs between the two is behind this. */
export interface QueueStore {
  createQueue: (name: string, options: Omit<QueueOptions, 'connection'>) => Queue
  createWorker: (name: string, processor: Processor, options: Omit<WorkerOptions, 'connection'>) => Worker
  /** Rejects when the store does not answer. */
  check: () => Promise<void>
  /** Ends the connections that the queues and workers shared; these must be closed before. */
  close: () => Promise<void>
}

export interface StoreOptions {
  url: string
  onError: (error: Error, where: string) => void
}
