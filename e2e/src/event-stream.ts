import type { SystemUnderTest } from './system-under-test.js';

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads a task's server-sent events to the end of the stream. */
export async function readEvents(
  system: Pick<SystemUnderTest, 'url' | 'apiKey'>,
  taskId: string,
  lastEventId?: string,
): Promise<readonly ServerSentEvent[]> {
  const response = await fetch(`${system.url}/api/v1/tasks/${taskId}/events`, {
    headers: {
      authorization: `Bearer ${system.apiKey}`,
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  if (response.status !== 200)
    throw new Error(`the event stream answered ${response.status}: ${await response.text()}`);
  return (await response.text()).split('\n\n').flatMap(parseBlock);
}

function parseBlock(block: string): readonly ServerSentEvent[] {
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
  const [event, data] = [field('event'), field('data')];
  return event === undefined || data === undefined
    ? []
    : [{ id: field('id'), event, data: JSON.parse(data) as Record<string, unknown> }];
}
