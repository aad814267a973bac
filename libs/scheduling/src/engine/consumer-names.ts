/** Names in the inbox: one per kind of event that has an effect only once. */
export const INBOX = {
  requests: 'scheduler.requests',
  cancels: 'scheduler.cancels',
  reports: 'scheduler.reports',
  registrations: 'scheduler.registrations',
} as const;
