// The two classes inside kafkajs 2.2.4 that mend-kafkajs.ts changes. kafkajs is pinned, so that they stay what they are.
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export interface RequestQueueState {
    readonly pending: readonly unknown[];
    readonly throttledUntil: number;
    readonly enforceRequestTimeout: boolean;
    readonly inflight: ReadonlyMap<number, PendingRequest>;
    requestTimeoutIntervalId: NodeJS.Timeout;
    readonly isConnected: () => boolean;
    /** Ends the timers. */
    destroy(): void;
  }
  export interface PendingRequest {
    readonly sentAt: number;
    readonly requestTimeout: number;
    timeoutRequest(): void;
  }
  const RequestQueue: {
    readonly prototype: {
      scheduleCheckPendingRequests(this: RequestQueueState): void;
      scheduleRequestTimeoutCheck(this: RequestQueueState): void;
    };
  };
  export default RequestQueue;
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  export interface ConsumerGroupState {
    readonly assigners: readonly object[];
    heartbeat(options: { readonly interval: number }): Promise<void>;
  }
  const ConsumerGroup: { readonly prototype: { joinAndSync(this: ConsumerGroupState): Promise<void> } };
  export default ConsumerGroup;
}
