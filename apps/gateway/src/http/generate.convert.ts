import type { GenerateAnswer, GenerateRequest } from '@millrace/contracts';
import type { AcceptedTask, RequestedTask } from '@millrace/intake';
import { traceIdOf } from '@millrace/messaging/ports';
import { linksOf } from './links.js';

/** What a client sent, in the domain's terms. */
export function fromGenerateRequest(body: GenerateRequest): RequestedTask {
  const {
    seed,
    steps,
    duration_s: durationS,
    step_delay_ms: stepDelayMs,
    negative_prompt: negativePrompt,
  } = body.parameters ?? {};
  return {
    taskType: body.task_type,
    priority: body.priority,
    input: present({ prompt: body.prompt, negativePrompt, imageUrl: body.image_url }),
    resolution: body.resolution ?? null,
    parameters: present({ seed, steps, durationS, stepDelayMs }),
    callbackUrl: body.callback_url ?? null,
    metadata: body.metadata ?? {},
  };
}

export function toGenerateAnswer(task: AcceptedTask): GenerateAnswer {
  const links = linksOf(task.taskId);
  const traceId = traceIdOf(task.traceparent ?? undefined);
  return {
    task_id: task.taskId,
    status: 'queued',
    message: 'Task created successfully',
    status_url: links.status,
    estimated_time: task.estimatedS,
    links,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  };
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** The fields that have a value. */
function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}
