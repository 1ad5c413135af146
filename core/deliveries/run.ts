import { createDeliverer, type DelivererOptions } from './deliver.ts'
import { createDoorbell } from './doorbell.ts'
import type { Hub } from '../hub.ts'

export interface RunningDeliveries { stop: () => Promise<void> }

/** Between two looks while there is work: what a new event waits at most. */
const lookMs = 15
/** Without work for so long, a worker sleeps and is woken by the database. */
const awakeMs = 2000
/** While it sleeps: for what is due by its time, and for a bell that was not heard. */
const asleepMs = 1000

/** Delivers until it is stopped. Every worker process runs one, and none leads. `url`: of the application's role, to be woken; without it new events wait a second at most. */
export function startDeliveries ({ hub, url, ...options }: { hub: Pick<Hub, 'db' | 'vault' | 'config' | 'now' | 'log' | 'metrics'>, url?: string | undefined } & DelivererOptions): RunningDeliveries {
  const stopping = new AbortController()
  let wake = (): void => {}
  let woken = false
  const ring = (): void => {
    woken = true
    wake()
  }
  const doorbell = url === undefined ? undefined : createDoorbell({ url, log: hub.log, rung: ring })
  const deliverer = createDeliverer(hub, { ...options, onProgress: ring })

  async function wait (ms: number): Promise<void> {
    if (!woken && !stopping.signal.aborted) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    woken = false
  }

  const looping = (async () => {
    let lastWorkAt = -Infinity
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        const claimed = await deliverer.claim()
        if (failures > 0) hub.log.info({ failures }, 'deliveries go on')
        failures = 0
        if (claimed > 0) {
          lastWorkAt = performance.now()
          doorbell?.awake()
        }
        const awake = performance.now() - lastWorkAt < awakeMs
        if (!awake && doorbell?.isAwake() === true) {
          // What was written before the bell was hung up is found by the next look.
          await doorbell.asleep()
          continue
        }
        await wait(awake ? lookMs : asleepMs)
      } catch (err) {
        if (failures++ === 0) hub.log.error({ err }, 'deliveries could not be looked for; it goes on trying')
        await wait(asleepMs)
      }
    }
  })()

  return {
    stop: async () => {
      stopping.abort()
      wake()
      await looping
      await deliverer.stop()
      await doorbell?.close()
    }
  }
}
