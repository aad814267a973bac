import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { dollars, gpuSeconds, idText, isoAnswer, uuidAnswer } from './fields.js';

export const costAnswer = z
  .object({
    task_id: uuidAnswer,
    state: z
      .enum(['pending', 'charged'])
      .describe('pending: usage is still being settled, amounts may grow. charged: final'),
    currency: z.literal('USD'),
    cost: dollars,
    gpu_seconds: gpuSeconds,
    billed_gpu_seconds: gpuSeconds,
    unit_price: dollars.nullable().describe('Per GPU-hour; null while nothing is rated'),
    charged_at: isoAnswer.nullable().describe('null while pending, and for a task that never ran: it is not charged'),
    by_attempt: z.array(
      z.object({
        attempt: z.number().int().positive(),
        epoch: z.number().int().nonnegative(),
        outcome: z.string().nullable(),
        gpu_seconds: gpuSeconds,
        cost: dollars,
        account: z.string().describe('Ledger account that bears it: the tenant, or a loss account'),
      }),
    ),
  })
  .meta({ id: 'TaskCost' });
export type CostAnswer = z.infer<typeof costAnswer>;

/** Owned by billing; the gateway forwards it. */
export const getCosts = defineRoute({
  operationId: 'getCosts',
  method: 'GET',
  path: '/api/v1/costs',
  tag: 'Billing',
  summary: 'What a task cost, from the ledger',
  service: 'billing',
  access: 'costs:read',
  request: { query: z.strictObject({ task: idText }) },
  responses: { 200: { description: 'The cost', schema: costAnswer } },
});
