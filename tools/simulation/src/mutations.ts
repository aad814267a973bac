/** Ways to break the product on purpose, each through a seam of the simulation's wiring. */
export const MUTATIONS = {
  'commit before effect': 'a consumer says that it is done before it has begun',
  'no fencing by epoch': 'a report of whatever epoch counts as the live one’s',
  'no inbox': 'every redelivery is new',
  'no outbox relay': 'what a crash left behind stays there',
  'publish outside the transaction': 'events leave before their transaction has committed',
  'cancel ignored': 'the scheduler takes cancellations and does nothing',
  'double settle': 'every task that is settled again is charged again',
  'segments counted twice': 'a known segment id is posted again',
  'delivery recorded before it is sent': 'a crash in between loses the webhook',
  'idempotency forgotten': 'a repeated key is a new task',
  'secret of another tenant': 'webhooks are signed with one secret for all',
  'trace lost': 'the scheduler’s events carry a trace of their own',
} as const;
export type Mutation = keyof typeof MUTATIONS;
