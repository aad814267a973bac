import { Controller, Inject } from '@nestjs/common';
import { ReadCosts } from '@millrace/billing';
import { getCosts, type CostAnswer, type Principal, type RouteInput } from '@millrace/contracts';
import { Caller, Input, Route } from '@millrace/platform';
import { costToHttp } from './costs.convert.js';

@Controller()
export class CostsController {
  constructor(@Inject(ReadCosts) private readonly readCosts: ReadCosts) {}

  @Route(getCosts)
  async costs(@Input() { query }: RouteInput<typeof getCosts>, @Caller() caller: Principal): Promise<CostAnswer> {
    return costToHttp(await this.readCosts.ofTask(caller.tenantId, query.task));
  }
}
