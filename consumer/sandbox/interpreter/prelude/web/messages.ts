import { defineLazily } from "../bridge.ts";

/** MessageChannel inside one program: each message is cloned and arrives in a separate task. */
export function installMessages(): void {
  let classes: Record<string, unknown> | undefined;
  const getClasses = (): Record<string, unknown> => (classes ??= makeClasses());
  defineLazily(globalThis, {
    MessageChannel: () => getClasses().MessageChannel,
    MessagePort: () => getClasses().MessagePort,
    MessageEvent: () => getClasses().MessageEvent,
  });
}

function makeClasses(): Record<string, unknown> {
  class MessageEvent extends Event {
    readonly data: unknown;
    readonly origin = "";
    readonly lastEventId = "";
    readonly source = null;
    readonly ports: unknown[] = [];
    constructor(type: string, init: { data?: unknown } & EventInit = {}) {
      super(type, init);
      this.data = init.data ?? null;
    }
  }
  class MessagePort extends EventTarget {
    #peer: MessagePort | null = null;
    #waiting: unknown[] | null = [];
    #handler: ((event: Event) => void) | null = null;
    static join(a: MessagePort, b: MessagePort): void {
      a.#peer = b;
      b.#peer = a;
    }
    get onmessage(): ((event: Event) => void) | null {
      return this.#handler;
    }
    set onmessage(handler) {
      if (this.#handler) this.removeEventListener("message", this.#handler);
      this.#handler = handler;
      if (handler) this.addEventListener("message", handler);
      this.start();
    }
    on(name: string, listener: (data: unknown) => void): this {
      this.addEventListener(name, (event) => listener((event as MessageEvent).data));
      this.start();
      return this;
    }
    postMessage(value: unknown, transfer?: unknown): void {
      const options = Array.isArray(transfer) ? { transfer } : (transfer as object | undefined);
      const data = structuredClone(value, options as StructuredSerializeOptions);
      if (this.#peer !== null) this.#peer.#receive(data);
    }
    start(): void {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const data of waiting) this.#receive(data);
    }
    close(): void {
      this.#peer = null;
    }
    ref(): void {}
    unref(): void {}
    #receive(data: unknown): void {
      if (this.#waiting) this.#waiting.push(data);
      else setImmediate(() => this.dispatchEvent(new MessageEvent("message", { data })));
    }
  }
  class MessageChannel {
    readonly port1 = new MessagePort();
    readonly port2 = new MessagePort();
    constructor() {
      MessagePort.join(this.port1, this.port2);
    }
  }
  return { MessageEvent, MessagePort, MessageChannel };
}
