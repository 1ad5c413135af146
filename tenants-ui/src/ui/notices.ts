import { notifications } from '@mantine/notifications'

/** A short word that something is done. What went wrong stands where it was tried (ProblemAlert), never only here. */
export function tell (message: string): void {
  notifications.show({ message, color: 'teal', autoClose: 4000, withCloseButton: false })
}
