import { BaseRpcContext } from '@nestjs/microservices';

/** What a consumer's method gets as `@Ctx()`, beside its batch. */
export class EventContext extends BaseRpcContext<[AbortSignal]> {
  /** Aborts when the batch's deadline is over or the consumer stops: what is done after that counts for nothing. */
  get signal(): AbortSignal {
    return this.args[0];
  }
}
