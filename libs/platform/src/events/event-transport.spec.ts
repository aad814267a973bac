import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { AppError, seededRng, silentLogger } from '@millrace/kernel';
import {
  ACK,
  type ConsumerDefinition,
  type ConsumerRuntime,
  type HandlerResult,
  type ReceivedEvent,
} from '@millrace/messaging/ports';
import { createPropagatingTracer } from '@millrace/messaging';
import { receivedEvent } from '@millrace/messaging/testing';
import { taskQueued } from '@millrace/contracts';
import { EventConsumer } from './event-consumer.js';
import { EventContext } from './event-context.js';
import { EventTransport } from './event-transport.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { RouteInventory } from '../http/route-inventory.js';

const AWAY = new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'The database is away.' });
const heard: { batch: readonly ReceivedEvent[]; signal: AbortSignal }[] = [];

@Controller()
class Listener {
  @EventConsumer({ group: 'demo.open', topics: ['task.lifecycle'], from: 'committed' })
  async open(
    @Payload() batch: readonly ReceivedEvent[],
    @Ctx() { signal }: EventContext,
  ): Promise<readonly HandlerResult[]> {
    heard.push({ batch, signal });
    return batch.map(() => ACK);
  }

  @EventConsumer({ group: 'demo.gated', topics: ['task.requested'], from: 'end', gate: 'leader' })
  async gated(): Promise<readonly HandlerResult[]> {
    throw AWAY;
  }
}

/** Takes down what is started and stopped. */
function createRuntime() {
  const started = new Map<string, ConsumerDefinition>();
  const runtime: ConsumerRuntime = {
    start: async (definition) => {
      started.set(definition.group, definition);
      return {
        ready: Promise.resolve(),
        lag: async () => ({ records: 0, oldestMs: 0 }),
        stop: async () => void started.delete(definition.group),
      };
    },
  };
  return { runtime, started };
}

async function listening() {
  const { runtime, started } = createRuntime();
  const transport = new EventTransport(runtime, silentLogger);
  const module = await Test.createTestingModule({ imports: [DiscoveryModule], controllers: [Listener] }).compile();
  const app = module.createNestMicroservice({ strategy: transport });
  app.useLogger(false);
  // As the platform module has it: Nest's own filter would turn every error into a text.
  app.useGlobalFilters(
    new ProblemFilter(
      silentLogger,
      createPropagatingTracer(seededRng(1)),
      new RouteInventory(module.get(DiscoveryService), new MetadataScanner()),
    ),
  );
  await app.listen();
  return { app, transport, started, groups: () => [...started.keys()] };
}

describe('EventTransport', () => {
  it("hands a method its batch and the runtime's signal, and hands its results back", async () => {
    const { app, started } = await listening();
    const stop = new AbortController();
    const batch = [receivedEvent(taskQueued)];
    expect(await started.get('demo.open')?.handle(batch, { signal: stop.signal })).toEqual([ACK]);
    expect(heard).toEqual([{ batch, signal: stop.signal }]);
    stop.abort();
    expect(heard[0]?.signal.aborted).toBe(true);
    await app.close();
  });

  it('runs a gated consumer only while its gate is open, and none after the end', async () => {
    const { app, transport, groups } = await listening();
    expect(groups()).toEqual(['demo.open']);
    await transport.openGate('leader');
    expect(groups()).toEqual(['demo.open', 'demo.gated']);
    await transport.closeGate('leader');
    expect(groups()).toEqual(['demo.open']);
    await app.close();
    expect(groups()).toEqual([]);
  });

  it('lets what a method throws through to the runtime, which tells a fault of the event from one of ours', async () => {
    const { app, transport, started } = await listening();
    await transport.openGate('leader');
    const handled = started.get('demo.gated')?.handle([], { signal: new AbortController().signal });
    await expect(handled).rejects.toBe(AWAY);
    await app.close();
  });
});
