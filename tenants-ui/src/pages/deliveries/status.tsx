import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { Status } from '../../ui/values.tsx'

/** A payment that succeeded was taken; a delivery that succeeded has arrived. */
export function DeliveryStatus ({ status }: { status: string }) {
  const statuses = useTexts(statusWords)
  return <Status value={status} {...(status === 'succeeded' && { label: statuses.delivered })} />
}
