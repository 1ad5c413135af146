import type { Fault } from '../../../core/adapter/simulator.ts'
import { seeded, type Random } from './ids.ts'

/** How every request fares from now on, for benchmarks and long runs. Times are log-normal, which is how providers are slow. */
export interface WeatherSettings {
  /** Half of the answers take less. Milliseconds. */
  p50?: number
  /** 99 of 100 answers take less. Milliseconds. */
  p99?: number
  /** The share of requests that meet a fault, 0 to 1. */
  faultRate?: number
  /** Which faults; each as likely. */
  faults?: Fault['kind'][]
  seed?: number
}

export interface Weather {
  settings: WeatherSettings
  random: Random
}

/** "Done" and "not done" look alike to who asks. */
const usualFaults: Fault['kind'][] = ['cut_before', 'cut_after', 'cut_mid_body', 'error_500', 'error_500_before', 'garbage', 'rate_limit']
/** The 99th percentile of the standard normal distribution. */
const z99 = 2.3263478740408408

export function fairWeather (): Weather {
  return { settings: {}, random: Math.random }
}

export function setWeather (weather: Weather, settings: WeatherSettings): void {
  weather.settings = settings
  weather.random = settings.seed === undefined ? Math.random : seeded(settings.seed).random
}

/** A fault that was ordered comes before one by chance. */
export function weatherFor (weather: Weather, ordered: Fault | undefined): { fault: Fault | undefined, delayMs: number } {
  const { faultRate = 0, faults = usualFaults } = weather.settings
  const fault = ordered ?? (faultRate > 0 && weather.random() < faultRate ? { kind: faults[Math.floor(weather.random() * faults.length)]! } : undefined)
  return { fault, delayMs: delay(weather) }
}

export function delay ({ settings: { p50, p99 = p50 }, random }: Weather): number {
  if (p50 === undefined || p99 === undefined) return 0
  const sigma = Math.log(p99 / p50) / z99
  // Box and Muller.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return p50 * Math.exp(sigma * normal)
}
