interface Connectable {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** A client that connects with its first use; a connection that failed is tried again with the next use. */
export class ConnectOnce<Client extends Connectable> {
  private connected: Promise<Client> | undefined;

  constructor(private readonly create: () => Client) {}

  get(): Promise<Client> {
    this.connected ??= this.connect();
    return this.connected;
  }

  /** Takes a new client from the next use on; the old one finishes what it has under way. */
  renew(): void {
    const old = this.connected;
    this.connected = undefined;
    old?.then((client) => client.disconnect()).catch(() => {});
  }

  async disconnect(): Promise<void> {
    const client = await this.connected?.catch(() => undefined);
    this.connected = undefined;
    await client?.disconnect();
  }

  private async connect(): Promise<Client> {
    const client = this.create();
    try {
      await client.connect();
      return client;
    } catch (error) {
      this.connected = undefined;
      await client.disconnect().catch(() => {});
      throw error;
    }
  }
}
