import { Controller, Inject } from '@nestjs/common';
import { listWorkers, type WorkerAnswer } from '@millrace/contracts';
import { Route } from '@millrace/platform';
import { ReadWorkers } from './read-workers.js';
import { workerToHttp } from './workers.convert.js';

@Controller()
export class WorkersController {
  constructor(@Inject(ReadWorkers) private readonly workers: ReadWorkers) {}

  @Route(listWorkers)
  async list(): Promise<{ data: WorkerAnswer[] }> {
    const workers = await this.workers.recent();
    return { data: workers.map(workerToHttp) };
  }
}
